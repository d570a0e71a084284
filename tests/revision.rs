//! A git revision gives what a work tree of it gives, in every sort of repository; and a root knows the addresses of
//! its repository.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};
use support::git::{commit, git};
use support::{Folder, Result, Run, copy, finished, run, tree, write};

const DEMO: &str = "fixtures/demo/input";
const CORPUS: &str = "../shared/corpus";

fn component(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n\
         spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
    )
}

/// A folder with the repository `shop`, with these files committed.
fn repository(files: &[(&str, &str)]) -> Result<Folder> {
    let folder = Folder::new()?;
    let shop = folder.path.join("shop");
    for (path, text) in files {
        write(&shop.join(path), text.as_bytes())?;
    }
    fs::create_dir_all(&shop)?;
    git(&shop, &["init", "-q", "-b", "main"])?;
    commit(&shop)?;
    Ok(folder)
}

/// The catalog of a root; it has no findings that are errors.
fn catalog(cwd: &Utf8Path, arguments: &[&str]) -> Result<String> {
    let run = run(cwd, &[&["catalog"], arguments].concat())?;
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.shown());
    Ok(run.stdout)
}

/// The names of a catalog's entities.
fn names(cwd: &Utf8Path, arguments: &[&str]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for line in catalog(cwd, arguments)?.lines() {
        let entity: serde_json::Value = serde_json::from_str(line)?;
        let name = entity["metadata"]["name"].as_str();
        names.push(name.ok_or("no name")?.to_owned());
    }
    names.sort();
    Ok(names)
}

fn failed(cwd: &Utf8Path, arguments: &[&str], expected: &str) -> Result<()> {
    let run = run(cwd, arguments)?;
    assert_eq!(run.code, 2, "{}", run.shown());
    assert!(run.stderr.contains(expected), "{}", run.shown());
    Ok(())
}

/// The run with the number of written manifests and the like, the folder of the work tree and the one of the
/// revision made one.
fn comparable(run: &Run, out: &str) -> (i32, String, String) {
    let same = |text: &str| text.replace(out, "out");
    (run.code, same(&run.stdout), same(&run.stderr))
}

/// A line of a catalog without the name of the folder that was read, which differs between clones.
fn without_root(line: &str) -> Result<serde_json::Value> {
    let mut entity: serde_json::Value = serde_json::from_str(line)?;
    let source = entity["source"].as_object_mut().ok_or("no source")?;
    source.remove("root").ok_or("no root")?;
    Ok(entity)
}

/// Compares what a work tree and a revision of it give: the catalog, the manifests, and what is said.
fn assert_same(cwd: &Utf8Path, root: &str, other: &str, revision: &str) -> Result<()> {
    let work_tree = run(cwd, &["catalog", root, "-v"])?;
    let read = run(cwd, &["catalog", other, "-v", "--rev", revision])?;
    assert_eq!(work_tree.code, read.code, "{}", read.shown());
    assert!(work_tree.code < 2, "{}", work_tree.shown());
    assert!(!read.stdout.is_empty());
    let lines = |run: &Run| -> Result<Vec<serde_json::Value>> {
        run.stdout.lines().map(without_root).collect()
    };
    assert_eq!(lines(&work_tree)?, lines(&read)?);
    if root == other {
        assert_eq!(work_tree.stdout, read.stdout);
        assert_eq!(work_tree.stderr, read.stderr);
    }
    let out = Folder::new()?;
    let (first, second) = (out.path.join("first"), out.path.join("second"));
    let work_tree = run(cwd, &["convert", root, "--out", first.as_str()])?;
    let arguments = ["convert", other, "--rev", revision, "--out"];
    let read = run(cwd, &[&arguments[..], &[second.as_str()]].concat())?;
    if root == other {
        let (first, second) = (first.as_str(), second.as_str());
        assert_eq!(comparable(&work_tree, first), comparable(&read, second));
    }
    assert!(!tree(&first)?.is_empty());
    assert!(tree(&first)? == tree(&second)?, "the manifests differ");
    Ok(())
}

