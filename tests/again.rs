//! Running again: what a run does with the manifests of earlier ones.

mod support;

use std::fs;

use camino::Utf8Path;
use support::git::git;
use support::{Folder, Result, component, converted, copy, text, tree};

fn group(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\nspec:\n  type: team\n  children: []\n"
    )
}

const DESCRIBED: &str = "  description: It sells\n";

#[test]
fn what_an_entity_no_longer_has_is_null_until_it_is_compacted() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", &*component("shop", DESCRIBED)),
        ("other/catalog-info.yaml", &component("other", "")),
        ("team/catalog-info.yaml", &group("team")),
    ])?;
    converted(&folder, &[], 0)?;
    let other = text(&folder, "other/port.yml")?;
    assert!(!text(&folder, "port.yml")?.contains("null"));

    let owner = "  owner: group:team\n";
    let less = component("shop", "").replace(owner, "  owner: group:elsewhere\n");
    folder.write("catalog-info.yaml", &less)?;
    converted(&folder, &[], 0)?;
    let after = text(&folder, "port.yml")?;
    assert!(after.contains("    description: null\n"), "{after}");
    // No other entity has a description, and still the blueprint defines it: Port refuses what it does not know.
    let blueprint = text(&folder, ".port/blueprints/component.json")?;
    assert!(blueprint.contains("\"description\": {"), "{blueprint}");
    assert_eq!(text(&folder, "other/port.yml")?, other);

    converted(&folder, &[], 0)?;
    assert_eq!(text(&folder, "port.yml")?, after, "it stays");
    // It moves with its entity.
    fs::create_dir(folder.path.join("moved"))?;
    fs::rename(
        folder.path.join("catalog-info.yaml"),
        folder.path.join("moved/catalog-info.yaml"),
    )?;
    converted(&folder, &[], 0)?;
    assert!(!folder.path.join("port.yml").exists());
    let moved = text(&folder, "moved/port.yml")?;
    assert!(moved.contains("    description: null\n"), "{moved}");

    converted(&folder, &["--compact"], 0)?;
    let compact = text(&folder, "moved/port.yml")?;
    assert!(!compact.contains("null"), "{compact}");
    folder.write("moved/catalog-info.yaml", &component("shop", DESCRIBED))?;
    converted(&folder, &[], 0)?;
    assert!(text(&folder, "moved/port.yml")?.contains("    description: It sells\n"));
    Ok(())
}

#[test]
fn an_entity_without_teams_any_more_has_no_teams() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", &*component("shop", "")),
        ("team/catalog-info.yaml", &group("team")),
    ])?;
    converted(&folder, &["--profile", "teams"], 0)?;
    assert!(text(&folder, "port.yml")?.contains("  team:\n    - team\n"));
    let owned = component("shop", "").replace("group:team", "user:somebody");
    folder.write("catalog-info.yaml", &owned)?;
    converted(&folder, &["--profile", "teams"], 0)?;
    let after = text(&folder, "port.yml")?;
    assert!(after.contains("  team: []\n"), "{after}");
    Ok(())
}

#[test]
fn manifests_without_a_source_are_deleted_and_others_are_not() -> Result<()> {
    let folder = Folder::with([
        ("a/catalog-info.yaml", &*component("a", "")),
        (
            "b/catalog-info.yaml",
            &component("b", "").replace("Component", "System"),
        ),
        ("theirs/port.yml", "- identifier: theirs\n"),
    ])?;
    converted(&folder, &[], 0)?;
    assert!(folder.path.join(".port/blueprints/system.json").exists());
    fs::remove_dir_all(folder.path.join("b/"))?;
    folder.write("b/README.md", "# b\n")?;
    // The manifest went with the folder; what is left of the system is its blueprint.
    let gone = converted(&folder, &[], 0)?;
    assert!(
        gone.stdout.contains("deleted 1 without a source"),
        "{}",
        gone.shown()
    );
    assert!(!folder.path.join(".port/blueprints/system.json").exists());

    fs::remove_file(folder.path.join("a/catalog-info.yaml"))?;
    let before = tree(&folder.path)?;
    let none = converted(&folder, &[], 3)?;
    assert!(none.stderr.contains("no descriptors"), "{}", none.shown());
    assert_eq!(tree(&folder.path)?, before);
    converted(&folder, &["--allow-empty"], 0)?;
    let left: Vec<_> = tree(&folder.path)?.into_keys().collect();
    assert_eq!(left, ["b/README.md", "theirs/port.yml"]);
    assert!(!folder.path.join(".port").exists());
    Ok(())
}

