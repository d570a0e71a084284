//! Targets `terraform` and `crd`: what they write is settled, guarded and read back like every other manifest.

mod support;

use std::collections::BTreeMap;
use std::fs;

use camino::Utf8Path;
use serde_json::Value;
use support::git::{commit, git};
use support::{Folder, Result, component, converted, run, text, tree};

const TARGETS: [&str; 2] = ["--target=terraform", "--target=crd"];

fn system(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata:\n  name: {name}\nspec:\n  owner: group:team\n"
    )
}

fn names(folder: &Folder, below: &str) -> Result<Vec<String>> {
    let below = folder.path.join(below);
    let files = if below.is_dir() {
        tree(&below)?
    } else {
        BTreeMap::new()
    };
    Ok(files.into_keys().map(String::from).collect())
}

const FILE: &str = ".port/terraform/entities.component.tf";
const SHOP: &str = ".port/kubernetes/component.shop.yaml";

#[test]
fn nothing_is_null_and_a_second_run_writes_nothing() -> Result<()> {
    let folder = Folder::with([
        (
            "catalog-info.yaml",
            &*component("shop", "  description: It sells\n"),
        ),
        ("other/catalog-info.yaml", &system("other")),
    ])?;
    converted(&folder, &TARGETS, 0)?;
    assert!(text(&folder, FILE)?.contains("description = \"It sells\""));
    folder.write("catalog-info.yaml", &component("shop", ""))?;
    converted(&folder, &TARGETS, 0)?;
    for path in [FILE, SHOP, ".port/terraform/blueprints.tf"] {
        let text = text(&folder, path)?;
        assert!(
            !text.contains("null") && !text.contains("It sells"),
            "{text}"
        );
    }
    let before = tree(&folder.path)?;
    let again = converted(&folder, &TARGETS, 0)?;
    assert!(again.stdout.contains("Wrote nothing"), "{}", again.shown());
    assert_eq!(tree(&folder.path)?, before);
    converted(&folder, &[&TARGETS[..], &["--check"]].concat(), 0)?;
    // What other manifests have as null is null there, and nowhere else.
    folder.write(
        "catalog-info.yaml",
        &component("shop", "  description: It sells\n"),
    )?;
    converted(&folder, &["--target=tree", TARGETS[0]], 0)?;
    folder.write("catalog-info.yaml", &component("shop", ""))?;
    converted(&folder, &["--target=tree", TARGETS[0]], 0)?;
    let tree = text(&folder, ".port/entities/component/shop.yaml")?;
    assert!(tree.contains("description: null"), "{tree}");
    assert!(!text(&folder, FILE)?.contains("null"));
    Ok(())
}

#[test]
fn an_entity_in_error_stays_in_files_of_terraform_and_kubernetes() -> Result<()> {
    let more = "  title: \"The ${shop}\"\n  tags: [a, b]\n  labels: {x: \"1\"}\n";
    for target in TARGETS {
        let folder = Folder::with([
            ("shop/catalog-info.yaml", &*component("shop", more)),
            ("other/catalog-info.yaml", &component("other", "")),
        ])?;
        converted(&folder, &[target], 0)?;
        let before = tree(&folder.path.join(".port"))?;
        folder.write("shop/catalog-info.yaml", "kind: [\n")?;
        let kept = converted(&folder, &[target], 1)?;
        assert!(kept.stderr.contains("kept-entity"), "{}", kept.shown());
        assert_eq!(tree(&folder.path.join(".port"))?, before, "{target}");
    }
    Ok(())
}

#[test]
fn an_entity_of_another_root_stays_as_well() -> Result<()> {
    let folder = Folder::with([
        ("one/catalog-info.yaml", &*component("shop", "")),
        ("two/catalog-info.yaml", &component("other", "")),
    ])?;
    let arguments = ["one", "two", TARGETS[0]];
    converted(&folder, &arguments, 0)?;
    assert!(!folder.path.join("two/.port/terraform").exists());
    let before = text(&folder, "one/.port/terraform/entities.component.tf")?;
    folder.write("two/catalog-info.yaml", "kind: [\n")?;
    converted(&folder, &arguments, 1)?;
    assert_eq!(
        text(&folder, "one/.port/terraform/entities.component.tf")?,
        before
    );
    Ok(())
}

#[test]
fn removals_are_guarded_and_stale_files_go() -> Result<()> {
    for target in TARGETS {
        let files: Vec<(String, String)> = (0..8)
            .map(|n| {
                (
                    format!("c{n}/catalog-info.yaml"),
                    component(&format!("c{n}"), ""),
                )
            })
            .collect();
        let folder = Folder::with(
            files
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )?;
        folder.write("catalog-info.yaml", &system("s"))?;
        folder.write(".port/terraform/backend.tf", "# Ours.\n")?;
        converted(&folder, &[target], 0)?;
        for (path, _) in &files {
            fs::remove_file(folder.path.join(path))?;
        }
        let blocked = converted(&folder, &[target], 1)?;
        assert!(
            blocked.stderr.contains("too-many-removals"),
            "{}",
            blocked.shown()
        );
        converted(&folder, &[target, "--allow-removals"], 0)?;
        let left = names(&folder, ".port/terraform")?;
        assert!(
            !left.contains(&"entities.component.tf".to_owned()),
            "{left:?}"
        );
        assert!(
            !folder
                .path
                .join(".port/kubernetes/component.c1.yaml")
                .exists()
        );
        // Another target takes over.
        converted(&folder, &[], 0)?;
        assert_eq!(names(&folder, ".port/terraform")?, ["backend.tf"]);
        assert!(names(&folder, ".port/kubernetes")?.is_empty());
    }
    Ok(())
}

