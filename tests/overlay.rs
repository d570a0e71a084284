//! Overlays from end to end: what they change in manifests, what is said of them, and how hand edits become entries.

mod support;

use std::sync::LazyLock;

use backstage2port::diagnostic::{Code, Severity};
use backstage2port::map::Profile;
use backstage2port::map::overlay::PATHS;
use backstage2port::port::{Bodies, Key};
use backstage2port::render::{Format, Rendering, Target};
use backstage2port::source::Root;
use backstage2port::{Conversion, Inputs, Options, convert};
use camino::Utf8Path;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::account::unaccounted;
use support::{Folder, Result, run};

const DESCRIPTORS: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart, title: cart-svc, description: a cart}
spec: {type: service, lifecycle: experimental, owner: checkout, system: shop, dependsOn: [component:till]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till}
spec: {type: service, lifecycle: production, owner: checkout}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: billing, namespace: payments}
spec: {type: service, lifecycle: production, owner: group:default/checkout}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: checkout}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: checkout}
spec: {type: team, children: []}
";

fn options(profile: &str) -> Result<Options> {
    Ok(Options {
        rendering: Rendering::new(&[Target::Bundle], Format::Json, &[])?,
        detailed_account: true,
        ..Options::with(Profile::load(profile)?)
    })
}

fn converted(roots: &[&Utf8Path], options: &Options) -> Result<Conversion> {
    let roots = roots.iter().map(|path| Root {
        path: (*path).to_owned(),
        repository: None,
    });
    let inputs = Inputs {
        roots: roots.collect(),
        ..support::inputs(Utf8Path::new(""))?
    };
    Ok(convert(inputs, options)?)
}

/// What the manifests say, read back.
fn bodies(conversion: &Conversion) -> Result<Bodies> {
    let mut bodies = Bodies::default();
    for manifest in &conversion.manifests {
        if !manifest.path.as_str().ends_with("port-import.json") {
            continue;
        }
        let bundle: Value = serde_json::from_str(&manifest.contents(&conversion.port))?;
        for entity in bundle["entities"].as_array().ok_or("no entities")? {
            let text = |key: &str| entity[key].as_str().unwrap_or_default().to_owned();
            let key = Key {
                blueprint: text("blueprint"),
                identifier: text("identifier"),
            };
            bodies.entities.insert(key, entity.clone());
        }
        for blueprint in bundle["blueprints"].as_array().ok_or("no blueprints")? {
            let id = blueprint["identifier"].as_str().ok_or("no identifier")?;
            bodies.blueprints.insert(id.to_owned(), blueprint.clone());
        }
    }
    Ok(bodies)
}

fn entity<'b>(bodies: &'b Bodies, blueprint: &str, identifier: &str) -> Result<&'b Value> {
    let key = Key {
        blueprint: blueprint.to_owned(),
        identifier: identifier.to_owned(),
    };
    Ok(bodies.entities.get(&key).ok_or(format!("no {key:?}"))?)
}

/// The findings about overlays: code, message, help.
fn findings(conversion: &Conversion) -> Vec<(Code, String, String)> {
    let found = conversion.reading.diagnostics.iter();
    let errors = found.filter(|found| found.severity == Severity::Error);
    errors
        .map(|found| {
            let help = found.help.as_deref().unwrap_or_default();
            (found.code, found.message.to_string(), help.to_owned())
        })
        .collect()
}

/// A conversion of the descriptors under an overlay.
fn under(overlay: &str, options: &Options) -> Result<Conversion> {
    converted(&[&folder_with(overlay)?.path], options)
}

fn folder_with(overlay: &str) -> Result<Folder> {
    Folder::with([("catalog-info.yaml", DESCRIPTORS), (PATHS[0], overlay)])
}

#[test]
fn later_entries_win_and_what_is_set_is_no_longer_null() -> Result<()> {
    let conversion = under(
        "- entity: component:*/*\n  set:\n    icon: Service\n    properties: {lifecycle: retired, description: null}\n    \
           relations: {system: null}\n\
         - entity: Component:Payments/Billing\n  set:\n    properties: {description: Bills}\n    relations: {system: shop}\n  \
           remove: [icon]\n\
         - entity: component:till\n  set: {properties: {type: null}}\n\
         - entity: component:till\n  remove: [properties.type, properties.description]\n",
        &options("standard")?,
    )?;
    assert_eq!(findings(&conversion), []);
    let bodies = bodies(&conversion)?;
    let cart = entity(&bodies, "component", "cart")?;
    assert_eq!(cart["icon"], "Service");
    assert_eq!(cart["properties"]["lifecycle"], "retired");
    assert_eq!(cart["properties"].get("description"), Some(&Value::Null));
    assert_eq!(cart["relations"].get("system"), Some(&Value::Null));
    let billing = entity(&bodies, "component", "payments/billing")?;
    assert_eq!(billing.get("icon"), None);
    assert_eq!(billing["properties"]["lifecycle"], "retired");
    assert_eq!(billing["properties"]["description"], "Bills");
    assert_eq!(billing["relations"]["system"], "shop");
    let till = entity(&bodies, "component", "till")?;
    assert_eq!(till["properties"].get("type"), None);
    assert_eq!(till["properties"].get("description"), None);
    Ok(())
}

