//! Code owners: what is told about them, and the owners they give.

mod support;

use backstage2port::codeowners::Rules;
use backstage2port::diagnostic::{Code, Diagnostic};
use backstage2port::source::Excerpt;
use backstage2port::{Inputs, Reading};
use camino::Utf8Path;
use support::git::{commit, git};
use support::{Folder, Result, run};

const COMPONENT: &str = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
spec:
  type: service
  lifecycle: production
";
const OWNED: &str = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
spec:
  type: service
  lifecycle: production
  owner: shop
";
const ORG: &str = "apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: shop
spec:
  type: team
  children: []
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: platform
  annotations:
    github.com/team-slug: acme/platform-engineers
spec:
  type: team
  children: []
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata:
  name: jane
  annotations:
    github.com/user-login: jane-of-acme
spec:
  profile:
    email: Jane@acme.example
  memberOf: [shop]
";

fn checks() -> Rules {
    Rules {
        is_checked: true,
        ..Rules::default()
    }
}

fn fills() -> Rules {
    Rules {
        fills: true,
        ..Rules::default()
    }
}

fn mapped(rules: &Rules, owners: &[(&str, &str)]) -> Rules {
    let owners = owners
        .iter()
        .map(|(owner, entity_ref)| ((*owner).to_owned(), (*entity_ref).to_owned()));
    Rules {
        owners: owners.collect(),
        ..rules.clone()
    }
}

fn inputs(root: &Utf8Path, rules: Rules) -> Result<Inputs> {
    Ok(Inputs {
        codeowners: rules,
        ..support::inputs(root)?
    })
}

fn read(root: &Utf8Path, rules: Rules) -> Result<Reading> {
    Ok(backstage2port::catalog(inputs(root, rules)?)?)
}

/// A finding as `code path text: message`, with the first line of the text it points at.
fn shown(found: &Diagnostic, reading: &Reading) -> Result<String> {
    let location = found.location.as_ref().ok_or("no place")?;
    let excerpt = Excerpt::of(&reading.sources, location.file)?;
    let span = excerpt.span(&location.place).unwrap_or_default();
    let text = excerpt.text()[span].lines().next().unwrap_or_default();
    let path = reading.sources.path(location.file);
    Ok(format!("{} {path} `{text}`: {}", found.code, found.message))
}

/// What is told about code owners.
fn found(reading: &Reading) -> Result<Vec<String>> {
    let ours = [
        Code::CodeownersMismatch,
        Code::CodeownersOwner,
        Code::UnmappedCodeowner,
        Code::InvalidCodeowners,
    ];
    let found = reading.diagnostics.iter();
    let found = found.filter(|found| ours.contains(&found.code));
    found.map(|found| shown(found, reading)).collect()
}

fn checked(codeowners: &str, rules: Rules) -> Result<Vec<String>> {
    let folder = Folder::with([
        (".github/CODEOWNERS", codeowners),
        ("org/catalog-info.yaml", ORG),
        ("cart/catalog-info.yaml", OWNED),
    ])?;
    found(&read(&folder.path, rules)?)
}

fn owner(reading: &Reading) -> Option<String> {
    let entities = reading.catalog.entities().iter();
    let mut cart = entities.filter(|entity| entity.entity_ref.name == "cart");
    let cart = cart.next()?.unpacked();
    Some(cart.spec()?.get("owner")?.as_str()?.to_owned())
}

#[test]
fn an_owner_that_is_no_code_owner_is_told() -> Result<()> {
    for (line, is_told) in [
        ("/cart/ @acme/shop", false),
        ("/cart/ @other @acme/SHOP", false),
        ("/cart/ @acme/platform-engineers", true),
        // Jane belongs to the shop.
        ("/cart/ @jane-of-acme", false),
        ("/cart/ jane@ACME.example", false),
        ("/cart/", false),
        ("/elsewhere/ @acme/platform-engineers", false),
    ] {
        let found = checked(&format!("{line}\n/org/\n"), checks())?;
        let expected = if is_told {
            vec![
                "codeowners-mismatch cart/catalog-info.yaml `shop`: the owner is `group:default/shop`, but the code \
                 owner is `@acme/platform-engineers`",
            ]
        } else {
            vec![]
        };
        assert_eq!(found, expected, "{line}");
    }
    Ok(())
}

#[test]
fn nothing_is_told_unless_it_is_asked_for() -> Result<()> {
    assert_eq!(
        checked("* @acme/platform-engineers\n! @x", Rules::default())?,
        [""; 0]
    );
    Ok(())
}