#[test]
fn what_was_changed_by_hand_stays_and_can_be_adopted() -> Result<()> {
    for (target, path, from, to) in [
        (
            TARGETS[0],
            FILE,
            "type       = \"service\"",
            "type       = \"website\"",
        ),
        (TARGETS[1], SHOP, "type: service", "type: website"),
    ] {
        let folder = Folder::with([("catalog-info.yaml", &*component("shop", ""))])?;
        converted(&folder, &[target], 0)?;
        let edited = text(&folder, path)?.replace(from, to);
        assert!(edited.contains("website"), "{edited}");
        folder.write(path, &edited)?;
        let stays = converted(&folder, &[target], 1)?;
        assert!(
            stays.stderr.contains("edited-manifest"),
            "{}",
            stays.shown()
        );
        assert_eq!(text(&folder, path)?, edited);
        converted(&folder, &[target, "--adopt"], 0)?;
        let overlay = text(&folder, ".port/overlay.yaml")?;
        assert!(overlay.contains("type: website"), "{overlay}");
        assert!(text(&folder, path)?.contains("website"));
        converted(&folder, &[target, "--check"], 0)?;
    }
    Ok(())
}

#[test]
fn what_is_read_back_is_what_was_converted() -> Result<()> {
    let input = Utf8Path::new("fixtures/demo/input");
    for target in TARGETS {
        for profile in ["standard", "teams", "ocean", "c4"] {
            let folder = Folder::new()?;
            support::copy(input, &folder.path)?;
            converted(&folder, &[target, "--profile", profile], 0)?;
            let diff = run(&folder.path, &["diff", "--profile", profile])?;
            assert_eq!(
                diff.stdout,
                "No changes.\n",
                "{target} {profile}: {}",
                diff.shown()
            );
        }
    }
    Ok(())
}

#[test]
fn publish_commits_the_files() -> Result<()> {
    let folder = Folder::with([("catalog-info.yaml", &*component("shop", ""))])?;
    git(&folder.path, &["init", "-q"])?;
    commit(&folder.path)?;
    let arguments = [
        &["publish"],
        &TARGETS[..],
        &["--author", "A <a@example.com>"],
    ]
    .concat();
    let published = run(&folder.path, &arguments)?;
    assert_eq!(published.code, 0, "{}", published.shown());
    let files = git(
        &folder.path,
        &["ls-tree", "-r", "--name-only", "backstage2port/manifests"],
    )?;
    for path in [
        FILE,
        SHOP,
        ".port/terraform/provider.tf",
        ".port/mapping/kubernetes.yml",
    ] {
        assert!(files.lines().any(|line| line == path), "{path}: {files}");
    }
    let again = run(&folder.path, &arguments)?;
    assert_eq!(again.code, 0, "{}", again.shown());
    Ok(())
}

fn schema(kind: &str) -> Result<jsonschema::Validator> {
    let path = format!(".ci/kubernetes/{kind}.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    Ok(jsonschema::validator_for(&schema)?)
}

#[test]
fn custom_resources_are_as_the_definition_wants_them() -> Result<()> {
    for (kind, more) in [
        ("clusterentity", &[][..]),
        ("entity", &["--kubernetes-namespace=port"]),
    ] {
        let folder = Folder::new()?;
        support::copy("fixtures/demo/input".into(), &folder.path)?;
        converted(
            &folder,
            &[&["--target=crd", "--profile=teams"], more].concat(),
            0,
        )?;
        let schema = schema(kind)?;
        let files = tree(&folder.path.join(".port/kubernetes"))?;
        assert!(files.len() > 10);
        for (path, bytes) in files {
            let text = String::from_utf8(bytes)?;
            let documents = backstage2port::yaml::documents(&text);
            let [document] = &documents[..] else {
                return Err(format!("{path} has {} documents", documents.len()).into());
            };
            let resource = document.content.as_ref().map_err(|_| path.to_string())?;
            assert!(schema.is_valid(resource), "{path}: {text}");
            let name = resource["metadata"]["name"].as_str().ok_or("no name")?;
            assert_eq!(path, format!("{name}.yaml"));
        }
        let mapping = text(&folder, ".port/mapping/kubernetes.yml")?;
        let plural = if kind == "entity" {
            "entities"
        } else {
            "clusterentities"
        };
        assert!(
            mapping.contains(&format!("kind: getport.io/v1/{plural}\n")),
            "{mapping}"
        );
        assert!(
            mapping.contains(
                "team: .metadata.annotations[\"backstage2port/team\"] // \"[]\" | fromjson"
            ),
            "{mapping}"
        );
    }
    Ok(())
}

#[test]
fn no_namespace_that_kubernetes_refuses() -> Result<()> {
    let folder = Folder::with([("catalog-info.yaml", &*component("shop", ""))])?;
    let refused = converted(&folder, &["--target=crd", "--kubernetes-namespace=A_b"], 2)?;
    assert!(
        refused.stderr.contains("no namespace `A_b`"),
        "{}",
        refused.shown()
    );
    Ok(())
}
