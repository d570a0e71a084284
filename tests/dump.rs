//! Catalog dumps (`--catalog`): what counts as one, what wins, which relations survive, and that a catalog read in parts
//! is the catalog read at once.

#![expect(clippy::print_stdout, reason = "what was compared is for people")]

mod support;

use backstage2port::backstage::Mode;
use backstage2port::backstage::discover::Patterns;
use backstage2port::{Dumps, Inputs};
use camino::Utf8Path;
use serde_json::{Value, json};
use support::{Folder, Result, Run, folders, run, tree, write};

const OWNED: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: shop\nspec:\n  \
                     type: service\n  lifecycle: production\n  owner: Team\n";

/// An entity of Backstage's API.
fn entity(kind: &str, name: &str, spec: &Value, relations: &Value) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": kind,
        "metadata": {"namespace": "default", "name": name, "uid": "1-2", "etag": "x", "annotations": {
            "backstage.io/managed-by-location": "url:https://github.com/acme/x/tree/main/catalog-info.yaml",
            "backstage.io/managed-by-origin-location": "url:https://github.com/acme/x/blob/main/catalog-info.yaml",
            "backstage.io/view-url": "https://github.com/acme/x/tree/main/catalog-info.yaml",
            "backstage.io/edit-url": "https://github.com/acme/x/edit/main/catalog-info.yaml",
            "backstage.io/source-location": "url:https://github.com/acme/x/tree/main/",
        }},
        "spec": spec, "relations": relations, "status": {"items": []},
    })
}

fn group(name: &str, relations: &Value) -> Value {
    entity(
        "Group",
        name,
        &json!({"type": "team", "children": []}),
        relations,
    )
}

fn component(name: &str, owner: &str) -> Value {
    let spec = json!({"type": "service", "lifecycle": "production", "owner": owner});
    entity("Component", name, &spec, &json!([]))
}

fn lines(text: &str) -> Result<Vec<Value>> {
    Ok(text
        .lines()
        .map(serde_json::from_str)
        .collect::<std::result::Result<_, _>>()?)
}

/// `catalog` with these arguments, as JSON.
fn catalog(folder: &Folder, arguments: &[&str]) -> Result<Vec<Value>> {
    let run = run(&folder.path, &[&["catalog"], arguments].concat())?;
    assert_eq!(run.code, 0, "{}", run.shown());
    lines(&run.stdout)
}