#[test]
fn another_target_takes_over_from_the_one_before() -> Result<()> {
    let folder = Folder::with([("a/catalog-info.yaml", &*component("a", DESCRIBED))])?;
    converted(&folder, &["--provider", "none"], 0)?;
    folder.write("a/catalog-info.yaml", &component("a", ""))?;
    converted(&folder, &["--provider", "none", "--target", "tree"], 0)?;
    let paths: Vec<_> = tree(&folder.path)?.into_keys().collect();
    assert_eq!(
        paths,
        [
            ".port/blueprints/component.json",
            ".port/blueprints/group.json",
            ".port/entities/component/a.yaml",
            "a/catalog-info.yaml"
        ]
    );
    let entity = text(&folder, ".port/entities/component/a.yaml")?;
    assert!(entity.contains("  description: null\n"), "{entity}");
    Ok(())
}

#[test]
fn too_many_removals_hold_everything_back() -> Result<()> {
    let folder = Folder::new()?;
    let names: Vec<String> = (0..12).map(|number| format!("shop-{number}")).collect();
    for name in &names {
        folder.write(&format!("{name}/catalog-info.yaml"), &component(name, ""))?;
    }
    converted(&folder, &[], 0)?;
    // Five of twelve are more than a fifth, and still few.
    for name in &names[..5] {
        fs::remove_file(folder.path.join(name).join("catalog-info.yaml"))?;
    }
    converted(&folder, &["--dry-run"], 0)?;
    fs::remove_file(folder.path.join("shop-5/catalog-info.yaml"))?;
    folder.write("new/catalog-info.yaml", &component("new", ""))?;
    let before = tree(&folder.path)?;
    for more in [
        &[][..],
        &["--fail-on", "never"],
        &["--dry-run"],
        &["--check"],
    ] {
        let blocked = converted(&folder, more, 1)?;
        assert!(
            blocked.stderr.contains("6 of 12 entities would leave"),
            "{}",
            blocked.shown()
        );
        assert!(
            blocked.stdout.contains("Held back 7 changes"),
            "{}",
            blocked.shown()
        );
        assert_eq!(tree(&folder.path)?, before, "{more:?}");
    }
    converted(&folder, &["--allow-removals"], 0)?;
    assert!(!folder.path.join("shop-0/port.yml").exists());
    assert!(folder.path.join("new/port.yml").exists());
    Ok(())
}

#[test]
fn an_error_keeps_its_own_entity_and_nothing_else() -> Result<()> {
    let folder = Folder::with([
        ("a/catalog-info.yaml", &*component("a", "")),
        ("b/catalog-info.yaml", &component("b", DESCRIBED)),
        ("c/catalog-info.yaml", &component("c", "")),
    ])?;
    converted(&folder, &[], 0)?;
    let before = text(&folder, "b/port.yml")?;
    folder.write("b/catalog-info.yaml", "kind: [\n")?;
    folder.write("a/catalog-info.yaml", &component("a", "  title: A\n"))?;
    fs::remove_file(folder.path.join("c/catalog-info.yaml"))?;
    let broken = converted(&folder, &[], 1)?;
    let kept = broken.stderr.replace("\n  │ ", " ");
    assert!(
        kept.contains("b/catalog-info.yaml: `b/port.yml` keeps `component b`: missing now"),
        "{}",
        broken.shown()
    );
    assert!(
        kept.contains("errors in `b/catalog-info.yaml`"),
        "{}",
        broken.shown()
    );
    assert_eq!(text(&folder, "b/port.yml")?, before);
    assert!(text(&folder, "a/port.yml")?.contains("title: A"));
    assert!(!folder.path.join("c/port.yml").exists());
    let again = converted(&folder, &[], 1)?;
    assert!(again.stdout.contains("Wrote nothing"), "{}", again.shown());
    assert_eq!(text(&folder, "b/port.yml")?, before);

    folder.write("b/catalog-info.yaml", &component("b", ""))?;
    converted(&folder, &[], 0)?;
    assert!(text(&folder, "b/port.yml")?.contains("    description: null\n"));
    Ok(())
}