#[test]
fn the_demo_is_the_same_in_every_sort_of_repository() -> Result<()> {
    let folder = repository(&[])?;
    let cwd = folder.path.as_path();
    let shop = cwd.join("shop");
    copy(Utf8Path::new(DEMO), &shop)?;
    commit(&shop)?;
    git(&shop, &["tag", "-a", "v1", "-m", "a tag"])?;
    git(&shop, &["branch", "feature/x"])?;
    let id = git(&shop, &["rev-parse", "--short", "HEAD"])?;
    git(cwd, &["clone", "-q", "--bare", "shop", "bare.git"])?;
    let url = format!("file://{shop}");
    git(cwd, &["clone", "-q", "--depth", "1", &url, "shallow"])?;
    git(&shop, &["worktree", "add", "-q", "../linked", "feature/x"])?;
    for revision in [
        "HEAD",
        "v1",
        "main",
        "feature/x",
        "refs/heads/main",
        id.trim(),
        "HEAD^{tree}",
    ] {
        assert_same(cwd, "shop", "shop", revision)?;
    }
    for other in ["bare.git", "shallow", "linked"] {
        assert_same(cwd, "shop", other, "HEAD")?;
    }
    assert_same(&shop, ".", ".", "HEAD")?;
    for other in ["shop/.git", "shop", "linked"] {
        assert_same(cwd, "shop", other, "main")?;
    }
    let here = names(
        &cwd.join("shop/services"),
        &["--rev", "main", "--fail-on", "never"],
    )?;
    assert_eq!(here, names(cwd, &["shop/services", "--fail-on", "never"])?);
    // Packed objects, and objects packed as differences.
    git(&shop, &["gc", "-q", "--aggressive"])?;
    assert_same(cwd, "shop", "shop", "HEAD")
}

#[test]
fn the_corpus_is_the_same() -> Result<()> {
    if !Utf8Path::new(CORPUS).is_dir() {
        println!("skipped: {CORPUS} is not there");
        return Ok(());
    }
    let folder = repository(&[])?;
    let shop = folder.path.join("shop");
    copy(Utf8Path::new(CORPUS), &shop)?;
    commit(&shop)?;
    assert_same(&folder.path, "shop", "shop", "HEAD")?;
    for threads in ["1", "7"] {
        let one = run(
            &folder.path,
            &["catalog", "shop", "--rev", "HEAD", "--threads", threads],
        )?;
        let all = run(&folder.path, &["catalog", "shop", "--rev", "HEAD"])?;
        assert_eq!(one.stdout, all.stdout);
    }
    Ok(())
}

#[test]
fn a_folder_of_a_repository_stands_for_the_same_folder_of_the_tree() -> Result<()> {
    let folder = repository(&[
        ("catalog-info.yaml", &component("top")),
        ("a/b/catalog-info.yaml", &component("inner")),
        ("a/c/catalog-info.yaml", &component("beside")),
    ])?;
    assert_eq!(
        names(&folder.path, &["shop/a", "--rev", "HEAD"])?,
        ["beside", "inner"]
    );
    assert_eq!(
        names(&folder.path.join("shop/a/b"), &["--rev", "HEAD"])?,
        ["inner"]
    );
    assert_eq!(
        names(&folder.path, &["shop/a/b", "shop/a/c", "--rev", "HEAD"])?,
        ["beside", "inner"]
    );
    fs::create_dir(folder.path.join("shop/new"))?;
    failed(
        &folder.path,
        &["catalog", "shop/new", "--rev", "HEAD"],
        "it has no folder new",
    )
}

#[test]
fn what_was_committed_counts_and_not_what_is_on_the_disk() -> Result<()> {
    let folder = repository(&[
        ("catalog-info.yaml", &component("first")),
        ("a/catalog-info.yaml", &component("deleted")),
    ])?;
    let shop = folder.path.join("shop");
    write(
        &shop.join("catalog-info.yaml"),
        component("second").as_bytes(),
    )?;
    commit(&shop)?;
    fs::remove_dir_all(shop.join("a"))?;
    write(
        &shop.join("new/catalog-info.yaml"),
        component("new").as_bytes(),
    )?;
    let cwd = folder.path.as_path();
    assert_eq!(names(cwd, &["shop"])?, ["new", "second"]);
    assert_eq!(
        names(cwd, &["shop", "--rev", "HEAD"])?,
        ["deleted", "second"]
    );
    assert_eq!(
        names(cwd, &["shop", "--rev", "HEAD~1"])?,
        ["deleted", "first"]
    );
    let status = git(&shop, &["status", "--short"])?;
    assert_eq!(status, " D a/catalog-info.yaml\n?? new/\n");
    Ok(())
}