/// The relations of an entity in words.
fn relations(catalog: &[Value], name: &str) -> Result<Vec<String>> {
    let is_named = |entity: &&Value| entity["metadata"]["name"] == name;
    let entity = catalog
        .iter()
        .find(is_named)
        .ok_or_else(|| format!("no {name}"))?;
    let relations = entity["relations"].as_array().ok_or("no relations")?;
    let in_words = |relation: &Value| {
        let part = |key: &str| relation[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", part("type"), part("targetRef"))
    };
    Ok(relations.iter().map(in_words).collect())
}

fn says(run: &Run, text: &str) -> bool {
    // Messages are wrapped to the terminal.
    let words = |text: &str| -> String {
        let words = text.split(|char: char| char.is_whitespace() || char == '│');
        words.filter(|word| !word.is_empty()).collect()
    };
    words(&(run.stdout.clone() + &run.stderr)).contains(&words(text))
}

#[test]
fn every_layout_makes_references_resolve() -> Result<()> {
    let (team, other) = (group("Team", &json!([])), group("other", &json!([])));
    let dangling = Folder::with([("catalog-info.yaml", OWNED)])?;
    let run_without = run(&dangling.path, &["validate"])?;
    assert!(
        says(
            &run_without,
            "1 reference to groups was not looked up: no groups are known"
        ),
        "{}",
        run_without.shown()
    );
    for dump in [
        json!([other, team]).to_string(),
        serde_json::to_string_pretty(&json!([other, team]))?,
        json!({"items": [other, team], "pageInfo": {}}).to_string(),
        serde_json::to_string_pretty(&json!({"totalItems": 2, "items": [team]}))?,
        format!("{other}\n\n{team}\n"),
        format!(
            "{}\n{}",
            serde_json::to_string_pretty(&other)?,
            serde_json::to_string_pretty(&team)?
        ),
        team.to_string(),
    ] {
        let folder = Folder::with([("catalog-info.yaml", OWNED), ("dump.txt", &dump)])?;
        let run = run(&folder.path, &["validate", "--catalog", "dump.txt"])?;
        assert!(
            run.code == 0 && says(&run, "No findings."),
            "{dump}\n{}",
            run.shown()
        );
        // The spelling of the target is that of the dump, and nothing of the dump is printed.
        let convert = support::run(&folder.path, &["convert", "--catalog", "dump.txt"])?;
        assert!(
            says(&convert, "Component 1 -> component") && !says(&convert, "Group"),
            "{}",
            convert.shown()
        );
        let written = tree(&folder.path)?;
        let manifest = written
            .get(Utf8Path::new("port.yml"))
            .ok_or("no port.yml")?;
        assert!(String::from_utf8_lossy(manifest).contains("owningGroup: Team\n"));
        assert!(!written.contains_key(Utf8Path::new(".port/catalog/port.yml")));
    }
    Ok(())
}

#[test]
fn a_record_gives_what_its_descriptor_gives() -> Result<()> {
    let mut recorded = component("shop", "Team");
    recorded["relations"] = json!([{"type": "ownedBy", "targetRef": "group:default/team"}]);
    let folder = Folder::with([
        ("catalog-info.yaml", OWNED),
        ("dump.json", &recorded.to_string()),
    ])?;
    let mut from_git = catalog(&folder, &["."])?;
    let mut from_dump = catalog(&folder, &["--catalog", "dump.json", "--convert-catalog"])?;
    let place = from_git[0]
        .as_object_mut()
        .and_then(|entity| entity.shift_remove("source"));
    let folder_name = folder.path.file_name();
    assert_eq!(
        place,
        Some(json!({"root": folder_name, "path": "catalog-info.yaml", "line": 1}))
    );
    assert_eq!(from_git, from_dump);
    // Numbers as JavaScript has them.
    recorded["spec"]["size"] = json!(12_345_678_901_234_567_890_u64);
    recorded["spec"]["ratio"] = json!(2.0);
    folder.write("dump.json", &recorded.to_string())?;
    from_dump = catalog(&folder, &["--catalog", "dump.json", "--convert-catalog"])?;
    assert_eq!(
        from_dump[0]["spec"]["size"].to_string(),
        "12345678901234567000"
    );
    assert_eq!(from_dump[0]["spec"]["ratio"].to_string(), "2");
    Ok(())
}

#[test]
fn git_wins_and_leaves_no_ghosts() -> Result<()> {
    // Backstage still shows what git said before: the shop belonged to `old`, and `feed` depended on it.
    let owner_of =
        |name: &str| json!({"type": "ownerOf", "targetRef": format!("component:default/{name}")});
    let mut shop = component("shop", "old");
    shop["metadata"]["description"] = json!("as it was");
    let mut feed = component("feed", "old");
    feed["spec"]["dependsOn"] = json!(["component:shop"]);
    feed["relations"] = json!([
        {"type": "watches", "targetRef": "component:default/shop"},
        {"type": "watches", "targetRef": "group:default/old"},
        {"type": "watchesToo", "target": {"kind": "group", "namespace": "default", "name": "team"}},
        {"type": "watches", "targetRef": "group:default/unknown"},
    ]);
    let old = group(
        "old",
        &json!([owner_of("shop"), owner_of("feed"), owner_of("gone")]),
    );
    let dump = json!([shop, feed, old, group("Team", &json!([]))]).to_string();
    let folder = Folder::with([("catalog-info.yaml", OWNED), ("dump.json", &dump)])?;
    let arguments = [".", "--catalog", "dump.json", "--convert-catalog"];
    let all = catalog(&folder, &arguments)?;
    let names: Vec<&Value> = all
        .iter()
        .map(|entity| &entity["metadata"]["name"])
        .collect();
    assert_eq!(names, ["shop", "feed", "old", "Team"]);
    assert_eq!(all[0]["metadata"].get("description"), None);
    assert_eq!(
        relations(&all, "shop")?,
        [
            "dependencyOf component:default/feed",
            "ownedBy group:default/team"
        ]
    );
    assert_eq!(relations(&all, "old")?, ["ownerOf component:default/feed"]);
    assert_eq!(relations(&all, "Team")?, ["ownerOf component:default/shop"]);
    assert_eq!(
        relations(&all, "feed")?,
        [
            "dependsOn component:default/shop",
            "ownedBy group:default/old",
            "watches group:default/old",
            "watchesToo group:default/team",
        ]
    );
    let run = run(&folder.path, &["validate", "--catalog", "dump.json"])?;
    assert!(
        says(
            &run,
            "Read 1 catalog dump with 4 entities, 1 of them also in descriptors"
        ),
        "{}",
        run.shown()
    );
    assert!(says(&run, "No findings."), "{}", run.shown());
    // A typo in git leaves the entity known, but not to be converted from the dump.
    folder.write("catalog-info.yaml", &OWNED.replace("lifecycle:", "cycle:"))?;
    let run = support::run(
        &folder.path,
        &[
            "catalog",
            ".",
            "--catalog",
            "dump.json",
            "--convert-catalog",
        ],
    )?;
    assert!(
        run.code == 1 && !says(&run, "nothing defines"),
        "{}",
        run.shown()
    );
    assert!(
        lines(&run.stdout)?
            .iter()
            .all(|entity| entity["metadata"]["name"] != "shop")
    );
    Ok(())
}

#[test]
fn the_first_of_two_dumps_wins() -> Result<()> {
    let second = component("a", "b")
        .to_string()
        .replace("\"uid\":\"1-2\"", "\"uid\":\"9\"");
    let folder = Folder::with([
        ("a.json", component("a", "b").to_string().as_str()),
        ("same.json", &second),
        ("other.json", &component("A", "c").to_string()),
        ("b.json", &group("b", &json!([])).to_string()),
        (
            "empty/catalog-info.yaml",
            OWNED.replace("Team", "b").as_str(),
        ),
    ])?;
    let known = [
        "validate",
        "empty",
        "--catalog",
        "b.json",
        "--catalog",
        "a.json",
        "--catalog",
    ];
    let same = run(&folder.path, &[&known[..], &["same.json"]].concat())?;
    assert!(
        same.code == 0 && says(&same, "No findings."),
        "{}",
        same.shown()
    );
    let other = run(&folder.path, &[&known[..], &["other.json"]].concat())?;
    assert!(
        other.code == 0 && says(&other, "warning[duplicate-entity]"),
        "{}",
        other.shown()
    );
    assert!(
        says(
            &other,
            "other.json:1: `component:default/a` is defined elsewhere in other words"
        ),
        "{}",
        other.shown()
    );
    assert!(
        says(&other, "this one counts: a.json:1"),
        "{}",
        other.shown()
    );
    let converted = [
        "--catalog",
        "b.json",
        "--catalog",
        "other.json",
        "--catalog",
        "a.json",
        "--convert-catalog",
    ];
    let converted = run(&folder.path, &[&["catalog"], &converted[..]].concat())?;
    assert!(
        converted.code == 1 && says(&converted, "error[duplicate-entity]"),
        "{}",
        converted.shown()
    );
    assert_eq!(lines(&converted.stdout)?[0]["metadata"]["name"], "A");
    Ok(())
}

#[test]
fn records_are_converted_into_a_folder_of_their_own() -> Result<()> {
    let dump = json!([
        component("z", "Team"),
        component("a", "Team"),
        group("Team", &json!([]))
    ])
    .to_string();
    let folder = Folder::with([("repo/catalog-info.yaml", OWNED), ("dump.json", &dump)])?;
    let both = [
        "convert",
        "repo",
        "--catalog",
        "dump.json",
        "--convert-catalog",
    ];
    let in_root = run(&folder.path, &both)?;
    assert_eq!(in_root.code, 0, "{}", in_root.shown());
    let written = tree(&folder.path.join("repo"))?;
    let manifest = written
        .get(Utf8Path::new(".port/catalog/port.yml"))
        .ok_or("no manifest")?;
    let manifest = String::from_utf8(manifest.clone())?;
    let identifiers: Vec<&str> = manifest
        .lines()
        .filter(|line| line.starts_with("- identifier"))
        .collect();
    assert_eq!(
        identifiers,
        ["- identifier: a", "- identifier: z", "- identifier: Team"]
    );
    assert!(
        manifest.contains(" from dump.json. Do not edit"),
        "{manifest}"
    );
    assert!(written.contains_key(Utf8Path::new("port.yml")));
    let again = run(&folder.path, &both)?;
    assert!(says(&again, "Wrote nothing"), "{}", again.shown());

    let alone = ["convert", "--catalog", "dump.json", "--convert-catalog"];
    let before = tree(&folder.path)?;
    let nowhere = run(&folder.path, &alone)?;
    assert!(
        nowhere.code == 2 && says(&nowhere, "--out"),
        "{}",
        nowhere.shown()
    );
    assert_eq!(tree(&folder.path)?, before);
    let out = run(&folder.path, &[&alone[..], &["--out", "out"]].concat())?;
    assert_eq!(out.code, 0, "{}", out.shown());
    let written = tree(&folder.path.join("out"))?;
    assert!(
        written.contains_key(Utf8Path::new(".port/catalog/port.yml")),
        "{:?}",
        written.keys()
    );
    assert!(written.contains_key(Utf8Path::new(".port/blueprints/component.json")));
    Ok(())
}

/// Compares one run over all roots with runs over parts and one more that joins them.
fn assert_joined(cwd: &Utf8Path, parts: &[Vec<&str>], options: &[&str]) -> Result<usize> {
    let folder = Folder::new()?;
    let all = parts.concat();
    let once = run(
        cwd,
        &[&["catalog", "--allow-empty", "-q"], &all[..], options].concat(),
    )?;
    let mut dumps = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let dump = folder.path.join(format!("{index}.ndjson"));
        let run = run(
            cwd,
            &[&["catalog", "--allow-empty", "-q"], &part[..], options].concat(),
        )?;
        write(&dump, run.stdout.as_bytes())?;
        dumps.extend(["--catalog".to_owned(), dump.into_string()]);
    }
    let dumps: Vec<&str> = dumps
        .iter()
        .map(String::as_str)
        .chain(["--convert-catalog"])
        .collect();
    let joined = run(cwd, &[&["catalog", "-q"], &dumps[..]].concat())?;
    assert!(
        once.stdout == joined.stdout,
        "the joined catalog differs:\n{}",
        joined.stderr
    );
    let (whole, parted) = (folder.path.join("whole"), folder.path.join("parted"));
    run(
        cwd,
        &[
            &["convert", "-q", "--out", whole.as_str()],
            &all[..],
            options,
        ]
        .concat(),
    )?;
    run(
        cwd,
        &[&["convert", "-q", "--out", parted.as_str()], &dumps[..]].concat(),
    )?;
    let (whole, parted) = (tree(&whole)?, tree(&parted)?);
    assert!(
        whole.keys().eq(parted.keys()),
        "other manifests than in one run"
    );
    for (path, bytes) in &whole {
        assert!(parted[path] == *bytes, "{path} differs");
    }
    assert!(!whole.is_empty());
    Ok(once.stdout.lines().count())
}

