//! The binary from end to end: what it writes, refuses and says, and its exit codes.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use support::{Folder, Result, binary, copy, run, tree, write};

const DEMO: &str = "fixtures/demo/input";
const GROUP: &str = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: team\nspec:\n  type: team\n  children: []\n";

fn demo() -> Result<Folder> {
    let folder = Folder::new()?;
    copy(Utf8Path::new(DEMO), &folder.path)?;
    Ok(folder)
}

/// Every file with its time of change and its number on the disk: a file that was written again shows.
fn stamps(folder: &Utf8Path) -> Result<Vec<(Utf8PathBuf, i64, i64, u64)>> {
    let mut stamps = Vec::new();
    for path in tree(folder)?.into_keys() {
        let metadata = folder.join(&path).metadata()?;
        stamps.push((
            path,
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ino(),
        ));
    }
    Ok(stamps)
}

/// Files whose names are none of a descriptor, a manifest or the rest of the input: what a broken run may leave behind.
fn leftovers(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let is_known = |path: &Utf8PathBuf| {
        matches!(
            path.file_name(),
            Some("catalog-info.yaml" | "port.yml" | "descriptor.yaml")
        ) || path.starts_with(".port/blueprints") && path.extension() == Some("json")
            || path == ".port/mapping/github.yml"
    };
    let files = tree(folder)?.into_keys();
    Ok(files.filter(|path| !is_known(path)).collect())
}

#[test]
fn a_second_run_writes_nothing_and_says_so() -> Result<()> {
    let folder = demo()?;
    let first = run(&folder.path, &["convert"])?;
    assert_eq!(first.code, 0, "{}", first.shown());
    assert!(
        first.stdout.contains("Wrote 14 manifests"),
        "{}",
        first.shown()
    );
    let before = stamps(&folder.path)?;
    let second = run(&folder.path, &["convert"])?;
    assert_eq!(second.code, 0, "{}", second.shown());
    assert!(
        second
            .stdout
            .contains("Wrote nothing: 14 manifests are up to date."),
        "{}",
        second.shown()
    );
    assert_eq!(before, stamps(&folder.path)?);
    Ok(())
}

#[test]
fn a_changed_descriptor_changes_its_own_manifest_only() -> Result<()> {
    let folder = demo()?;
    run(&folder.path, &["convert"])?;
    let before = tree(&folder.path)?;
    let path = folder.path.join("services/products/catalog-info.yaml");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace("[kotlin]", "[kotlin, jvm]"))?;
    let second = run(&folder.path, &["convert"])?;
    assert!(
        second
            .stdout
            .contains("Wrote 1 manifest: 0 new, 1 changed."),
        "{}",
        second.shown()
    );
    let mut changed: Vec<Utf8PathBuf> = Vec::new();
    for (path, bytes) in tree(&folder.path)? {
        if before.get(&path) != Some(&bytes) {
            changed.push(path);
        }
    }
    assert_eq!(
        changed,
        [
            "services/products/catalog-info.yaml",
            "services/products/port.yml"
        ]
    );
    Ok(())
}