#[test]
fn a_code_owner_that_is_unknown_is_told_once() -> Result<()> {
    let second = OWNED.replace("name: cart", "name: basket");
    let folder = Folder::with([
        (
            ".github/CODEOWNERS",
            "* @acme/nobody\n/elsewhere/ @acme/none\n",
        ),
        ("org/catalog-info.yaml", ORG),
        ("cart/catalog-info.yaml", OWNED),
        ("basket/catalog-info.yaml", &second),
    ])?;
    let reading = read(&folder.path, checks())?;
    assert_eq!(
        found(&reading)?,
        [
            "unmapped-codeowner .github/CODEOWNERS `@acme/nobody`: `@acme/nobody` is no group or user that is known"
        ]
    );
    let platform = mapped(&checks(), &[("@ACME/nobody", "platform")]);
    assert_eq!(
        found(&read(&folder.path, platform)?)?.len(),
        2,
        "both are told to differ"
    );
    let shop = mapped(&checks(), &[("@acme/nobody", "group:default/shop")]);
    assert_eq!(found(&read(&folder.path, shop)?)?, [""; 0]);
    Ok(())
}

#[test]
fn a_team_goes_by_its_annotation_and_not_by_its_name_as_well() -> Result<()> {
    let found = checked("/cart/ @acme/platform\n", checks())?;
    assert!(found[0].starts_with("unmapped-codeowner"), "{found:?}");
    Ok(())
}

#[test]
fn without_groups_names_are_compared() -> Result<()> {
    for (owner, is_told) in [("@acme/shop", false), ("@acme/basket", true)] {
        let folder = Folder::with([
            ("CODEOWNERS", format!("* {owner}\n").as_str()),
            ("catalog-info.yaml", OWNED),
        ])?;
        let found = found(&read(&folder.path, checks())?)?;
        assert_eq!(!found.is_empty(), is_told, "{owner}: {found:?}");
    }
    Ok(())
}

#[test]
fn each_host_has_its_own_places() -> Result<()> {
    let mismatch = |files: &[(&str, &str)], origin: Option<&str>| -> Result<Vec<String>> {
        let folder = Folder::with([
            ("org/catalog-info.yaml", ORG),
            ("cart/catalog-info.yaml", OWNED),
        ])?;
        for (path, text) in files {
            folder.write(path, text)?;
        }
        if let Some(origin) = origin {
            git(&folder.path, &["init", "-q"])?;
            git(&folder.path, &["remote", "add", "origin", origin])?;
        }
        let reading = read(&folder.path, checks())?;
        let files = reading
            .diagnostics
            .iter()
            .filter(|found| found.code == Code::CodeownersMismatch);
        let files = files.flat_map(|found| &found.related);
        Ok(files
            .map(|(location, _)| reading.sources.path(location.file).to_string())
            .collect())
    };
    let platform = "* @acme/platform-engineers\n";
    let gitlab = "[Shop]\n/cart/ @jane\n[All]\n/cart/ @platform\n[Other]\n/cart/*.md @nobody\n";
    let gitlab_only = "/cart/ @acme/platform\n";
    assert_eq!(
        mismatch(
            &[
                (".github/CODEOWNERS", platform),
                ("CODEOWNERS", ""),
                ("docs/CODEOWNERS", "")
            ],
            None
        )?,
        [".github/CODEOWNERS"]
    );
    assert_eq!(
        mismatch(&[("CODEOWNERS", platform), ("docs/CODEOWNERS", "")], None)?,
        ["CODEOWNERS"]
    );
    assert_eq!(
        mismatch(&[("docs/CODEOWNERS", platform)], None)?,
        ["docs/CODEOWNERS"]
    );
    // Jane of the first section belongs to the shop.
    assert_eq!(mismatch(&[(".gitlab/CODEOWNERS", gitlab)], None)?, [""; 0]);
    assert_eq!(
        mismatch(&[(".gitlab/CODEOWNERS", gitlab_only)], None)?,
        [".gitlab/CODEOWNERS"]
    );
    assert_eq!(
        mismatch(
            &[
                ("CODEOWNERS", gitlab_only),
                (".github/CODEOWNERS", "* @acme/shop")
            ],
            Some("git@gitlab.acme.example:acme/web.git")
        )?,
        ["CODEOWNERS"]
    );
    let bitbucket = [(".bitbucket/CODEOWNERS", "* @acme/platform:random(2)\n")];
    assert_eq!(
        mismatch(&bitbucket, Some("git@bitbucket.org:acme/web.git"))?,
        [".bitbucket/CODEOWNERS"]
    );
    assert_eq!(
        mismatch(&bitbucket, Some("https://github.com/acme/web"))?,
        [""; 0]
    );
    let anywhere = [("CODEOWNERS", platform)];
    assert_eq!(
        mismatch(&anywhere, Some("https://dev.azure.com/acme/web/_git/web"))?,
        [""; 0]
    );
    assert_eq!(
        mismatch(&anywhere, Some("https://codeberg.org/acme/web"))?,
        [""; 0]
    );
    Ok(())
}

