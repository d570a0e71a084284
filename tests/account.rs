//! What became of every field: the account of a conversion, its totals, `--fail-on loss`, and `explain`.

#![expect(clippy::print_stdout, reason = "the totals are for people")]

mod support;

use std::collections::BTreeMap;

use backstage2port::backstage::discover::Patterns;
use backstage2port::map::Profile;
use backstage2port::map::account::{Reason, Totals};
use backstage2port::{Inputs, Options};
use serde_json::Value;
use support::account::unaccounted;
use support::corpus::{EVERY, corpus, shared};
use support::{Folder, Result, inputs, run};

const BLUEPRINTS: &str = r"
- identifier: component
  title: Component
  schema:
    properties:
      type: {type: string}
      kindOfTags: {type: array, items: {type: string}}
      page: {type: string, format: email}
      labels: {type: object}
      code: {type: string}
    required: []
  relations:
    system: {target: system, required: false, many: false}
    uses: {target: component, required: false, many: true}
- identifier: system
  title: System
  schema: {properties: {parts: {type: string}}, required: []}
  relations: {}
- identifier: group
  title: Group
  schema: {properties: {}, required: []}
  relations: {}
- identifier: user
  title: User
  schema: {properties: {}, required: []}
  relations:
    groups: {target: group, required: false, many: true}
";

const MAPPING: &str = r#"
resources:
  - kind: Component
    selector: {query: .metadata.name != "hidden"}
    port:
      entity:
        mappings:
          identifier: .metadata.name
          title: .metadata.title // .metadata.name
          blueprint: '"component"'
          properties:
            type: .spec.type
            kindOfTags: .metadata.tags | map(ascii_upcase)
            page: .metadata.links[0].url
            labels: .metadata.labels
            code: if .spec.secret then "x" else null end
          relations:
            system: '[.relations[] | select(.type == "partOf") | .target.name][0]'
            uses: '[.relations[] | select(.type == "dependsOn" and .target.kind == "component") | .target.name]'
  - kind: System
    selector: {query: "true"}
    port:
      entity:
        mappings:
          identifier: .metadata.name
          blueprint: '"system"'
          properties:
            parts: '[.relations[] | select(.type == "hasPart") | .targetRef] | join(" ")'
  - kind: Group
    selector: {query: "true"}
    port:
      entity:
        mappings: {identifier: .metadata.name, blueprint: '"group"'}
  - kind: User
    selector: {query: "true"}
    port:
      entity:
        mappings:
          identifier: .metadata.name
          blueprint: '"user"'
          relations:
            groups: '[.relations[] | select(.type == "memberOf") | .target.name]'
"#;

const DESCRIPTORS: &str = r#"apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  title: shop
  namespace: default
  description: Sells
  labels: {tier: "1"}
  tags: [java, web]
  links:
    - url: https://shop.example.com
      title: Page
  annotations: {}
spec:
  type: service
  lifecycle: production
  owner: team
  system: store
  dependsOn:
    - component:till
    - resource:default/db
    - component:bank
  secret: 1
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: store}
spec: {owner: team}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team}
spec:
  type: team
  children: []
  members: [ada, bob]
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada}
spec: {memberOf: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: hidden}
spec: {type: service, lifecycle: x, owner: team}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: db}
spec: {type: x, owner: team}
"#;

fn repository() -> Result<Folder> {
    Folder::with([
        ("profile/blueprints.yaml", BLUEPRINTS),
        ("profile/mapping.yaml", MAPPING),
        ("repo/catalog-info.yaml", DESCRIPTORS),
    ])
}

const CONVERT: &[&str] = &[
    "convert",
    "repo",
    "--profile",
    "./profile",
    "--no-infer",
    "--dry-run",
];

/// The fate of every field by entity and field, with the parts that hold it or the reason.
fn account(report: &Value) -> Result<BTreeMap<String, String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut account = BTreeMap::new();
    for entity in report["entities"].as_array().ok_or("no entities")? {
        for field in entity["fields"].as_array().ok_or("no fields")? {
            let parts = field["in"].as_array().into_iter().flatten();
            let parts = parts.map(|one| {
                let (identifier, part) = (text(&one["identifier"]), text(&one["part"]));
                format!("{identifier} {part}")
            });
            let parts: Vec<String> = parts
                .chain(field["reason"].as_str().map(str::to_owned))
                .collect();
            let key = format!("{} {}", text(&entity["ref"]), text(&field["field"]));
            account.insert(
                key,
                format!("{}: {}", text(&field["fate"]), parts.join(", ")),
            );
        }
    }
    Ok(account)
}