#[test]
fn a_dry_run_writes_nothing() -> Result<()> {
    let folder = demo()?;
    let before = tree(&folder.path)?;
    let run = run(&folder.path, &["convert", "--dry-run"])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    assert!(
        run.stdout.contains("Would write 14 manifests"),
        "{}",
        run.shown()
    );
    assert_eq!(before, tree(&folder.path)?);
    Ok(())
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_threads_and_any_order_of_files() -> Result<()> {
    let one = demo()?;
    let reference = run(&one.path, &["convert", "--threads", "1"])?;
    let expected = tree(&one.path)?;

    let two = demo()?;
    let threads = run(&two.path, &["convert", "--threads", "2"])?;
    assert_eq!(expected, tree(&two.path)?);
    assert_eq!(reference.stdout, threads.stdout);
    assert_eq!(reference.stderr, threads.stderr);

    let reversed = Folder::new()?;
    for (path, bytes) in tree(Utf8Path::new(DEMO))?.into_iter().rev() {
        write(&reversed.path.join(path), &bytes)?;
    }
    let order = run(&reversed.path, &["convert"])?;
    assert_eq!(expected, tree(&reversed.path)?);
    assert_eq!(reference.stdout, order.stdout);
    assert_eq!(reference.stderr, order.stderr);
    Ok(())
}

#[test]
fn json_holds_the_entities_of_yaml() -> Result<()> {
    let folder = demo()?;
    let run = run(
        &folder.path,
        &["convert", "--manifest-format", "json", "--out", "json"],
    )?;
    assert_eq!(run.code, 0, "{}", run.shown());
    support::run(&folder.path, &["convert", "--out", "yaml"])?;
    let yaml = fs::read_to_string(folder.path.join("yaml/services/cart/port.yml"))?;
    let json = fs::read_to_string(folder.path.join("json/services/cart/port.json"))?;
    let mut documents = backstage2port::yaml::documents(&yaml).into_iter();
    let yaml = documents.next().ok_or("no document")?.content;
    let mut json: serde_json::Value = serde_json::from_str(&json)?;
    // JSON has no comments, so the first entity carries the header.
    let first = json[0].as_object_mut().ok_or("no entity")?;
    let header = first.shift_remove("$comment");
    assert!(
        header.is_some_and(|text| text.to_string().contains("Generated by backstage2port")),
        "no header"
    );
    assert_eq!(yaml.map_err(|faults| format!("{faults:?}"))?, json);
    assert!(documents.next().is_none(), "more than one document");
    Ok(())
}

#[test]
fn out_leaves_the_root_alone() -> Result<()> {
    let (folder, out) = (demo()?, Folder::new()?);
    let before = tree(&folder.path)?;
    let run = run(&folder.path, &["convert", "--out", out.path.as_str()])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    assert_eq!(before, tree(&folder.path)?);
    assert_eq!(tree(&out.path)?.len(), 14);
    Ok(())
}

#[test]
fn two_roots_make_one_catalog() -> Result<()> {
    let folder = Folder::with([
        (
            "web/catalog-info.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: web\nspec:\n  type: website\n  lifecycle: production\n  owner: team\n",
        ),
        ("org/catalog-info.yaml", GROUP),
    ])?;
    let alone = run(&folder.path, &["validate", "web"])?;
    assert!(
        alone.stdout.contains("owners-unchecked"),
        "{}",
        alone.shown()
    );
    let run = run(&folder.path, &["convert", "web", "org"])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    assert!(!run.stdout.contains("owners-unchecked"), "{}", run.shown());
    for manifest in ["web/port.yml", "org/port.yml"] {
        assert!(
            folder.path.join(manifest).is_file(),
            "{manifest}: {}",
            run.shown()
        );
    }
    Ok(())
}

#[test]
fn a_foreign_manifest_is_refused_and_kept() -> Result<()> {
    let folder = demo()?;
    let foreign = "- identifier: mine\n  blueprint: service\n";
    folder.write("services/cart/port.yml", foreign)?;
    let run = run(&folder.path, &["convert"])?;
    assert_eq!(run.code, 1, "{}", run.shown());
    assert!(
        run.stderr.contains("error[foreign-manifest]"),
        "{}",
        run.shown()
    );
    assert!(
        run.stderr.contains("services/cart/port.yml"),
        "{}",
        run.shown()
    );
    let kept = fs::read_to_string(folder.path.join("services/cart/port.yml"))?;
    assert_eq!(kept, foreign);
    assert!(
        folder.path.join("org/port.yml").is_file(),
        "the others are written"
    );
    Ok(())
}

#[test]
fn a_manifest_behind_a_symbolic_link_is_refused() -> Result<()> {
    let (folder, outside) = (demo()?, Folder::new()?);
    let target = outside.path.join("file");
    // Even a text that looks like ours.
    let text = "# Generated by backstage2port from catalog-info.yaml. Do not edit: change the descriptors and run it again.\n[]\n";
    fs::write(&target, text)?;
    symlink(&target, folder.path.join("services/cart/port.yml"))?;
    symlink(&outside.path, folder.path.join(".port"))?;
    let run = run(&folder.path, &["convert"])?;
    assert_eq!(run.code, 1, "{}", run.shown());
    assert!(
        run.stderr.contains("error[foreign-manifest]"),
        "{}",
        run.shown()
    );
    assert_eq!(fs::read_to_string(&target)?, text);
    assert_eq!(
        tree(&outside.path)?.len(),
        1,
        "written through a link: {}",
        run.shown()
    );
    assert!(
        folder
            .path
            .join("services/cart/port.yml")
            .symlink_metadata()?
            .is_symlink(),
        "the link was replaced"
    );
    Ok(())
}

#[test]
fn no_descriptors_is_an_outcome_of_its_own() -> Result<()> {
    let folder = Folder::with([("README.md", "Nothing here.\n")])?;
    for command in ["convert", "catalog", "validate"] {
        let found = run(&folder.path, &[command])?;
        assert_eq!(found.code, 3, "{command}: {}", found.shown());
        assert!(
            found.stderr.contains("no descriptors found in ."),
            "{}",
            found.shown()
        );
        assert!(
            found.stderr.contains("catalog-info.yaml"),
            "{}",
            found.shown()
        );
        let allowed = run(&folder.path, &[command, "--allow-empty"])?;
        assert_eq!(allowed.code, 0, "{command}: {}", allowed.shown());
    }
    assert_eq!(tree(&folder.path)?.len(), 1);
    Ok(())
}

#[test]
fn a_root_that_is_not_there_is_named() -> Result<()> {
    let folder = demo()?;
    for command in ["convert", "catalog", "validate"] {
        let run = run(&folder.path, &[command, "nowhere"])?;
        assert_eq!(run.code, 2, "{command}: {}", run.shown());
        assert!(run.stderr.contains("nowhere"), "{}", run.shown());
        assert!(run.stdout.is_empty(), "{}", run.shown());
    }
    Ok(())
}

#[test]
fn a_usage_error_is_told_from_findings() -> Result<()> {
    let folder = demo()?;
    for arguments in [
        &["convert", "--no-such-flag"][..],
        &["convert", "--manifest-format", "toml"],
        &["convert", "--include", "[a"],
        &["convert", "--profile", "no-such-profile"],
    ] {
        let run = run(&folder.path, arguments)?;
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.shown());
        assert!(
            run.stderr.starts_with("error:"),
            "{arguments:?}: {}",
            run.shown()
        );
    }
    assert!(!folder.path.join(".port").exists());
    Ok(())
}