#[test]
fn what_is_only_null_stays_in_the_blueprint() -> Result<()> {
    let conversion = under(
        "- entity: component:cart\n  set: {properties: {jiraProject: null}, relations: {subcomponentOf: null}}\n",
        &options("standard")?,
    )?;
    assert_eq!(findings(&conversion), []);
    let blueprint = &bodies(&conversion)?.blueprints["component"];
    assert!(blueprint["schema"]["properties"]["jiraProject"].is_object());
    assert!(blueprint["relations"]["subcomponentOf"].is_object());
    Ok(())
}

#[test]
fn entries_about_nothing_are_errors_with_a_suggestion() -> Result<()> {
    use Code::{UnknownOverlayProperty, UnknownOverlayTarget};
    let options = options("standard")?;
    for (entry, code, message, help) in [
        (
            "- entity: component:crat\n  set: {icon: Service}\n",
            UnknownOverlayTarget,
            "no entity is `component:default/crat`",
            "did you mean `component:default/cart`?",
        ),
        (
            "- entity: component:billing\n  set: {icon: Service}\n",
            UnknownOverlayTarget,
            "no entity is `component:default/billing`",
            "did you mean `component:payments/billing`?",
        ),
        (
            "- entity: api:till\n  set: {icon: Service}\n",
            UnknownOverlayTarget,
            "no entity is `api:default/till`",
            "did you mean `component:default/till`?",
        ),
        (
            "- entity: '*:x*/*'\n  set: {icon: Service}\n",
            UnknownOverlayTarget,
            "no entity is matched by `*:x*/*`",
            "`backstage2port catalog` lists all entities; take out the entry of one that is gone",
        ),
        (
            "- entity: component:cart\n  blueprint: service\n  set: {icon: Service}\n",
            UnknownOverlayTarget,
            "nothing of blueprint `service` is made of the entities of this entry",
            "they become `component`",
        ),
        (
            "- entity: component:*/*\n  set: {relations: {system: shpo}}\n",
            UnknownOverlayTarget,
            "relation `system` leads to blueprint `system`, and no entity of it is called `shpo`",
            "did you mean `shop`?",
        ),
        (
            "- entity: component:cart\n  set: {relations: {dependsOnComponents: [till, tlil]}}\n",
            UnknownOverlayTarget,
            "relation `dependsOnComponents` leads to blueprint `component`, and no entity of it is called `tlil`",
            "did you mean `till`?",
        ),
        (
            "- entity: component:*/*\n  set: {properties: {lifecylce: x}}\n",
            UnknownOverlayProperty,
            "blueprint `component` has no property `lifecylce` to change",
            "did you mean `lifecycle`?",
        ),
        (
            "- entity: component:cart\n  remove: [relations.sytsem]\n",
            UnknownOverlayProperty,
            "blueprint `component` has no relation `sytsem` to change",
            "did you mean `system`?",
        ),
        (
            "- entity: component:cart\n  remove: [properties.system]\n",
            UnknownOverlayProperty,
            "blueprint `component` has no property `system` to change",
            "it is a relation: `relations.system`",
        ),
        (
            "- entity: component:cart\n  set: {relations: {lifecycle: x}}\n",
            UnknownOverlayProperty,
            "blueprint `component` has no relation `lifecycle` to change",
            "it is a property: `properties.lifecycle`",
        ),
    ] {
        let conversion = under(entry, &options)?;
        let expected = (code, message.to_owned(), help.to_owned());
        assert_eq!(findings(&conversion), [expected], "{entry}");
        let plain = under("", &options)?;
        assert_eq!(bodies(&conversion)?, bodies(&plain)?, "{entry}");
    }
    Ok(())
}