#[test]
fn ignored_and_hidden_files_are_passed_over_in_both() -> Result<()> {
    let info = component;
    let folder = repository(&[
        (
            ".gitignore",
            "\u{feff}ignored/\n*.skip.catalog-info.yaml\n/top/\ndeep/*\n!deep/kept/\n[\n",
        ),
        ("catalog-info.yaml", &info("seen")),
        ("ignored/catalog-info.yaml", &info("ignored")),
        ("a/ignored/b/catalog-info.yaml", &info("ignored-below")),
        ("a/x.skip.catalog-info.yaml", &info("skipped")),
        ("top/catalog-info.yaml", &info("top")),
        ("a/top/catalog-info.yaml", &info("not-top")),
        ("deep/kept/catalog-info.yaml", &info("kept")),
        ("deep/lost/catalog-info.yaml", &info("lost")),
        (
            "b/.gitignore",
            "*\r\n!catalog-info.yaml\r\n!keep.skip.catalog-info.yaml",
        ),
        ("b/catalog-info.yaml", &info("b")),
        ("b/keep.skip.catalog-info.yaml", &info("b-keep")),
        ("b/c/catalog-info.yaml", &info("b-c")),
        (".hidden/catalog-info.yaml", &info("hidden")),
        ("x/.backstage/any.yaml", &info("backstage")),
        ("x/.backstage/.gitignore", "other.yaml"),
        ("x/.backstage/other.yaml", &info("other")),
        // Reached by name, both can be read.
        (
            "locations/catalog-info.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: l\nspec:\n  targets: [../.hidden/catalog-info.yaml, ../a/x.skip.catalog-info.yaml, '../a/*/catalog-info.yaml']\n",
        ),
    ])?;
    let expected = [
        "b",
        "b-keep",
        "backstage",
        "hidden",
        "kept",
        "l",
        "not-top",
        "seen",
        "skipped",
    ];
    assert_eq!(names(&folder.path, &["shop"])?, expected);
    assert_eq!(names(&folder.path, &["shop", "--rev", "HEAD"])?, expected);
    assert_same(&folder.path, "shop", "shop", "HEAD")?;
    let patterns = ["--include", "*.yaml", "--exclude", "b/**", "--rev", "HEAD"];
    let chosen = names(&folder.path, &[&["shop"], &patterns[..]].concat())?;
    assert_eq!(
        chosen,
        names(&folder.path, &[&["shop"], &patterns[..4]].concat())?
    );
    Ok(())
}

#[test]
fn links_and_submodules_are_not_followed() -> Result<()> {
    let folder = repository(&[
        ("real/catalog-info.yaml", &component("real")),
        ("text.txt", "text"),
        (
            "catalog-info.yaml",
            &component("user").replace(
                "metadata:",
                "metadata:\n  description:\n    $text: ./link.txt",
            ),
        ),
    ])?;
    let shop = folder.path.join("shop");
    symlink("real", shop.join("linked"))?;
    symlink("real/catalog-info.yaml", shop.join("x.catalog-info.yaml"))?;
    symlink("text.txt", shop.join("link.txt"))?;
    let other = repository(&[("catalog-info.yaml", &component("submodule"))])?;
    let url = format!("file://{}", other.path.join("shop"));
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &url,
        "sub",
    ];
    git(&shop, &add)?;
    commit(&shop)?;
    for arguments in [
        &["catalog", "shop"][..],
        &["catalog", "shop", "--rev", "HEAD"],
    ] {
        let run = run(&folder.path, arguments)?;
        assert_eq!(run.code, 1, "{}", run.shown());
        assert!(
            run.stderr.contains("symbolic links are not followed"),
            "{}",
            run.shown()
        );
        assert_eq!(run.stdout.lines().count(), 1, "{}", run.shown());
        assert!(run.stdout.contains(r#""name":"real""#), "{}", run.shown());
    }
    // A submodule that is a root of its own is no overlap.
    let both = run(&folder.path, &["catalog", "shop", "shop/sub"])?;
    assert_eq!(both.stdout.lines().count(), 2, "{}", both.shown());
    Ok(())
}

#[test]
fn what_git_keeps_for_itself_is_not_read() -> Result<()> {
    let text = component("thief").replace(
        "metadata:",
        "metadata:\n  description:\n    $text: /.git/config",
    );
    let folder = repository(&[("catalog-info.yaml", &text)])?;
    let run = run(&folder.path, &["catalog", "shop"])?;
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.shown());
    assert!(run.stderr.contains("`.git` is not part"), "{}", run.shown());
    let found = names(
        &folder.path,
        &["shop", "--include", "*.git*", "--allow-empty"],
    )?;
    assert!(found.is_empty());
    Ok(())
}