#[test]
fn an_unreadable_file_costs_nothing_but_itself() -> Result<()> {
    let folder = Folder::with([
        ("good/catalog-info.yaml", GROUP),
        ("bad/catalog-info.yaml", GROUP),
    ])?;
    let bad = folder.path.join("bad/catalog-info.yaml");
    fs::set_permissions(&bad, fs::Permissions::from_mode(0o000))?;
    if fs::read(&bad).is_ok() {
        println!("skipped: this user reads every file");
        return Ok(());
    }
    let run = run(&folder.path, &["convert"])?;
    assert_eq!(run.code, 1, "{}", run.shown());
    assert!(
        run.stderr.contains("error[unreadable-file]"),
        "{}",
        run.shown()
    );
    assert!(
        run.stderr.contains("bad/catalog-info.yaml"),
        "{}",
        run.shown()
    );
    assert!(folder.path.join("good/port.yml").is_file());
    Ok(())
}

#[test]
fn a_folder_or_a_link_with_the_name_of_a_descriptor_is_passed_over() -> Result<()> {
    let folder = Folder::with([
        ("good/catalog-info.yaml", GROUP),
        ("folder/catalog-info.yaml/README.md", "A folder.\n"),
    ])?;
    fs::create_dir(folder.path.join("link"))?;
    symlink("nowhere", folder.path.join("link/catalog-info.yaml"))?;
    let run = run(&folder.path, &["convert"])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    assert!(
        run.stdout.contains("Read 1 file with 1 document"),
        "{}",
        run.shown()
    );
    assert!(folder.path.join("good/port.yml").is_file());
    Ok(())
}

const BLUEPRINTS: &str = "- identifier: team\n  title: Team\n  schema:\n    properties: {}\n    required: []\n  relations: {}\n";

fn mapping(title: &str) -> String {
    format!(
        "resources:\n  - kind: group\n    selector:\n      query: 'true'\n    port:\n      entity:\n        mappings:\n          identifier: .metadata.name\n          title: {title}\n          blueprint: '\"team\"'\n"
    )
}

#[test]
fn a_profile_of_the_user_is_used() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", GROUP),
        ("profile/blueprints.yaml", BLUEPRINTS),
        ("profile/mapping.yaml", &mapping(".metadata.name + \"!\"")),
    ])?;
    let run = run(&folder.path, &["convert", "--profile", "profile"])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    let manifest = fs::read_to_string(folder.path.join("port.yml"))?;
    assert!(manifest.contains("title: team!"), "{manifest}");
    assert!(manifest.contains("blueprint: team"), "{manifest}");
    Ok(())
}

