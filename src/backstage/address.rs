//! What the address in a Location target or a placeholder names: a file of a root, a pattern, or something outside.
//!
//! In: the text of the address and the file it stands in. Out: an [`Address`]. A root behaves like a repository on a
//! git host: `./x`, `x` and `../x` start at the folder of the file, `/x` at the root, and standard URL rules apply.
//! Whether an absolute address names a file of a root is up to `source/`, which knows the repositories.

use camino::{Utf8Path, Utf8PathBuf};
use url::Url;

use crate::source::{RootId, Sources, percent_decoded};

/// Stands for the root while an address is resolved. An address cannot climb out of it unnoticed, because nobody
/// writes this name.
const BASE: &str = "https://root.invalid/%00root%00/";

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A root and a path inside it, decoded. It may hold glob characters.
    Path(RootId, Utf8PathBuf),
    /// A path that leads out of the root.
    Outside,
    /// Something on another host or in another repository.
    Remote,
}

/// Resolves an address as `ScmIntegrations.resolveUrl` does for a file on a git host (backstage/backstage,
/// `packages/integration/src/helpers.ts`).
pub(super) fn resolve(
    address: &str,
    root: RootId,
    holder: &Utf8Path,
    sources: &Sources,
) -> Address {
    if let Ok(url) = Url::parse(address) {
        let file = sources.file_at_address(&url, root);
        return file.map_or(Address::Remote, |(root, path)| inside(root, &path));
    }
    let Ok(base) = Url::parse(BASE) else {
        return Address::Remote;
    };
    let mut file = base.clone();
    if let Ok(mut segments) = file.path_segments_mut() {
        segments
            .pop_if_empty()
            .extend(holder.components().map(|part| part.as_str()));
    }
    let resolved = match address.strip_prefix('/') {
        Some(path) => base.join(&format!("./{path}")),
        None => file.join(address),
    };
    match resolved {
        Ok(url) if url.host() == base.host() => match url.path().strip_prefix(base.path()) {
            Some(path) => checked(root, path),
            None => Address::Outside,
        },
        _ => Address::Remote,
    }
}

/// Decodes a path and makes sure that it stays inside: an encoded slash must not smuggle `..` in.
fn checked(root: RootId, path: &str) -> Address {
    percent_decoded(path).map_or(Address::Outside, |path| inside(root, &path))
}

fn inside(root: RootId, path: &str) -> Address {
    let is_inside = !path.contains(['\0', '\\'])
        && !path.starts_with('/')
        && path.split('/').all(|part| part != ".." && part != ".");
    if is_inside {
        Address::Path(root, path.trim_end_matches('/').into())
    } else {
        Address::Outside
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Root;

    /// What an address names in a file of the first root; the second root is another repository.
    fn resolved(address: &str, holder: &str, repository: Option<&str>) -> Address {
        let root = |path: &str, repository: Option<&str>| Root {
            path: path.into(),
            repository: repository.map(ToOwned::to_owned),
        };
        let other = repository.map(|_| "https://github.com/acme/other");
        let mut sources = Sources::new(vec![root("a", repository), root("b", other)]);
        let file = sources.add(RootId(0), holder.into());
        resolve(address, sources.root_of(file), sources.path(file), &sources)
    }

    #[test]
    fn relative_addresses_stay_in_the_root() {
        for (address, expected) in [
            ("./x.yaml", Some("a/b/x.yaml")),
            ("x.yaml", Some("a/b/x.yaml")),
            ("../x.yaml", Some("a/x.yaml")),
            ("../../x.yaml", Some("x.yaml")),
            ("/x.yaml", Some("x.yaml")),
            ("//x.yaml", None),
            ("../../../x.yaml", None),
            ("/../x.yaml", None),
            ("my%20file.yaml", Some("a/b/my file.yaml")),
            ("my file.yaml", Some("a/b/my file.yaml")),
            ("..%2f..%2f..%2fetc/passwd", None),
            ("%2e%2e/x.yaml", Some("a/x.yaml")),
            ("x.yaml#part", Some("a/b/x.yaml")),
            ("x.yaml?ref=1", Some("a/b/x.yaml")),
            ("*/x.yaml", Some("a/b/*/x.yaml")),
            ("{c,d}/x.yaml", Some("a/b/{c,d}/x.yaml")),
            ("", Some("a/b/catalog-info.yaml")),
        ] {
            let expected = expected.map_or(Address::Outside, |path| {
                Address::Path(RootId(0), path.into())
            });
            let found = resolved(address, "a/b/catalog-info.yaml", None);
            assert_eq!(found, expected, "{address}");
        }
    }

    #[test]
    fn addresses_of_the_given_repositories_are_files() {
        let shop = Some("https://github.com/acme/shop");
        let path = |root, path: &str| Address::Path(RootId(root), path.into());
        for (address, expected) in [
            (
                "https://github.com/acme/shop/blob/main/a/x.yaml",
                path(0, "a/x.yaml"),
            ),
            (
                "https://github.com/acme/other/blob/main/x.yaml",
                path(1, "x.yaml"),
            ),
            (
                "https://github.com/acme/shop/blob/main/a%2f..%2f..%2fx",
                Address::Outside,
            ),
            (
                "https://github.com/acme/third/blob/main/x.yaml",
                Address::Remote,
            ),
            ("mailto:x", Address::Remote),
        ] {
            let found = resolved(address, "catalog-info.yaml", shop);
            assert_eq!(found, expected, "{address}");
            let unknown = resolved(address, "catalog-info.yaml", None);
            assert_eq!(unknown, Address::Remote, "{address}");
        }
    }
}