#[test]
fn several_repositories_at_one_revision() -> Result<()> {
    let one = repository(&[("catalog-info.yaml", &component("one"))])?;
    let two = repository(&[("catalog-info.yaml", &component("two"))])?;
    git(&two.path, &["clone", "-q", "--bare", "shop", "two.git"])?;
    let roots = [one.path.join("shop"), two.path.join("two.git")];
    let arguments = [roots[0].as_str(), roots[1].as_str(), "--rev", "main"];
    assert_eq!(names(&one.path, &arguments)?, ["one", "two"]);
    Ok(())
}

#[test]
fn what_cannot_be_read_is_explained() -> Result<()> {
    let folder = repository(&[("catalog-info.yaml", &component("a"))])?;
    let cwd = folder.path.as_path();
    fs::create_dir(cwd.join("plain"))?;
    fs::create_dir(cwd.join("empty"))?;
    git(&cwd.join("empty"), &["init", "-q", "-b", "main"])?;
    let with = |root, revision| ["catalog", root, "--rev", revision];
    failed(
        cwd,
        &with("shop", "nowhere"),
        "no such branch, tag or commit; `git fetch`",
    )?;
    failed(
        cwd,
        &with("shop", "HEAD~5"),
        "no such branch, tag or commit",
    )?;
    failed(
        cwd,
        &with("shop", "HEAD:catalog-info.yaml"),
        "names no commit",
    )?;
    failed(cwd, &with("plain", "HEAD"), "plain is in no git repository")?;
    failed(
        cwd,
        &with("missing", "HEAD"),
        "cannot read the folder missing",
    )?;
    failed(cwd, &with("empty", "HEAD"), "has no commit yet")?;
    failed(
        cwd,
        &["convert", "shop", "--rev", "HEAD"],
        "--rev needs --out",
    )?;
    failed(
        cwd,
        &["validate", "shop", "--rev", ""],
        "cannot read the revision ``",
    )?;
    let url = format!("file://{}", cwd.join("shop"));
    commit(&cwd.join("shop"))?;
    git(cwd, &["clone", "-q", "--depth", "1", &url, "shallow"])?;
    failed(cwd, &with("shallow", "HEAD~1"), "`git fetch --unshallow`")
}

#[test]
fn a_partial_clone_lacks_what_it_did_not_need() -> Result<()> {
    let folder = repository(&[("catalog-info.yaml", &component("a")), ("b/x.txt", "x")])?;
    let cwd = folder.path.as_path();
    git(
        &cwd.join("shop"),
        &["config", "uploadpack.allowFilter", "true"],
    )?;
    let url = format!("file://{}", cwd.join("shop"));
    for (filter, name, expected) in [
        (
            "--filter=blob:none",
            "blobs",
            "the content of catalog-info.yaml is not in this clone",
        ),
        ("--filter=tree:0", "trees", "is not in this clone"),
    ] {
        git(cwd, &["clone", "-q", "--bare", filter, &url, name])?;
        failed(cwd, &["catalog", name, "--rev", "HEAD"], expected)?;
    }
    Ok(())
}

#[test]
fn a_repository_of_somebody_else_is_refused_as_git_does() -> Result<()> {
    let folder = repository(&[("catalog-info.yaml", &component("a"))])?;
    let shop = folder.path.join("shop");
    let chown = Command::new("chown")
        .args(["-R", "65534:65534", shop.as_str()])
        .output();
    if !chown.is_ok_and(|chown| chown.status.success()) {
        println!("skipped: only root can give files away");
        return Ok(());
    }
    let readable = |path: &Utf8Path| fs::set_permissions(path, PermissionsExt::from_mode(0o755));
    readable(&folder.path)?;
    let home = Folder::new()?;
    let mut command = support::binary(&folder.path);
    command
        .env("HOME", &home.path)
        .env_remove("SUDO_UID")
        .env_remove("XDG_CONFIG_HOME");
    command.args(["catalog", "shop"]);
    assert_eq!(finished(&mut command)?.code, 0);
    let run = finished(command.args(["--rev", "HEAD"]))?;
    assert_eq!(run.code, 2, "{}", run.shown());
    assert!(run.stderr.contains("safe.directory"), "{}", run.shown());
    Ok(())
}