#[test]
fn lines_that_the_host_does_not_take_are_told() -> Result<()> {
    assert_eq!(
        checked("* @acme/shop\n!/cart/ @acme/shop\n/cart/ acme\n", checks())?,
        [
            "invalid-codeowners .github/CODEOWNERS `!/cart/`: GitHub does not take patterns that start with `!`",
            "invalid-codeowners .github/CODEOWNERS `acme`: `acme` is not a user (`@jane`), a team (`@acme/platform`) \
             or an e-mail address, so GitHub skips the line",
        ]
    );
    Ok(())
}

#[test]
fn an_entity_without_an_owner_gets_the_first_code_owner_that_is_known() -> Result<()> {
    let null = format!("{COMPONENT}  owner:\n");
    for text in [COMPONENT, &null] {
        let folder = Folder::with([
            (
                ".github/CODEOWNERS",
                "/cart/ @nobody @acme/platform-engineers @acme/shop\n",
            ),
            ("org/catalog-info.yaml", ORG),
            ("cart/catalog-info.yaml", text),
        ])?;
        let reading = read(&folder.path, fills())?;
        assert_eq!(owner(&reading).as_deref(), Some("group:default/platform"));
        assert_eq!(
            found(&reading)?,
            [
                "codeowners-owner cart/catalog-info.yaml `spec`: `Component:default/cart` is owned by \
              `group:default/platform`: the code owner of its file is `@acme/platform-engineers`"
            ]
        );
        let reading = read(
            &folder.path,
            Rules {
                is_checked: true,
                ..fills()
            },
        )?;
        assert_eq!(found(&reading)?.len(), 1, "what was filled agrees");
        assert!(
            read(&folder.path, checks())?.catalog.entities().len()
                < reading.catalog.entities().len()
        );
    }
    Ok(())
}

#[test]
fn a_mapping_fills_without_any_group() -> Result<()> {
    let folder = Folder::with([
        ("CODEOWNERS", "* @acme/web\n"),
        ("catalog-info.yaml", COMPONENT),
    ])?;
    let rules = mapped(&fills(), &[("@acme/web", "group:default/Shop")]);
    let owned = owner(&read(&folder.path, rules)?);
    assert_eq!(owned.as_deref(), Some("group:default/shop"));
    let template = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: cart}\n\
                    spec: {type: service, steps: []}\n";
    let group = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: cart}\nspec: {type: a, children: []}\n";
    for (text, expected) in [(template, Some("group:default/shop")), (group, None)] {
        folder.write("catalog-info.yaml", text)?;
        let rules = mapped(&fills(), &[("@acme/web", "shop")]);
        let owned = owner(&read(&folder.path, rules)?);
        assert_eq!(owned.as_deref(), expected, "{text}");
    }
    Ok(())
}

#[test]
fn what_no_code_owner_fills_says_why() -> Result<()> {
    for (codeowners, help, is_unmapped) in [
        (
            Some("* @acme/nobody\n"),
            "found `@acme/nobody` in CODEOWNERS, who is no group",
            true,
        ),
        (
            Some("/docs/ @acme/shop\n"),
            "found no line of CODEOWNERS that matches this file",
            false,
        ),
        (
            Some("* @acme/shop\n/cart/\n"),
            "by CODEOWNERS nobody owns this file",
            false,
        ),
        (None, "found no CODEOWNERS file", false),
    ] {
        let folder = Folder::with([("cart/catalog-info.yaml", COMPONENT)])?;
        if let Some(codeowners) = codeowners {
            folder.write("CODEOWNERS", codeowners)?;
        }
        let mut inputs = inputs(".".into(), fills())?;
        inputs.roots[0].path = folder.path.clone();
        let reading = backstage2port::catalog(inputs)?;
        let error = reading
            .diagnostics
            .iter()
            .find(|found| found.code == Code::InvalidSpec);
        let error = error.ok_or("no error")?;
        let help_found = error
            .help
            .as_deref()
            .unwrap_or_default()
            .replace(&format!("{}/", folder.path), "");
        assert!(help_found.contains(help), "{help_found}");
        assert_eq!(
            found(&reading)?.len(),
            usize::from(is_unmapped),
            "{codeowners:?}"
        );
    }
    Ok(())
}