#[test]
fn parts_joined_are_the_catalog_of_one_run() -> Result<()> {
    let shop = |text: &str| OWNED.replace("name: shop", &format!("name: {text}"));
    let location = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\nspec:\n  \
                    targets: [./more/*.yaml]\n";
    let folder = Folder::with([
        // Reached by a Location only, so the file of `b` that is found by name wins.
        ("z/catalog-info.yaml", location),
        (
            "z/more/x.yaml",
            &(shop("shared") + "---\n" + &shop("only-z\n  etag: kept")),
        ),
        ("b/catalog-info.yaml", &shop("shared\n  title: of b")),
        (
            "b/x/catalog-info.yaml",
            &(shop("twice\n  title: first") + "---\n" + &shop("last\n  n: 0.1e-7")),
        ),
        (
            "a/catalog-info.yaml",
            &(shop("twice\n  title: second") + "---\n" + &shop("Team")),
        ),
        (
            "a/sub/catalog-info.yaml",
            &OWNED
                .replace("Component", "Group")
                .replace("name: shop", "name: Team"),
        ),
    ])?;
    let parts = [vec!["z"], vec!["b"], vec!["a"]];
    assert_eq!(assert_joined(&folder.path, &parts, &[])?, 6);
    assert_eq!(
        assert_joined(&folder.path, &[vec!["z", "b"], vec!["a"]], &[])?,
        6
    );
    let address = ["--repo-url", "https://github.com/acme/shop"];
    assert_eq!(assert_joined(&folder.path, &parts, &address)?, 6);
    Ok(())
}

#[test]
fn the_corpus_in_eight_parts_is_the_corpus_in_one() -> Result<()> {
    let corpus = Utf8Path::new("../shared/corpus");
    if !corpus.is_dir() {
        println!("skipped: ../shared/corpus is not there");
        return Ok(());
    }
    let roots: Vec<String> = folders(corpus)?
        .iter()
        .filter_map(|root| root.file_name().map(ToOwned::to_owned))
        .collect();
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let parts: Vec<Vec<&str>> = roots
        .chunks(roots.len().div_ceil(8))
        .map(<[_]>::to_vec)
        .collect();
    assert_eq!(parts.len(), 8);
    let entities = assert_joined(corpus, &parts, &[])?;
    println!(
        "{} repositories, {entities} entities: the same in one run and in 8 parts",
        roots.len()
    );
    Ok(())
}

#[test]
fn a_bad_entity_costs_only_itself() -> Result<()> {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let good = component("good", "b");
    let bad = [
        (
            "{\"apiVersion\": ]}",
            "json-syntax",
            "the entity is no JSON",
        ),
        (
            "{\"apiVersion\":1e999}",
            "json-syntax",
            "number out of range",
        ),
        (deep.as_str(), "json-syntax", "recursion limit"),
        ("[1]", "not-an-entity", "found a list"),
        ("7", "not-an-entity", "found the number"),
        (
            "{\"kind\":\"A\"}",
            "invalid-envelope",
            "`apiVersion` is missing",
        ),
        (
            "{\"apiVersion\":\"v1\",\"kind\":7,\"metadata\":{\"name\":\"x\"}}",
            "invalid-envelope",
            "`kind` must be a text",
        ),
        (
            "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":[]}",
            "invalid-envelope",
            "`metadata` must be a map",
        ),
    ];
    for (text, code, message) in bad {
        for dump in [
            format!("{good}\n\n{text}\n{good}\n"),
            format!("[\n{good},\n{text},\n{good}]"),
        ] {
            // What breaks the brackets of a list breaks the list.
            if text.contains(": ]") && dump.starts_with('[') {
                continue;
            }
            let folder = Folder::with([("dump", dump.as_str())])?;
            let run = run(
                &folder.path,
                &["catalog", "--catalog", "dump", "--convert-catalog"],
            )?;
            assert_eq!(run.code, 1, "{}", run.shown());
            assert_eq!(lines(&run.stdout)?.len(), 1, "{}", run.shown());
            assert!(
                says(&run, &format!("error[{code}]")) && says(&run, message),
                "{}",
                run.shown()
            );
            assert!(says(&run, "dump:3:"), "{}", run.shown());
        }
    }
    Ok(())
}

#[test]
fn an_entity_against_the_rules_is_known_but_not_converted() -> Result<()> {
    let mut team = group("Team", &json!([]));
    team["metadata"]["tags"] = json!(["Not A Tag"]);
    team["relations"] = json!({"no": "list"});
    let folder = Folder::with([
        ("repo/catalog-info.yaml", OWNED),
        ("dump.json", &team.to_string()),
    ])?;
    let arguments = ["validate", "repo", "--catalog", "dump.json"];
    let known = run(&folder.path, &arguments)?;
    assert!(
        known.code == 0 && says(&known, "warning[invalid-field]"),
        "{}",
        known.shown()
    );
    assert!(
        says(&known, "`relations` must be a list") && !says(&known, "nothing defines"),
        "{}",
        known.shown()
    );
    let converted = run(
        &folder.path,
        &[
            "catalog",
            "repo",
            "--catalog",
            "dump.json",
            "--convert-catalog",
        ],
    )?;
    assert!(
        converted.code == 1 && says(&converted, "error[invalid-field]"),
        "{}",
        converted.shown()
    );
    assert_eq!(lines(&converted.stdout)?.len(), 1);
    Ok(())
}

#[test]
fn what_is_no_dump_ends_the_run() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", OWNED),
        ("page.html", "<!DOCTYPE html>\n<html>"),
        ("cut.json", "[\n{\"a\": 1},\n{\"apiVersion\": \"v1"),
        ("no.json", "{no json}"),
        ("a/file", ""),
    ])?;
    for (dump, message) in [
        (
            "page.html",
            "catalog dump page.html: line 1: this is no JSON",
        ),
        (
            "cut.json",
            "catalog dump cut.json: line 3: the file ends before",
        ),
        ("no.json", "catalog dump no.json: line 1: this is no JSON"),
        ("missing.json", "cannot read the catalog dump missing.json"),
        ("a", "cannot read the catalog dump a"),
    ] {
        let before = tree(&folder.path)?;
        let run = run(&folder.path, &["convert", "--catalog", dump])?;
        assert!(run.code == 2 && says(&run, message), "{}", run.shown());
        assert_eq!(tree(&folder.path)?, before);
    }
    let empty = run(
        &folder.path,
        &["catalog", "--catalog", "a/file", "--convert-catalog"],
    )?;
    assert_eq!(empty.code, 3, "{}", empty.shown());
    Ok(())
}

#[test]
fn a_dump_cannot_say_where_on_the_machine_is_written() -> Result<()> {
    let folder = Folder::with([("work/secret.txt", "kept: secret\n")])?;
    for (root, path) in [
        ("..", "x.yaml"),
        ("x", "../../x.yaml"),
        ("x", "/x.yaml"),
        (".git", "x.yaml"),
    ] {
        let mut entity = component("a", "missing");
        entity["source"] = json!({"root": root, "path": path, "line": 1});
        folder.write("work/dump.json", &entity.to_string())?;
        let arguments = [
            "convert",
            "--catalog",
            "dump.json",
            "--convert-catalog",
            "--out",
            "out",
        ];
        let run = run(&folder.path.join("work"), &arguments)?;
        assert!(
            says(&run, "the place of the descriptor is not used"),
            "{}",
            run.shown()
        );
        let written = tree(&folder.path)?;
        let expected = [
            "work/dump.json",
            "work/out/.port/blueprints/component.json",
            "work/out/.port/blueprints/group.json",
        ];
        let more = [
            "work/out/.port/catalog/port.yml",
            "work/out/.port/mapping/github.yml",
            "work/secret.txt",
        ];
        assert!(
            written
                .keys()
                .map(|path| path.as_str())
                .eq(expected.into_iter().chain(more)),
            "{:?}",
            written.keys()
        );
    }
    // A good place is none to read from.
    let mut entity = component("a", "missing@acme");
    entity["source"] = json!({"root": "work", "path": "secret.txt", "line": 1});
    folder.write("dump.json", &entity.to_string())?;
    let run = run(
        &folder.path,
        &["validate", "--catalog", "dump.json", "--convert-catalog"],
    )?;
    assert!(
        says(&run, "work/secret.txt:1: `spec.owner` names") && !says(&run, "kept"),
        "{}",
        run.shown()
    );
    Ok(())
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        at in 0_usize..2_000,
        is_text in proptest::prelude::any::<bool>(),
    ) {
        let mut dump = json!({"items": [component("a", "b"), group("b", &json!([{"type": "x", "targetRef": "a:b/c"}]))]}).to_string().into_bytes();
        let at = at.min(dump.len());
        if is_text {
            dump = bytes;
        } else {
            let end = (at + bytes.len() / 8).min(dump.len());
            dump.splice(at..end, bytes.into_iter().take(10));
        }
        let ended = ended(&dump);
        proptest::prop_assert!(ended.is_ok(), "{ended:?}");
    }
}

/// Reads a dump; both a catalog and an error will do.
fn ended(dump: &[u8]) -> Result<()> {
    let folder = Folder::new()?;
    let path = folder.path.join("dump");
    write(&path, dump)?;
    let _ = backstage2port::catalog(Inputs {
        roots: Vec::new(),
        patterns: Patterns::new(&[], &[])?,
        revision: None,
        mode: Mode::Tolerant,
        dumps: Dumps {
            paths: vec![path],
            are_converted: true,
        },
        codeowners: backstage2port::codeowners::Rules::default(),
        progress: std::sync::Arc::default(),
    });
    Ok(())
}