#[test]
fn roots_are_read_once() -> Result<()> {
    let folder = repository(&[("a/catalog-info.yaml", &component("a"))])?;
    let cwd = folder.path.as_path();
    symlink("shop", cwd.join("same"))?;
    assert_eq!(
        names(cwd, &["shop", "./shop/", "same", "shop/a/.."])?,
        ["a"]
    );
    for roots in [
        ["shop", "shop/a"],
        ["shop/a", "shop"],
        ["same", "shop/a"],
        [".", "shop/a"],
    ] {
        let expected = format!(
            "root shop/a is inside the root {}",
            if roots[0] == "shop/a" {
                roots[1]
            } else {
                roots[0]
            }
        );
        failed(cwd, &["catalog", roots[0], roots[1]], &expected)?;
    }
    assert_eq!(names(cwd, &["shop/a", "--rev", "HEAD"])?, ["a"]);
    Ok(())
}

/// A repository with a Location and a placeholder for each of these addresses.
fn with_addresses(remotes: &[&str], addresses: &[&str]) -> Result<Folder> {
    let folder = repository(&[
        ("x/text.txt", "text"),
        ("x/target.yaml", &component("target")),
    ])?;
    let shop = folder.path.join("shop");
    for (index, remote) in remotes.iter().enumerate() {
        git(&shop, &["remote", "add", &format!("remote{index}"), remote])?;
    }
    for (index, address) in addresses.iter().enumerate() {
        let text = format!(
            "{}\n---\napiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: location{index}\nspec:\n  target: {address}/target.yaml\n",
            component(&format!("user{index}")).replace(
                "metadata:",
                &format!("metadata:\n  description:\n    $text: {address}/text.txt")
            )
        );
        write(
            &shop.join(format!("{index}/catalog-info.yaml")),
            text.as_bytes(),
        )?;
    }
    commit(&shop)?;
    Ok(folder)
}

#[test]
fn remotes_tell_which_addresses_are_files_of_the_root() -> Result<()> {
    let addresses = [
        "https://github.com/acme/shop/blob/main/x",
        "https://git.acme.com/projects/SHOP/repos/shop/raw/x",
        "https://raw.githubusercontent.com/acme/shop/HEAD/x",
    ];
    let secret = "https://kim:sesame@github.com/acme/shop.git";
    let folder = with_addresses(
        &[secret, "ssh://git@git.acme.com:7999/shop/shop.git"],
        &addresses,
    )?;
    let cwd = folder.path.as_path();
    let expected = [
        "location0",
        "location1",
        "location2",
        "target",
        "user0",
        "user1",
        "user2",
    ];
    assert_eq!(names(cwd, &["shop"])?, expected);
    assert_eq!(names(cwd, &["shop", "--rev", "HEAD"])?, expected);
    // A linked work tree has the remotes of its repository.
    git(
        &cwd.join("shop"),
        &["worktree", "add", "-q", "../linked", "-b", "other"],
    )?;
    assert_eq!(names(cwd, &["linked"])?, expected);
    let written = run(cwd, &["convert", "shop", "--out", "out", "-v"])?;
    for (path, bytes) in tree(&cwd.join("out"))? {
        let text = String::from_utf8(bytes)?;
        assert!(
            !text.contains("sesame") && !text.contains("acme"),
            "{path}: {text}"
        );
    }
    assert!(!written.shown().contains("sesame"));
    // The address that the user gives stands instead of the remotes.
    let given = run(
        cwd,
        &[
            "catalog",
            "shop",
            "--repo-url",
            "https://github.com/acme/other",
        ],
    )?;
    assert_eq!(given.code, 1, "{}", given.shown());
    assert_eq!(given.stdout.lines().count(), 3, "{}", given.shown());
    Ok(())
}