#[test]
fn a_broken_profile_is_named_with_file_and_leaf() -> Result<()> {
    let good = mapping(".metadata.name");
    let bad_leaf = mapping(".metadata.name +");
    for (blueprints, mapping, words) in [
        (
            Some(BLUEPRINTS),
            Some(bad_leaf.as_str()),
            &["mapping.yaml", "title"][..],
        ),
        (Some(BLUEPRINTS), Some("resources: [\n"), &["mapping.yaml"]),
        (Some(BLUEPRINTS), None, &["mapping.yaml"]),
        (None, Some(good.as_str()), &["blueprints.yaml"]),
        (
            Some("- identifier: [team]\n"),
            Some(good.as_str()),
            &["blueprints.yaml", "[0]"],
        ),
    ] {
        let folder = Folder::with([("catalog-info.yaml", GROUP)])?;
        for (name, text) in [("blueprints.yaml", blueprints), ("mapping.yaml", mapping)] {
            if let Some(text) = text {
                folder.write(&format!("profile/{name}"), text)?;
            }
        }
        let run = run(&folder.path, &["convert", "--profile", "profile"])?;
        assert_eq!(run.code, 2, "{words:?}: {}", run.shown());
        for word in words {
            assert!(run.stderr.contains(word), "{word}: {}", run.shown());
        }
        assert!(!folder.path.join("port.yml").exists());
    }
    Ok(())
}

#[test]
fn a_target_that_cannot_be_written_is_named_and_nothing_is_half_written() -> Result<()> {
    let folder = demo()?;
    folder.write("taken", "a file where a folder is wanted\n")?;
    // The first is a file, the second takes no new files, whoever asks.
    for out in ["taken", "/proc/self"] {
        let run = run(&folder.path, &["convert", "--out", out])?;
        assert_eq!(run.code, 2, "{out}: {}", run.shown());
        assert!(
            run.stderr.contains("cannot write"),
            "{out}: {}",
            run.shown()
        );
        assert!(run.stderr.contains(out), "{out}: {}", run.shown());
    }
    assert_eq!(
        fs::read_to_string(folder.path.join("taken"))?,
        "a file where a folder is wanted\n"
    );
    Ok(())
}

/// A file system of a few kilobytes; unmounted when dropped.
struct SmallDisk(Folder);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mounted(size: &str) -> Result<Option<Self>> {
        let folder = Folder::new()?;
        let options = format!("size={size}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs", folder.path.as_str()])
            .stderr(Stdio::null())
            .status();
        Ok(mount
            .is_ok_and(|status| status.success())
            .then(|| Self(folder)))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A folder that stays mounted is left to whoever ends the machine.
        let _ = Command::new("umount").arg(self.0.path.as_str()).status();
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_whole_files_only() -> Result<()> {
    let Some(disk) = SmallDisk::mounted("64k")? else {
        println!("skipped: mounting is not allowed here");
        return Ok(());
    };
    let folder = Folder::new()?;
    let long = "x".repeat(3000);
    for number in 0..40 {
        folder.write(
            &format!("{number:02}/catalog-info.yaml"),
            &format!(
                "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: team-{number}\n  description: {long}\nspec:\n  type: team\n  children: []\n"
            ),
        )?;
    }
    let full = run(&folder.path, &["convert", "--out", disk.0.path.as_str()])?;
    assert_eq!(full.code, 2, "{}", full.shown());
    assert!(full.stderr.contains("cannot write"), "{}", full.shown());
    assert!(
        full.stderr.to_lowercase().contains("no space"),
        "{}",
        full.shown()
    );
    assert_eq!(leftovers(&disk.0.path)?, Vec::<Utf8PathBuf>::new());

    let room = Folder::new()?;
    run(&folder.path, &["convert", "--out", room.path.as_str()])?;
    let whole = tree(&room.path)?;
    for (path, bytes) in tree(&disk.0.path)? {
        assert_eq!(whole.get(&path), Some(&bytes), "{path} is not whole");
    }
    Ok(())
}

#[test]
fn a_reader_that_has_seen_enough_is_success() -> Result<()> {
    let folder = Folder::new()?;
    // More than a pipe holds.
    let document = |number| GROUP.replace("name: team", &format!("name: team-{number}")) + "---\n";
    let text: String = (0..5000).map(document).collect();
    folder.write("catalog-info.yaml", &text)?;
    let mut child = binary(&folder.path)
        .arg("catalog")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut reader = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    assert!(line.contains("\"kind\":\"Group\""), "{line}");
    drop(reader);
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    assert!(!stderr.contains("error"), "{stderr}");
    Ok(())
}