#[test]
fn targets_outside_the_run_are_taken_as_they_are() -> Result<()> {
    let entry = "- entity: component:cart\n  set: {relations: {system: elsewhere}}\n";
    let mut given = options("standard")?;
    let folder = Folder::with([("blueprints.json", &*json!([
        {"identifier": "component", "title": "C", "schema": {"properties": {}}, "relations": {"system": {"target": "system"}}},
        {"identifier": "system", "title": "S", "schema": {"properties": {}}},
        {"identifier": "group", "title": "G", "schema": {"properties": {}}},
    ]).to_string())])?;
    given.profile.take_blueprints(&folder.path)?;
    let conversion = under(entry, &given)?;
    assert_eq!(findings(&conversion), []);
    let cart = conversion
        .port
        .entities
        .iter()
        .find(|one| one.identifier() == "cart");
    let relations = serde_json::to_value(&cart.ok_or("no cart")?.unpacked().relations)?;
    assert_eq!(relations["system"], "elsewhere");
    // Port's own blueprints have entities that no descriptor makes.
    let entry =
        "- entity: component:cart\n  set: {team: ops, relations: {owningUser: jo@example.com}}\n";
    assert_eq!(findings(&under(entry, &options("teams")?)?), []);
    Ok(())
}

#[test]
fn an_overlay_is_about_its_own_root() -> Result<()> {
    let shop = DESCRIPTORS.to_owned();
    let other = "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: bank}\nspec: {owner: checkout}\n";
    let folder = Folder::with([
        ("a/catalog-info.yaml", shop.as_str()),
        ("b/catalog-info.yaml", other),
        (
            "a/.port/overlay.yml",
            "- entity: system:*\n  set: {icon: Service}\n- entity: system:bank\n  set: {title: B}\n",
        ),
    ])?;
    let (a, b) = (folder.path.join("a"), folder.path.join("b"));
    let conversion = converted(&[&a, &b], &options("standard")?)?;
    let bodies = bodies(&conversion)?;
    assert_eq!(entity(&bodies, "system", "shop")?["icon"], "Service");
    assert_eq!(entity(&bodies, "system", "bank")?.get("icon"), None);
    let help = format!("it stands in the root {b}, which has an overlay of its own");
    let message = "no entity is `system:default/bank`".to_owned();
    assert_eq!(
        findings(&conversion),
        [(Code::UnknownOverlayTarget, message, help)]
    );
    Ok(())
}

#[test]
fn of_two_overlays_one_counts_and_a_folder_is_none() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", DESCRIPTORS),
        (PATHS[0], "- entity: system:shop\n  set: {icon: Service}\n"),
        (PATHS[1], "- entity: system:shop\n  set: {icon: Alert}\n"),
    ])?;
    let conversion = converted(&[&folder.path], &options("standard")?)?;
    assert_eq!(
        entity(&bodies(&conversion)?, "system", "shop")?["icon"],
        "Service"
    );
    let codes: Vec<Code> = findings(&conversion).into_iter().map(|one| one.0).collect();
    assert_eq!(codes, [Code::InvalidOverlay]);
    let folder = Folder::with([
        ("catalog-info.yaml", DESCRIPTORS),
        (".port/overlay.yaml/x", ""),
    ])?;
    assert_eq!(
        findings(&converted(&[&folder.path], &options("standard")?)?),
        []
    );
    Ok(())
}

#[test]
fn the_account_has_every_field_once_and_knows_what_an_overlay_replaced() -> Result<()> {
    let options = options("standard")?;
    let plain = under("", &options)?.account.totals;
    let conversion = under(
        "- entity: component:*/*\n  set: {title: T, properties: {lifecycle: null, type: tool}}\n  remove: [relations.system]\n",
        &options,
    )?;
    let totals = conversion.account.totals;
    let sum =
        |totals: backstage2port::map::account::Totals| totals.mapped + totals.raw + totals.dropped;
    assert_eq!(sum(totals), sum(plain));
    // Of three components: type and lifecycle, one title and one system; a name is in the identifier as well.
    assert_eq!(totals.dropped, plain.dropped + 8);
    assert_eq!(unaccounted(&conversion), Vec::<String>::new());
    Ok(())
}

#[test]
fn findings_about_values_and_explanations_point_at_the_overlay() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", DESCRIPTORS),
        (
            PATHS[0],
            "- entity: component:cart\n  set:\n    title: Cart\n    icon: Kart\n    properties: {links: 5}\n",
        ),
    ])?;
    let said = run(&folder.path, &["convert", ".", "--verbose"])?.shown();
    for place in ["[.port/overlay.yaml:4:11]", "[.port/overlay.yaml:5:25]"] {
        assert!(said.contains(place), "{place}: {said}");
    }
    let said = run(&folder.path, &["explain", "component:cart"])?.shown();
    assert!(
        said.contains("  title: Cart\n      by .port/overlay.yaml:3\n"),
        "{said}"
    );
    assert!(said.contains("the overlay decides about `title`"), "{said}");
    Ok(())
}