#[test]
fn an_address_of_another_revision_is_remote() -> Result<()> {
    let folder = with_addresses(
        &["git@github.com:acme/shop.git"],
        &["https://github.com/acme/shop/blob/release/1/x"],
    )?;
    let cwd = folder.path.as_path();
    let shop = cwd.join("shop");
    let is_remote = |root: &str, more: &[&str]| -> Result<bool> {
        let run = run(cwd, &[&["catalog", root, "-v"], more].concat())?;
        let is_remote = run.stderr.contains("remote-location");
        assert_eq!(
            is_remote,
            run.stderr.contains("remote-placeholder"),
            "{}",
            run.shown()
        );
        assert_eq!(
            is_remote,
            !run.stdout.contains(r#""name":"target""#),
            "{}",
            run.shown()
        );
        Ok(is_remote)
    };
    assert!(is_remote("shop", &[])?);
    git(&shop, &["branch", "release/1"])?;
    assert!(is_remote("shop", &["--rev", "main"])?);
    assert!(!is_remote("shop", &["--rev", "release/1"])?);
    git(&shop, &["checkout", "-q", "release/1"])?;
    assert!(!is_remote("shop", &[])?);
    assert!(!is_remote("shop", &["--rev", "HEAD"])?);
    assert!(is_remote("shop", &["--rev", "main"])?);
    git(&shop, &["checkout", "-q", "main"])?;
    // The default branch of the remote.
    git(
        &shop,
        &["update-ref", "refs/remotes/remote0/release/1", "HEAD"],
    )?;
    let head = [
        "symbolic-ref",
        "refs/remotes/remote0/HEAD",
        "refs/remotes/remote0/release/1",
    ];
    git(&shop, &head)?;
    assert!(!is_remote("shop", &[])?);
    Ok(())
}

#[test]
fn an_address_of_another_root_is_read_from_it() -> Result<()> {
    let folder = with_addresses(
        &["git@github.com:acme/shop.git"],
        &[
            "https://github.com/acme/shop/blob/main/x",
            "https://github.com/acme/docs/blob/main/x",
        ],
    )?;
    let docs = with_addresses(&["git@github.com:acme/docs.git"], &[])?;
    write(
        &docs.path.join("shop/x/target.yaml"),
        component("docs").as_bytes(),
    )?;
    let roots = [folder.path.join("shop"), docs.path.join("shop")];
    let found = names(&folder.path, &[roots[0].as_str(), roots[1].as_str()])?;
    assert_eq!(
        found,
        ["docs", "location0", "location1", "target", "user0", "user1"]
    );
    Ok(())
}

#[test]
fn a_root_in_a_repository_has_the_addresses_below_its_folder() -> Result<()> {
    let folder = with_addresses(
        &["git@github.com:acme/shop.git"],
        &["https://github.com/acme/shop/blob/main/services/x"],
    )?;
    let shop = folder.path.join("shop");
    let services = shop.join("services");
    fs::create_dir(&services)?;
    for name in ["x", "0"] {
        fs::rename(shop.join(name), services.join(name))?;
    }
    commit(&shop)?;
    let expected = ["location0", "target", "user0"];
    for root in ["shop", "shop/services"] {
        assert_eq!(names(&folder.path, &[root])?, expected);
        assert_eq!(names(&folder.path, &[root, "--rev", "HEAD"])?, expected);
    }
    let run = run(&folder.path, &["catalog", "shop/services/0"])?;
    assert_eq!(run.code, 1, "{}", run.shown());
    let two: Vec<Utf8PathBuf> = ["0", "x"].iter().map(|name| services.join(name)).collect();
    let found = names(&folder.path, &[two[0].as_str(), two[1].as_str()])?;
    assert_eq!(found, expected);
    Ok(())
}

/// Times a work tree against a revision; `cargo test --release --test revision -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn how_long_ten_thousand_files_take() -> Result<()> {
    let count = env::var("FILES").map_or(Ok(10_000), |count| count.parse())?;
    let folder = repository(&[])?;
    let shop = folder.path.join("shop");
    for index in 0..count {
        let path = format!("{}/{index}/catalog-info.yaml", index % 100);
        write(&shop.join(path), component(&format!("c{index}")).as_bytes())?;
    }
    commit(&shop)?;
    for what in ["loose", "packed"] {
        for arguments in [
            &["shop"][..],
            &["shop", "--rev", "HEAD"],
            &["shop", "--rev", "HEAD", "--threads", "1"],
            &["shop", "--threads", "1"],
        ] {
            let start = std::time::Instant::now();
            run(&folder.path, &[&["validate", "-q"], arguments].concat())?;
            println!("{what} {arguments:?}: {:?}", start.elapsed());
        }
        git(&shop, &["gc", "-q"])?;
    }
    Ok(())
}