#[test]
fn a_broken_location_keeps_what_it_led_to() -> Result<()> {
    const LOCATION: &str = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\nspec:\n  targets:\n    \
                            - ./shops/one.yaml\n    - ./shops/two.yaml\n";
    let folder = Folder::with([
        ("catalog-info.yaml", LOCATION),
        ("shops/one.yaml", &component("one", "")),
        ("shops/two.yaml", &component("two", "")),
    ])?;
    for target in ["port-yml", "tree", "central", "bundle"] {
        folder.write("catalog-info.yaml", LOCATION)?;
        converted(&folder, &["--target", target], 0)?;
        let before = tree(&folder.path)?;
        // The second target is gone, then the whole file is no YAML.
        for broken in [
            LOCATION.replace("two.yaml", "tow.yaml"),
            format!("{LOCATION}  : ]\n"),
        ] {
            folder.write("catalog-info.yaml", &broken)?;
            folder.write("keeper/catalog-info.yaml", &group("team"))?;
            let run = converted(&folder, &["--target", target], 1)?;
            assert!(run.stderr.contains("kept-entity"), "{}", run.shown());
            fs::remove_dir_all(folder.path.join("keeper"))?;
            for path in before
                .keys()
                .filter(|path| path.as_str().contains("port.yml"))
            {
                let now = text(&folder, path.as_str())?;
                assert!(now.contains("identifier: one"), "{target} {path}: {now}");
                assert!(now.contains("identifier: two"), "{target} {path}: {now}");
            }
            if target == "tree" {
                for name in ["one", "two"] {
                    let path = format!(".port/entities/component/{name}.yaml");
                    let was = before.get(Utf8Path::new(&path)).ok_or("not there before")?;
                    assert_eq!(&fs::read(folder.path.join(&path))?, was, "{path}");
                }
            }
        }
        fs::remove_dir_all(folder.path.join(".port"))?;
    }
    Ok(())
}

#[test]
fn hand_edits_are_told_and_stay_until_somebody_decides() -> Result<()> {
    let folder = Folder::with([("catalog-info.yaml", &*component("shop", ""))])?;
    converted(&folder, &[], 0)?;
    let written = text(&folder, "port.yml")?;
    let edited = written.replace("type: service", "type: website");
    folder.write("port.yml", &edited)?;
    for more in [&[][..], &["--check"], &["--dry-run"]] {
        let run = converted(&folder, more, 1)?;
        assert!(run.stderr.contains("edited-manifest"), "{}", run.shown());
        assert_eq!(text(&folder, "port.yml")?, edited);
    }
    converted(&folder, &["--overwrite"], 0)?;
    assert_eq!(text(&folder, "port.yml")?, written);

    // A checkout with other line ends is no edit.
    folder.write("port.yml", &written.replace('\n', "\r\n"))?;
    let run = converted(&folder, &["--check"], 0)?;
    assert!(run.stdout.contains("up to date"), "{}", run.shown());
    Ok(())
}