/// What `edit` makes of the bodies of a conversion, adopted: the new text, and what is said.
fn adopted(
    conversion: &Conversion,
    options: &Options,
    edit: impl FnOnce(&mut Bodies),
) -> Result<backstage2port::map::overlay::Adopted> {
    let written = bodies(conversion)?;
    let mut edited = written.clone();
    edit(&mut edited);
    Ok(conversion.adopt(&edited, &written, options)?)
}

fn key(blueprint: &str, identifier: &str) -> Key {
    Key {
        blueprint: blueprint.to_owned(),
        identifier: identifier.to_owned(),
    }
}

#[test]
fn hand_edits_become_entries_at_the_end() -> Result<()> {
    const MINE: &str = "# mine\n- entity: component:default/cart\n  set: {title:   Mine} # so\n";
    let options = options("teams")?;
    let folder = folder_with(MINE)?;
    let conversion = converted(&[&folder.path], &options)?;
    let adopted = adopted(&conversion, &options, |edited| {
        let cart = edited.entities.get_mut(&key("component", "cart"));
        if let Some(cart) = cart.and_then(Value::as_object_mut) {
            cart.insert("title".to_owned(), json!("Theirs"));
            cart.insert("team".to_owned(), json!(["ops", "on"]));
            cart["properties"]["type"] = Value::Null;
            cart["properties"]["description"] = json!("two\nlines\n");
            cart["relations"] = json!({"system": "shop"});
        }
    })?;
    let [file] = adopted.files.as_slice() else {
        return Err("one file".into());
    };
    assert_eq!(
        file.contents,
        format!(
            "{MINE}\
- entity: component:default/cart
  set:
    title: Theirs
    team:
      - ops
      - \"on\"
    properties:
      description: |
        two
        lines
      type: null
  remove:
    - relations.dependsOnComponents
"
        )
    );
    assert_eq!(file.path, PATHS[0]);
    let parts: Vec<String> = adopted.entities[0]
        .parts
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        parts,
        [
            "title",
            "team",
            "properties.description",
            "properties.type",
            "relations.dependsOnComponents"
        ]
    );
    assert_eq!(adopted.entities[0].entity_ref, "component:default/cart");
    assert!(adopted.refused.is_empty(), "{:?}", adopted.refused);
    Ok(())
}

#[test]
fn what_no_entry_can_express_is_handed_back() -> Result<()> {
    let options = options("standard")?;
    let conversion = under("", &options)?;
    let adopted = adopted(&conversion, &options, |edited| {
        let till = edited.entities.remove(&key("component", "till"));
        edited
            .entities
            .insert(key("component", "new"), till.unwrap_or_default());
        if let Some(cart) = edited.entities.get_mut(&key("component", "cart")) {
            cart["title"] = json!(5);
            cart["scorecards"] = json!([]);
            cart["properties"]["lifecylce"] = json!("x");
            cart["relations"]["system"] = json!("shpo");
        }
    })?;
    assert_eq!(adopted.added, [key("component", "new")]);
    assert_eq!(adopted.removed, [key("component", "till")]);
    assert_eq!((adopted.files.len(), adopted.entities.len()), (0, 0));
    let refused: Vec<(&str, &str)> = adopted
        .refused
        .iter()
        .map(|one| {
            (
                one.field.as_deref().unwrap_or_default(),
                one.reason.as_str(),
            )
        })
        .collect();
    assert_eq!(
        refused,
        [
            (
                "title",
                "a text belongs here, this is a number: put it in quotes"
            ),
            (
                "properties.lifecylce",
                "blueprint `component` has no property `lifecylce` to change; did you mean `lifecycle`?"
            ),
            (
                "relations.system",
                "relation `system` leads to blueprint `system`, and no entity of it is called `shpo`; did you mean `shop`?"
            ),
            ("scorecards", "an overlay has no place for it"),
        ]
    );
    Ok(())
}

#[test]
fn an_overlay_that_takes_no_entries_is_an_error() -> Result<()> {
    let options = options("standard")?;
    let folder = folder_with("[{entity: 'system:shop', set: {icon: Service}}]\n")?;
    let conversion = converted(&[&folder.path], &options)?;
    let refused = adopted(&conversion, &options, |edited| {
        if let Some(cart) = edited.entities.get_mut(&key("component", "cart")) {
            cart["title"] = json!("C");
        }
    });
    let message = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(
        message.starts_with("cannot add entries to the overlay "),
        "{message}"
    );
    assert!(message.contains("`- entity: `"), "{message}");
    Ok(())
}