#[test]
fn catalog_prints_entities_as_the_api_returns_them() -> Result<()> {
    let folder = demo()?;
    let run = run(&folder.path, &["catalog"])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    let mut names = Vec::new();
    for line in run.stdout.lines() {
        let entity: serde_json::Value = serde_json::from_str(line)?;
        let keys: Vec<_> = entity
            .as_object()
            .ok_or("no object")?
            .keys()
            .cloned()
            .collect();
        assert_eq!(
            keys,
            [
                "apiVersion",
                "kind",
                "metadata",
                "spec",
                "relations",
                "source"
            ],
            "{line}"
        );
        assert_eq!(entity["metadata"]["namespace"], "default", "{line}");
        if entity["metadata"]["name"] == "CartAPI" {
            let relations = &entity["relations"];
            assert_eq!(
                relations[0],
                serde_json::json!({"type": "apiConsumedBy", "targetRef": "component:default/productsservice"})
            );
            let definition = entity["spec"]["definition"].as_str();
            assert!(definition.is_some_and(|text| text.starts_with("openapi: 3.0.3\n")));
        }
        names.push(entity["metadata"]["name"].clone());
    }
    assert_eq!(names.len(), 17, "{names:?}");
    Ok(())
}

#[test]
fn validate_prints_findings_and_writes_nothing() -> Result<()> {
    let folder = Folder::new()?;
    copy(Utf8Path::new("fixtures/invalid-fields/input"), &folder.path)?;
    let before = tree(&folder.path)?;
    let run = run(&folder.path, &["validate"])?;
    assert_eq!(run.code, 1, "{}", run.shown());
    for words in [
        "error[invalid-field]",
        "catalog-info.yaml:4:9",
        "name: has a blank",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.shown());
    }
    assert!(run.stderr.is_empty(), "{}", run.shown());
    assert_eq!(before, tree(&folder.path)?);
    Ok(())
}

#[test]
fn nothing_written_or_said_tells_where_the_run_was_made() -> Result<()> {
    let folder = demo()?;
    let run = run(&folder.path, &["convert", "--verbose"])?;
    let path = folder.path.as_str();
    assert!(
        !run.stdout.contains(path) && !run.stderr.contains(path),
        "{}",
        run.shown()
    );
    for (file, bytes) in tree(&folder.path)? {
        assert!(!String::from_utf8_lossy(&bytes).contains(path), "{file}");
    }
    Ok(())
}

/// A typo must never delete an entity in Port: a manifest that leaves one out does.
#[test]
fn a_descriptor_that_breaks_keeps_its_entity_in_the_manifest() -> Result<()> {
    let folder = Folder::new()?;
    let descriptor = folder.path.join("catalog-info.yaml");
    let entity = |name: &str, kind: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\nspec:\n  {kind}: team\n  children: []\n"
        )
    };
    let both = format!("{}---\n{}", entity("a", "type"), entity("b", "type"));
    write(&descriptor, both.as_bytes())?;
    assert_eq!(run(&folder.path, &["convert"])?.code, 0);
    let before = fs::read_to_string(folder.path.join("port.yml"))?;

    let broken = format!("{}---\n{}", entity("a", "type"), entity("b", "tipe"));
    write(&descriptor, broken.as_bytes())?;
    let run_broken = run(&folder.path, &["convert"])?;
    assert_eq!(run_broken.code, 1);
    assert!(
        run_broken
            .stderr
            .contains("`port.yml` keeps `group b`: missing now"),
        "{}",
        run_broken.stderr
    );
    assert_eq!(fs::read_to_string(folder.path.join("port.yml"))?, before);

    // What is left out on purpose leaves.
    write(&descriptor, entity("a", "type").as_bytes())?;
    assert_eq!(run(&folder.path, &["convert"])?.code, 0);
    let after = fs::read_to_string(folder.path.join("port.yml"))?;
    assert!(!after.contains("identifier: b"), "{after}");
    Ok(())
}