#[test]
fn every_field_is_accounted_for() -> Result<()> {
    let folder = repository()?;
    let report = run(&folder.path, &[CONVERT, &["--format", "json"]].concat())?;
    let report: Value = serde_json::from_str(&report.stdout)?;
    let account = account(&report)?;
    let not_read = "dropped: no expression of the mapping reads it";
    let left_out = "dropped: `properties.page` was left out, see the other findings";
    let expected: BTreeMap<String, String> = [
        (
            "component:default/shop apiVersion",
            "mapped: shop blueprint",
        ),
        ("component:default/shop kind", "mapped: shop blueprint"),
        (
            "component:default/shop metadata.name",
            "mapped: shop identifier",
        ),
        // Port shows the very same text as title, whichever of the two it is made of.
        (
            "component:default/shop metadata.title",
            "mapped: shop title",
        ),
        ("component:default/shop metadata.description", not_read),
        (
            "component:default/shop metadata.labels",
            "raw: shop properties.labels",
        ),
        (
            "component:default/shop metadata.tags",
            "mapped: shop properties.kindOfTags",
        ),
        ("component:default/shop metadata.links[].url", left_out),
        ("component:default/shop metadata.links[].title", not_read),
        (
            "component:default/shop spec.type",
            "mapped: shop properties.type",
        ),
        ("component:default/shop spec.lifecycle", not_read),
        ("component:default/shop spec.owner", not_read),
        (
            "component:default/shop spec.system",
            "mapped: shop relations.system",
        ),
        (
            "component:default/shop spec.dependsOn[0]",
            "mapped: shop relations.uses",
        ),
        (
            "component:default/shop spec.dependsOn[1]",
            "mapped: shop relations.uses",
        ),
        ("component:default/shop spec.dependsOn[2]", not_read),
        (
            "component:default/shop spec.secret",
            "mapped: shop properties.code",
        ),
        ("group:default/team apiVersion", "mapped: team blueprint"),
        ("group:default/team kind", "mapped: team blueprint"),
        (
            "group:default/team metadata.name",
            "mapped: team identifier",
        ),
        ("group:default/team spec.type", not_read),
        // The other side of the relation holds it; who is not in the catalog has no side.
        (
            "group:default/team spec.members[0]",
            "mapped: ada relations.groups",
        ),
        ("group:default/team spec.members[1]", not_read),
        ("system:default/store apiVersion", "mapped: store blueprint"),
        ("system:default/store kind", "mapped: store blueprint"),
        (
            "system:default/store metadata.name",
            "mapped: store identifier",
        ),
        ("system:default/store spec.owner", not_read),
        ("user:default/ada apiVersion", "mapped: ada blueprint"),
        ("user:default/ada kind", "mapped: ada blueprint"),
        ("user:default/ada metadata.name", "mapped: ada identifier"),
    ]
    .into_iter()
    .map(|(field, fate)| (field.to_owned(), fate.to_owned()))
    .collect();
    assert_eq!(account, expected);
    let count = |fate: &str| {
        account
            .values()
            .filter(|found| found.starts_with(fate))
            .count()
    };
    let fields = &report["summary"]["fields"];
    assert_eq!(fields["mapped"], count("mapped"));
    assert_eq!(fields["raw"], count("raw"));
    assert_eq!(fields["dropped"], count("dropped"));
    Ok(())
}