#[test]
fn adopted_edits_survive_every_run() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", &*component("shop", "")),
        ("other/catalog-info.yaml", &component("other", "")),
    ])?;
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "."],
        &["commit", "-q", "-m", "descriptors"],
    ] {
        git(&folder.path, arguments)?;
    }
    converted(&folder, &[], 0)?;
    git(&folder.path, &["add", "."])?;
    git(&folder.path, &["commit", "-q", "-m", "manifests"])?;

    // A person changes the title and takes the type out; somebody else changes the lifecycle of the descriptor.
    let edited = text(&folder, "port.yml")?
        .replace("  title: shop\n", "  title: The Shop\n")
        .replace("    type: service\n", "");
    assert!(edited.contains("The Shop"), "{edited}");
    folder.write("port.yml", &edited)?;
    let moved_on = component("shop", "").replace("production", "experimental");
    folder.write("catalog-info.yaml", &moved_on)?;
    let adopted = converted(&folder, &["--adopt"], 0)?;
    assert!(
        adopted
            .stdout
            .contains("Adopted for component:default/shop: title, properties.type."),
        "{}",
        adopted.shown()
    );
    let manifest = text(&folder, "port.yml")?;
    assert!(manifest.contains("  title: The Shop\n"), "{manifest}");
    assert!(manifest.contains("    type: null\n"), "{manifest}");
    assert!(
        manifest.contains("    lifecycle: experimental\n"),
        "{manifest}"
    );
    let overlay = text(&folder, ".port/overlay.yaml")?;
    assert!(!overlay.contains("lifecycle"), "{overlay}");

    let again = converted(&folder, &[], 0)?;
    assert!(again.stdout.contains("Wrote nothing"), "{}", again.shown());
    assert_eq!(text(&folder, "port.yml")?, manifest);

    // What no overlay can say stays where it is, and is told.
    let more = format!("{manifest}- identifier: mine\n  blueprint: component\n");
    folder.write("port.yml", &more)?;
    let refused = converted(&folder, &["--adopt"], 1)?;
    assert!(
        refused.stderr.contains("was added by hand"),
        "{}",
        refused.shown()
    );
    assert_eq!(text(&folder, "port.yml")?, more);
    assert_eq!(text(&folder, ".port/overlay.yaml")?, overlay);
    Ok(())
}

#[test]
fn a_broken_overlay_holds_everything_back() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", &*component("shop", "")),
        (
            ".port/overlay.yaml",
            "- entity: component:shop\n  set: {title: Shop, properties: {description: From here}}\n",
        ),
    ])?;
    converted(&folder, &[], 0)?;
    assert!(text(&folder, "port.yml")?.contains("description: From here"));
    for broken in ["- entity: [\n", "- entity: component:shop\n  sett: {}\n"] {
        folder.write(".port/overlay.yaml", broken)?;
        let before = tree(&folder.path)?;
        let run = converted(&folder, &[], 1)?;
        assert!(
            run.stderr.contains("[.port/overlay.yaml:"),
            "{}",
            run.shown()
        );
        assert!(run.stdout.contains("Held back 1 change"), "{}", run.shown());
        assert_eq!(tree(&folder.path)?, before);
    }
    Ok(())
}

#[test]
fn a_check_lists_what_differs_and_writes_nothing() -> Result<()> {
    let folder = Folder::new()?;
    copy(Utf8Path::new("fixtures/demo/input"), &folder.path)?;
    let before = tree(&folder.path)?;
    let fresh = converted(&folder, &["--check"], 1)?;
    assert!(
        fresh.stdout.contains("+ services/cart/port.yml\n"),
        "{}",
        fresh.shown()
    );
    assert_eq!(tree(&folder.path)?, before);
    converted(&folder, &[], 0)?;
    converted(&folder, &["--check"], 0)?;
    fs::remove_file(folder.path.join("services/products/catalog-info.yaml"))?;
    let path = "libraries/core-kafka/catalog-info.yaml";
    let kafka = text(&folder, path)?;
    folder.write(
        path,
        &kafka.replace("kind: Component", "kind: Component # changed"),
    )?;
    let drift = converted(&folder, &["--check"], 1)?;
    assert!(
        drift.stdout.contains("- services/products/port.yml\n"),
        "{}",
        drift.shown()
    );
    assert!(!drift.stdout.contains("core-kafka"), "{}", drift.shown());
    Ok(())
}