#[test]
fn kinds_that_the_profile_does_not_map_can_be_left_out() -> Result<()> {
    let folder = Folder::new()?;
    copy(Utf8Path::new("fixtures/custom-kind/input"), &folder.path)?;
    let all = run(&folder.path, &["convert", "--out", "all"])?;
    assert!(all.stdout.contains("inferred-blueprint"), "{}", all.shown());
    let some = run(&folder.path, &["convert", "--out", "some", "--no-infer"])?;
    assert_eq!(some.code, 0, "{}", some.shown());
    assert!(some.stdout.contains("unmapped-kind"), "{}", some.shown());
    let blueprint = |out: &str| {
        folder
            .path
            .join(out)
            .join(".port/blueprints/environment.json")
    };
    assert!(blueprint("all").is_file() && !blueprint("some").exists());
    Ok(())
}

const EVERY_TARGET: [&str; 8] = [
    "--target", "port-yml", "--target", "central", "--target", "tree", "--target", "bundle",
];
const EVERY_PROVIDER: [&str; 8] = [
    "--provider",
    "github",
    "--provider",
    "gitlab",
    "--provider",
    "bitbucket",
    "--provider",
    "azure",
];

#[test]
fn all_targets_hold_the_same_entities_and_a_second_run_writes_nothing() -> Result<()> {
    for format in ["yaml", "json"] {
        let folder = demo()?;
        let mut arguments = vec![
            "convert",
            "--manifest-format",
            format,
            "--include",
            "*.{yaml,yml,json}",
        ];
        arguments.extend(EVERY_TARGET);
        arguments.extend(EVERY_PROVIDER);
        let first = run(&folder.path, &arguments)?;
        assert!(first.stdout.contains("Wrote "), "{}", first.shown());
        let before = stamps(&folder.path)?;
        let second = run(&folder.path, &arguments)?;
        assert!(
            second.stdout.contains("Wrote nothing"),
            "{}",
            second.shown()
        );
        assert_eq!(first.code, second.code);
        assert_eq!(before, stamps(&folder.path)?);

        let mut of_target: std::collections::BTreeMap<&str, Vec<String>> = [].into();
        for (path, bytes) in tree(&folder.path)? {
            let target = match path.as_str() {
                ".port/port-import.json" => "bundle",
                path if path.ends_with("/port.yml") || path.ends_with("/port.json") => "port-yml",
                path if path.starts_with(".port/entities/") && path.matches('/').count() == 2 => {
                    "central"
                }
                path if path.starts_with(".port/entities/") => "tree",
                _ => continue,
            };
            let text = String::from_utf8(bytes)?;
            for document in backstage2port::yaml::documents(&text) {
                let content = document
                    .content
                    .map_err(|faults| format!("{path}: {faults:?}"))?;
                let content = content.get("entities").unwrap_or(&content);
                let entities = content.as_array().cloned();
                for mut entity in entities.unwrap_or_else(|| vec![content.clone()]) {
                    let map = entity.as_object_mut().ok_or("no entity")?;
                    map.shift_remove("$comment");
                    of_target
                        .entry(target)
                        .or_default()
                        .push(entity.to_string());
                }
            }
        }
        let mut lists = of_target.into_values().map(|mut entities| {
            entities.sort();
            entities
        });
        let first = lists.next().ok_or("nothing written")?;
        assert_eq!(first.len(), 16);
        for (number, list) in lists.enumerate() {
            assert_eq!(list, first, "{format}, list {number}");
        }
    }
    Ok(())
}

#[test]
fn the_host_of_the_repository_chooses_the_mapping_and_none_writes_none() -> Result<()> {
    let mappings = |arguments: &[&str]| -> Result<Vec<(String, String)>> {
        let folder = demo()?;
        let run = run(&folder.path, &[&["convert"], arguments].concat())?;
        assert_eq!(run.code, 0, "{}", run.shown());
        let mut found = Vec::new();
        for (path, bytes) in tree(&folder.path)? {
            if path.starts_with(".port/mapping") {
                let name = path.file_name().unwrap_or_default().to_owned();
                found.push((name, String::from_utf8(bytes)?));
            }
        }
        Ok(found)
    };
    for (url, file, repositories) in [
        (
            "https://github.com/acme/shop",
            "github.yml",
            "organization: acme\n          repos:\n            - name: shop\n",
        ),
        (
            "https://gitlab.acme.example/a/b/shop",
            "gitlab.yml",
            "repos:\n          - a/b/shop\n",
        ),
        (
            "git@bitbucket.org:acme/shop.git",
            "bitbucket.yml",
            "repos:\n          - shop\n",
        ),
        (
            "https://dev.azure.com/acme/web/_git/shop",
            "azure.yml",
            "repos:\n          - shop\n",
        ),
    ] {
        let found = mappings(&["--repo-url", url])?;
        assert_eq!(found.len(), 1, "{url}");
        assert_eq!(found[0].0, file, "{url}");
        assert!(found[0].1.contains(repositories), "{url}: {}", found[0].1);
    }
    let found = mappings(&[])?;
    assert_eq!(found[0].0, "github.yml");
    assert!(!found[0].1.contains("repos:"), "{}", found[0].1);
    assert!(mappings(&["--provider", "none"])?.is_empty());
    assert!(mappings(&["--target", "bundle"])?.is_empty());
    Ok(())
}