/// One hand edit: of a text field, a property or a relation; `None` takes it out.
type Edit = (usize, &'static str, &'static str, Option<Value>);

fn edit() -> impl Strategy<Value = Edit> {
    let text = || "[ -~\n\té]{0,12}".prop_map(Value::from);
    let properties = prop::sample::select(vec!["type", "lifecycle", "description"]);
    let property = (
        properties,
        prop::option::of(prop_oneof![text(), Just(Value::Null)]),
    );
    let property = property.prop_map(|(name, value)| ("properties", name, value));
    let labels = prop::collection::btree_map("[ -~]{1,5}", "[ -~]{0,5}", 0..3);
    let labels = labels.prop_map(|map| ("properties", "labels", Some(json!(map))));
    let icon = prop::sample::select(vec![None, Some(json!("Service")), Some(json!("Alert"))]);
    let icon = icon.prop_map(|icon| ("", "icon", icon));
    let title = prop::option::of("[ -~]{1,12}".prop_map(Value::from));
    let title = title.prop_map(|title| ("", "title", title));
    let team = prop::sample::select(vec![
        None,
        Some(json!("ops")),
        Some(json!(["ops", "checkout"])),
    ]);
    let team = team.prop_map(|team| ("", "team", team));
    let system = prop::sample::select(vec![None, Some(Value::Null), Some(json!("shop"))]);
    let system = system.prop_map(|system| ("relations", "system", system));
    let uses = prop::sample::select(vec![
        None,
        Some(Value::Null),
        Some(json!(["till"])),
        Some(json!(["till", "cart"])),
    ]);
    let uses = uses.prop_map(|uses| ("relations", "dependsOnComponents", uses));
    let field = prop_oneof![property, labels, icon, title, team, system, uses];
    (0..3_usize, field).prop_map(|(entity, (group, name, value))| (entity, group, name, value))
}

fn make(edits: &[Edit], bodies: &mut Bodies) {
    let components = ["cart", "till", "payments/billing"];
    for (component, group, name, value) in edits {
        let body = bodies
            .entities
            .get_mut(&key("component", components[*component]));
        let Some(body) = body.and_then(Value::as_object_mut) else {
            continue;
        };
        let map = match *group {
            "" => Some(body),
            group => {
                let map = body.entry(group).or_insert_with(|| Map::new().into());
                map.as_object_mut()
            }
        };
        match (map, value) {
            (Some(map), Some(value)) => _ = map.insert((*name).to_owned(), value.clone()),
            (Some(map), None) => _ = map.shift_remove(*name),
            (None, _) => {}
        }
    }
    for body in bodies
        .entities
        .values_mut()
        .filter_map(Value::as_object_mut)
    {
        // A manifest has no empty maps.
        body.retain(|_, value| !value.as_object().is_some_and(Map::is_empty));
    }
}

/// Adopts two rounds of edits, and converts after each.
fn rounds(rounds: &[Vec<Edit>; 2]) -> Result<()> {
    static TEAMS: LazyLock<Option<Options>> = LazyLock::new(|| options("teams").ok());
    let options = TEAMS.as_ref().ok_or("no profile")?;
    let folder = Folder::with([("catalog-info.yaml", DESCRIPTORS)])?;
    let mut overlay = String::new();
    for edits in rounds {
        let conversion = converted(&[&folder.path], options)?;
        let written = bodies(&conversion)?;
        let mut edited = written.clone();
        make(edits, &mut edited);
        let adopted = conversion.adopt(&edited, &written, options)?;
        assert_eq!(adopted.refused, [], "{edits:?}");
        assert_eq!(adopted.files.is_empty(), edited == written, "{edits:?}");
        for file in &adopted.files {
            assert!(
                file.contents.starts_with(&overlay),
                "{overlay}---\n{}",
                file.contents
            );
            overlay = file.contents.clone() + "# a comment of the user\n";
            folder.write(file.path.as_str(), &overlay)?;
        }
        let again = converted(&[&folder.path], options)?;
        assert_eq!(findings(&again), [], "{overlay}");
        let after = bodies(&again)?;
        assert_eq!(after.entities, edited.entities, "{edits:?}\n{overlay}");
        let nothing = again.adopt(&after, &after, options)?;
        assert!(nothing.files.is_empty(), "{nothing:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn what_is_adopted_is_what_the_next_run_makes(
        first in prop::collection::vec(edit(), 0..6),
        second in prop::collection::vec(edit(), 0..6),
    ) {
        rounds(&[first, second]).map_err(|error| TestCaseError::fail(error.to_string()))?;
    }
}