/// On public repositories the default profile loses nothing that is not reported on its own.
#[test]
fn nothing_of_the_corpus_is_unaccounted_for() -> Result<()> {
    let Some(shared) = shared()? else {
        return Ok(());
    };
    let options = Options {
        detailed_account: true,
        ..Options::with(Profile::load("standard")?)
    };
    let include: Vec<String> = EVERY.include.iter().map(ToString::to_string).collect();
    let (mut totals, mut unread) = ([0; 3], Vec::new());
    for (name, folder) in corpus(&shared)? {
        let inputs = Inputs {
            patterns: Patterns::new(&include, &[])?,
            ..inputs(&folder)?
        };
        let conversion = backstage2port::convert(inputs, &options)?;
        assert_eq!(unaccounted(&conversion), Vec::<String>::new(), "{name}");
        let Totals {
            mapped,
            raw,
            dropped,
        } = conversion.account.totals;
        for (sum, number) in totals.iter_mut().zip([mapped, raw, dropped]) {
            *sum += number;
        }
        for lost in conversion.account.lost {
            if !matches!(lost.reason, Reason::LeftOut(_) | Reason::NotWritten) {
                unread.push(format!(
                    "{name}: {} {}: {}",
                    lost.kind, lost.field, lost.reason
                ));
            }
        }
    }
    let [mapped, raw, dropped] = totals;
    println!(
        "fields of the corpus: {mapped} mapped, {raw} kept raw, {dropped} dropped with a finding"
    );
    assert!(mapped > 10_000, "{mapped}");
    assert_eq!(unread, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_entity_that_is_left_out_is_a_loss() -> Result<()> {
    let folder = repository()?;
    // Two names that this profile takes for one.
    folder.write(
        "repo/other/catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: store, namespace: other}\n\
         spec: {owner: team}\n",
    )?;
    let report = run(&folder.path, &[CONVERT, &["--format", "json"]].concat())?;
    let account = account(&serde_json::from_str(&report.stdout)?)?;
    assert_eq!(
        account
            .get("system:other/store metadata.name")
            .map(String::as_str),
        Some("dropped: its entity was left out, see the other findings")
    );
    Ok(())
}

#[test]
fn losses_are_counted_reported_and_fail_the_run_where_asked() -> Result<()> {
    let folder = repository()?;
    let loose = run(&folder.path, &[CONVERT, &["--verbose"]].concat())?;
    assert_eq!(loose.code, 0, "{}", loose.stderr);
    assert!(
        loose
            .stdout
            .contains("Fields: 20 mapped, 1 kept raw, 9 not in Port"),
        "{}",
        loose.stdout
    );
    assert!(
        loose
            .stderr
            .contains("`spec.owner` of a System does not reach Port"),
        "{}",
        loose.stderr
    );
    let strict = run(&folder.path, &[CONVERT, &["--fail-on", "loss"]].concat())?;
    assert_eq!(strict.code, 1, "{}", strict.stderr);
    folder.write(
        "repo/catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n\
         spec: {type: service, lifecycle: '', owner: ''}\n",
    )?;
    let invalid = run(&folder.path, &[CONVERT, &["--fail-on", "loss"]].concat())?;
    assert_eq!(invalid.code, 1, "an error is still one: {}", invalid.stderr);
    folder.write(
        "repo/catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: a}\nspec: {memberOf: [b]}\n",
    )?;
    let kept = run(&folder.path, &[CONVERT, &["--fail-on", "loss"]].concat())?;
    assert_eq!(kept.code, 0, "{}", kept.stderr);
    Ok(())
}

#[test]
fn explain_names_expression_and_line_of_every_part() -> Result<()> {
    let folder = repository()?;
    let explain = ["explain", "shop", "repo", "--profile", "./profile"];
    let shown = run(&folder.path, &explain)?;
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let (parts, _) = shown.stdout.split_once("\nwarning").ok_or("no finding")?;
    assert_eq!(
        parts,
        "Component:default/shop  repo/catalog-info.yaml:1

-> component shop
  identifier: shop
      by .metadata.name
      from metadata.name, repo/catalog-info.yaml:4
  title: shop
      by .metadata.title // .metadata.name
      from metadata.title, repo/catalog-info.yaml:5
  properties.code: x
      by if .spec.secret then \"x\" else null end
      from spec.secret, repo/catalog-info.yaml:23
  properties.kindOfTags: [\"JAVA\",\"WEB\"]
      by .metadata.tags | map(ascii_upcase)
      from metadata.tags, repo/catalog-info.yaml:9
  properties.labels: {\"tier\":\"1\"}
      by .metadata.labels
      from metadata.labels, repo/catalog-info.yaml:8
  properties.type: service
      by .spec.type
      from spec.type, repo/catalog-info.yaml:15
  relations.system: store
      by [.relations[] | select(.type == \"partOf\") | .target.name][0]
      from spec.system, repo/catalog-info.yaml:18
  relations.uses: [\"bank\",\"till\"]
      by [.relations[] | select(.type == \"dependsOn\" and .target.kind == \"component\") | .target.name]
      from spec.dependsOn[], repo/catalog-info.yaml:22
      from spec.dependsOn[], repo/catalog-info.yaml:20

Not in Port:
  metadata.description  repo/catalog-info.yaml:7: no expression of the mapping reads it
  metadata.links[].url  repo/catalog-info.yaml:11: `properties.page` was left out, see the other findings
  metadata.links[].title  repo/catalog-info.yaml:12: no expression of the mapping reads it
  spec.lifecycle  repo/catalog-info.yaml:16: no expression of the mapping reads it
  spec.owner  repo/catalog-info.yaml:17: no expression of the mapping reads it
  spec.dependsOn[2]  repo/catalog-info.yaml:21: no expression of the mapping reads it
"
    );
    assert!(shown.stdout.contains("properties.page") || shown.stdout.contains("property `page`"));
    let system = run(
        &folder.path,
        &["explain", "system:store", "repo", "--profile", "./profile"],
    )?;
    assert!(
        system
            .stdout
            .contains("from spec.system of Component:default/shop, repo/catalog-info.yaml:18"),
        "{}",
        system.stdout
    );
    Ok(())
}

#[test]
fn explain_says_which_name_may_be_meant() -> Result<()> {
    let folder = repository()?;
    for (name, message) in [
        ("shopp", "did you mean `component:default/shop`?"),
        ("group:shop", "no entity has this name"),
        ("nothing-like-it", "`catalog` lists them all"),
    ] {
        let run = run(&folder.path, &["explain", name, "repo"])?;
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(message), "{name}: {}", run.stderr);
    }
    folder.write(
        "repo/b/catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: shop}\nspec: {type: team, children: []}\n",
    )?;
    let many = run(&folder.path, &["explain", "SHOP", "repo"])?;
    assert!(
        many.stderr
            .contains("`group:default/shop`, `component:default/shop`"),
        "{}",
        many.stderr
    );
    Ok(())
}