#[test]
fn groups_of_dumps_are_known() -> Result<()> {
    let dump = r#"[{"apiVersion": "backstage.io/v1alpha1", "kind": "Group",
                    "metadata": {"name": "web", "annotations": {"gitlab.acme.example/team-path": "acme/shop/web"}},
                    "spec": {"type": "team", "children": []}}]"#;
    let folder = Folder::with([
        ("dump.json", dump),
        ("shop/.gitlab/CODEOWNERS", "* @acme/shop/web\n"),
        ("shop/catalog-info.yaml", COMPONENT),
    ])?;
    let mut inputs = inputs(&folder.path.join("shop"), fills())?;
    inputs.dumps.paths.push(folder.path.join("dump.json"));
    let reading = backstage2port::catalog(inputs)?;
    assert_eq!(owner(&reading).as_deref(), Some("group:default/web"));
    Ok(())
}

#[test]
fn the_file_may_stand_above_the_root() -> Result<()> {
    let folder = Folder::with([
        (
            ".github/CODEOWNERS",
            "/services/ @acme/platform-engineers\n",
        ),
        ("services/org/catalog-info.yaml", ORG),
        ("services/cart/catalog-info.yaml", OWNED),
    ])?;
    git(&folder.path, &["init", "-q"])?;
    commit(&folder.path)?;
    let expected = [
        "codeowners-mismatch cart/catalog-info.yaml `shop`: the owner is `group:default/shop`, but the code owner is \
         `@acme/platform-engineers`",
    ];
    let services = folder.path.join("services");
    for revision in [None, Some("HEAD".to_owned())] {
        let mut inputs = inputs(&services, checks())?;
        inputs.revision.clone_from(&revision);
        let reading = backstage2port::catalog(inputs)?;
        assert_eq!(found(&reading)?, expected, "{revision:?}");
        let mismatch = reading
            .diagnostics
            .iter()
            .find(|found| found.code == Code::CodeownersMismatch);
        let (line, _) = mismatch
            .and_then(|found| found.related.first())
            .ok_or("no line")?;
        assert_eq!(
            reading.sources.display_path(line.file),
            folder.path.join(".github/CODEOWNERS")
        );
        let excerpt = Excerpt::of(&reading.sources, line.file)?;
        let span = excerpt.span(&line.place).ok_or("no span")?;
        assert_eq!(&excerpt.text()[span], "/services/ @acme/platform-engineers");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() -> Result<()> {
    let folder = Folder::with([
        ("elsewhere/CODEOWNERS", "* @x !\n"),
        ("shop/catalog-info.yaml", OWNED),
    ])?;
    std::os::unix::fs::symlink(
        folder.path.join("elsewhere"),
        folder.path.join("shop/.github"),
    )?;
    std::os::unix::fs::symlink(
        folder.path.join("elsewhere/CODEOWNERS"),
        folder.path.join("shop/CODEOWNERS"),
    )?;
    assert_eq!(found(&read(&folder.path.join("shop"), checks())?)?, [""; 0]);
    Ok(())
}

#[test]
fn the_command_line_fills_too() -> Result<()> {
    let folder = Folder::with([
        (".github/CODEOWNERS", "* @acme/shop\n"),
        ("org/catalog-info.yaml", ORG),
        ("cart/catalog-info.yaml", COMPONENT),
    ])?;
    let without = run(&folder.path, &["validate"])?;
    assert_eq!(without.code, 1, "{}", without.shown());
    let with = run(&folder.path, &["validate", "--owner-from", "codeowners"])?;
    assert_eq!(with.code, 0, "{}", with.shown());
    assert!(
        with.stdout.contains("note[codeowners-owner]"),
        "{}",
        with.shown()
    );
    let arguments = ["explain", "component:cart", "--owner-from", "codeowners"];
    let explained = run(&folder.path, &arguments)?;
    assert!(
        explained.stdout.contains("relations.owningGroup: shop"),
        "{}",
        explained.shown()
    );
    Ok(())
}
