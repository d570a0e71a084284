//! Addresses as hosts write them.

use super::*;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn path_of(remote: &str, address: &str) -> Result<Option<String>> {
    let remote = Remote::parse(remote).ok_or_else(|| format!("no remote: {remote}"))?;
    let names = Names::with_defaults(["feature/x".to_owned()]);
    Ok(remote.path_of(&Url::parse(address)?, &names))
}

#[test]
fn spellings_of_a_remote_are_one() -> Result {
    for remote in [
        "https://github.com/acme/shop",
        "https://github.com/acme/shop.git",
        "https://github.com/Acme/Shop/",
        "https://user:token@github.com/acme/shop.git",
        "http://x-access-token:abc@github.com/acme/shop",
        "git@github.com:acme/shop.git",
        "github.com:acme/shop",
        "git@github.com:/acme/shop.git",
        "ssh://git@github.com/acme/shop.git",
        "ssh://git@github.com:22/acme/shop.git",
        "ssh://git@ssh.github.com:443/acme/shop.git",
        "git://github.com/acme/shop.git",
    ] {
        let found = path_of(remote, "https://github.com/acme/shop/blob/main/a/x.yaml")?;
        assert_eq!(found.as_deref(), Some("a/x.yaml"), "{remote}");
        let parsed = Remote::parse(remote).ok_or("no remote")?;
        let shown = format!("{parsed:?}");
        assert!(
            !shown.contains("token") && !shown.contains("abc"),
            "{shown}"
        );
    }
    for local in [
        "/srv/git/shop.git",
        "../shop",
        "file:///srv/shop",
        "C:\\shop",
        "./a:b",
        "",
    ] {
        assert!(Remote::parse(local).is_none(), "{local}");
    }
    Ok(())
}

/// A remote, and the addresses of files with the path each of them is of.
const HOSTS: &str = "
git@github.com:acme/shop.git
    https://github.com/acme/shop/blob/main/a/x.yaml => a/x.yaml
    https://github.com/acme/shop/tree/HEAD/a%20b/x.yaml => a b/x.yaml
    https://github.com/acme/shop/raw/refs/heads/main/x.yaml => x.yaml
    https://github.com/acme/shop/blob/feature/x/y.yaml => y.yaml
    https://github.com/acme/shop/blob/main/*/x.yaml#L1 => */x.yaml
    https://raw.githubusercontent.com/acme/shop/main/x.yaml => x.yaml
    https://raw.githubusercontent.com/acme/shop/refs/heads/main/x.yaml => x.yaml
    https://github.com/acme/shop/blob/other/x.yaml => -
    https://github.com/acme/shop/blob/feature/y/x.yaml => -
    https://github.com/acme/shop/blob/0123456789012345678901234567890123456789/x.yaml => -
    https://github.com/acme/shop/blob/main => -
    https://github.com/acme/shop => -
    https://github.com/acme/shop2/blob/main/x.yaml => -
    https://github.com:8443/acme/shop/blob/main/x.yaml => x.yaml
https://github.com/acme/shop
    https://example.com/acme/shop/blob/main/x.yaml => -
git@github.com:acme/shop.git
ftp://github.com/acme/shop/blob/main/x.yaml => -
git@gitlab.com:acme/sub/shop.git
    https://gitlab.com/acme/sub/shop/-/blob/main/x.yaml?ref_type=heads => x.yaml
    https://gitlab.com/acme/sub/shop/-/raw/master/a/x.yaml => a/x.yaml
    https://gitlab.com/acme/sub/shop/blob/main/x.yaml => x.yaml
    https://gitlab.com/acme/sub/-/blob/main/x.yaml => -
git@bitbucket.org:acme/shop.git
    https://bitbucket.org/acme/shop/src/main/x.yaml => x.yaml
    https://bitbucket.org/acme/shop/raw/HEAD/x.yaml => x.yaml
ssh://git@git.acme.com:7999/shop/web.git
    https://git.acme.com/projects/SHOP/repos/web/browse/a/x.yaml => a/x.yaml
    https://git.acme.com/projects/SHOP/repos/web/raw/x.yaml?at=refs%2Fheads%2Fmain => x.yaml
    https://git.acme.com/projects/SHOP/repos/web/browse/x.yaml?at=other => -
https://git.acme.com/scm/~kim/web.git
    https://git.acme.com/users/kim/repos/web/browse/x.yaml => x.yaml
https://codeberg.org/acme/shop.git
    https://codeberg.org/acme/shop/src/branch/main/a/x.yaml => a/x.yaml
    https://codeberg.org/acme/shop/raw/branch/feature/x/y.yaml => y.yaml
    https://codeberg.org/acme/shop/src/tag/main/x.yaml => -
git@ssh.dev.azure.com:v3/acme/My%20Shop/web
    https://dev.azure.com/acme/My%20Shop/_git/web?path=/a/x.yaml&version=GBmain => a/x.yaml
    https://dev.azure.com/acme/My%20Shop/_git/web?path=%2Fx.yaml => x.yaml
    https://dev.azure.com/acme/My%20Shop/_git/web?path=/x.yaml&version=GTv1 => -
    https://dev.azure.com/acme/My%20Shop/_git/other?path=/x.yaml => -
    https://dev.azure.com/acme/My%20Shop/_git/web => -
https://acme.visualstudio.com/DefaultCollection/My%20Shop/_git/web
    https://dev.azure.com/acme/My%20Shop/_git/web?path=/x.yaml => x.yaml
https://acme@dev.azure.com/acme/web/_git/web
    https://dev.azure.com/acme/_git/web?path=/x.yaml => x.yaml
git@github.com:acme/shop.git
    https://github.com/acme/shop/blob/main/projects/a/repos/b/browse/x.yaml => projects/a/repos/b/browse/x.yaml
";

#[test]
fn addresses_of_files_by_host() -> Result {
    let mut remote = "";
    for line in HOSTS.trim().lines() {
        let Some((address, expected)) = line.trim().split_once(" => ") else {
            remote = line;
            continue;
        };
        let expected = (expected != "-").then(|| expected.to_owned());
        assert_eq!(path_of(remote, address)?, expected, "{remote}: {address}");
    }
    Ok(())
}

#[test]
fn an_address_that_was_given_may_name_branch_and_folder() -> Result {
    for (given, address, expected) in [
        (
            "https://github.com/acme/shop",
            "https://github.com/acme/shop/blob/any/x.yaml",
            Some("x.yaml"),
        ),
        (
            "https://github.com/acme/shop/tree/dev",
            "https://github.com/acme/shop/blob/dev/x.yaml",
            Some("x.yaml"),
        ),
        (
            "https://github.com/acme/shop/tree/dev",
            "https://github.com/acme/shop/blob/main/x.yaml",
            None,
        ),
        (
            "https://gitlab.com/a/b/c/-/tree/main",
            "https://gitlab.com/a/b/c/-/blob/main/x.yaml",
            Some("x.yaml"),
        ),
    ] {
        let given = Given::parse(given).ok_or("not an address")?;
        let found = given.remote.path_of(&Url::parse(address)?, &given.names);
        assert_eq!(found.as_deref(), expected, "{address}");
    }
    let folder = Given::parse("https://codeberg.org/a/b/src/branch/main/c/d").ok_or("none")?;
    assert_eq!(folder.folder, "c/d");
    Ok(())
}