#[test]
fn a_provider_that_cannot_read_the_target_is_a_usage_error_with_a_remedy() -> Result<()> {
    let folder = demo()?;
    let arguments = ["convert", "--target", "tree", "--provider", "bitbucket"];
    let refused = run(&folder.path, &arguments)?;
    assert_eq!(refused.code, 2, "{}", refused.shown());
    assert!(
        refused.stderr.contains("--target central"),
        "{}",
        refused.shown()
    );
    assert!(!folder.path.join(".port").exists());
    let both = run(
        &folder.path,
        &[&arguments[..], &["--target", "central"]].concat(),
    )?;
    assert_eq!(both.code, 0, "{}", both.shown());
    Ok(())
}

#[test]
fn a_root_below_the_top_is_mapped_where_it_stands() -> Result<()> {
    let folder = Folder::with([("services/web/catalog-info.yaml", GROUP)])?;
    git2::Repository::init(&folder.path)?;
    let arguments = [
        "convert",
        "services",
        "--target",
        "central",
        "--provider",
        "gitlab",
    ];
    let run = run(&folder.path, &arguments)?;
    assert_eq!(run.code, 0, "{}", run.shown());
    let mapping = fs::read_to_string(folder.path.join("services/.port/mapping/gitlab.yml"))?;
    assert!(
        mapping.contains("path: services/.port/entities/group*.yml\n"),
        "{mapping}"
    );
    Ok(())
}

/// A typo must not delete an entity from a list, a bundle or the mapping either, and what only moves from one part of a
/// list to another is not lost.
#[test]
fn a_descriptor_that_breaks_keeps_its_entity_in_every_target() -> Result<()> {
    let folder = Folder::with([
        ("a/catalog-info.yaml", GROUP),
        (
            "b/catalog-info.yaml",
            &GROUP.replace("name: team", "name: other"),
        ),
        (
            "c/catalog-info.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata:\n  name: shop\nspec:\n  owner: team\n",
        ),
    ])?;
    let mut arguments = vec!["convert"];
    arguments.extend(EVERY_TARGET);
    assert_eq!(run(&folder.path, &arguments)?.code, 0);
    let is_manifest = |path: &Utf8PathBuf| path.starts_with(".port");
    let written = |folder: &Folder| -> Result<Vec<(Utf8PathBuf, Vec<u8>)>> {
        Ok(tree(&folder.path)?
            .into_iter()
            .filter(|(path, _)| is_manifest(path))
            .collect())
    };
    let before = written(&folder)?;

    folder.write(
        "b/catalog-info.yaml",
        &GROUP.replace("type: team", "tipe: team"),
    )?;
    folder.write("c/catalog-info.yaml", "kind: System\n")?;
    let broken = run(&folder.path, &arguments)?;
    assert_eq!(broken.code, 1, "{}", broken.shown());
    for kept in ["`group other`", "`system shop`"] {
        let kept = format!("keeps {kept}: missing now");
        assert!(broken.stderr.contains(&kept), "{kept}: {}", broken.shown());
    }
    let after = written(&folder)?;
    for ((path, bytes), (now, after)) in before.iter().zip(&after) {
        let (bytes, after) = (
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(after),
        );
        assert_eq!((path, bytes), (now, after));
    }
    assert_eq!(before.len(), after.len());

    // What is left out on purpose leaves.
    fs::remove_dir_all(folder.path.join("b"))?;
    fs::remove_dir_all(folder.path.join("c"))?;
    assert_eq!(run(&folder.path, &arguments)?.code, 0);
    let list = fs::read_to_string(folder.path.join(".port/entities/group.yml"))?;
    assert!(
        list.contains("identifier: team") && !list.contains("identifier: other"),
        "{list}"
    );
    Ok(())
}
