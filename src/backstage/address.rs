//! What the address in a Location target or a placeholder names: a file of a root, a pattern, or something outside.
//!
//! In: the text of the address and the file it stands in. Out: an [`Address`]. A root behaves like a repository on a
//! git host: `./x`, `x` and `../x` start at the folder of the file, `/x` at the root, and standard URL rules apply.

use camino::{Utf8Path, Utf8PathBuf};
use url::Url;

use crate::source::Root;

/// Stands for the root while an address is resolved. An address cannot climb out of it unnoticed, because nobody
/// writes this name.
const BASE: &str = "https://root.invalid/%00root%00/";

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A path inside the root, decoded. It may hold glob characters.
    Path(Utf8PathBuf),
    /// A path that leads out of the root.
    Outside,
    /// Something on another host or in another repository.
    Remote,
}

/// Resolves an address as `ScmIntegrations.resolveUrl` does for a file on a git host (backstage/backstage,
/// `packages/integration/src/helpers.ts`).
pub(super) fn resolve(address: &str, holder: &Utf8Path, root: &Root) -> Address {
    if let Ok(url) = Url::parse(address) {
        return match &root.repository {
            Some(repository) => {
                in_repository(&url, repository).map_or(Address::Remote, |path| checked(&path))
            }
            None => Address::Remote,
        };
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
            Some(path) => checked(path),
            None => Address::Outside,
        },
        _ => Address::Remote,
    }
}

/// Decodes a path and makes sure that it stays inside: an encoded slash must not smuggle `..` in.
fn checked(path: &str) -> Address {
    let Ok(decoded) = percent_decoded(path) else {
        return Address::Outside;
    };
    let is_inside = !decoded.contains(['\0', '\\'])
        && !decoded.starts_with('/')
        && decoded.split('/').all(|part| part != ".." && part != ".");
    if is_inside {
        Address::Path(decoded.trim_end_matches('/').into())
    } else {
        Address::Outside
    }
}

fn percent_decoded(path: &str) -> Result<String, std::string::FromUtf8Error> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%')
            .then(|| path.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded)
}

/// The path of a file in a repository, from its address on the host, such as
/// `https://github.com/acme/shop/blob/main/a/catalog-info.yaml`. The revision is not compared unless the repository's
/// own address names one.
fn in_repository(url: &Url, repository: &str) -> Option<String> {
    let repository = Url::parse(repository.trim_end_matches('/').trim_end_matches(".git")).ok()?;
    if url.host_str()? != repository.host_str()? || url.port() != repository.port() {
        return None;
    }
    let base: Vec<&str> = repository
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    let segments: Vec<&str> = url.path_segments()?.collect();
    let (own, given_revision) = match base.iter().position(|part| VIEWS.contains(part)) {
        Some(view) if view >= 2 => (
            base[..view].strip_suffix(&["-"]).unwrap_or(&base[..view]),
            base.get(view + 1),
        ),
        _ => (&base[..], None),
    };
    let rest = segments.strip_prefix(own)?;
    // GitLab puts a dash in front.
    let rest = rest.strip_prefix(&["-"]).unwrap_or(rest);
    match rest {
        [view, revision, path @ ..] if VIEWS.contains(view) && !path.is_empty() => given_revision
            .is_none_or(|given| given == revision)
            .then(|| path.join("/")),
        _ => None,
    }
}

/// What stands between repository and revision: GitHub and GitLab, Bitbucket Cloud.
const VIEWS: &[&str] = &["blob", "tree", "edit", "raw", "src"];

#[cfg(test)]
mod tests {
    use super::*;

    fn root(repository: Option<&str>) -> Root {
        Root {
            path: ".".into(),
            repository: repository.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn relative_addresses_stay_in_the_root() {
        let holder = Utf8Path::new("a/b/catalog-info.yaml");
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
            let expected = expected.map_or(Address::Outside, |path| Address::Path(path.into()));
            assert_eq!(resolve(address, holder, &root(None)), expected, "{address}");
        }
    }

    #[test]
    fn addresses_of_the_own_repository_are_files() {
        let holder = Utf8Path::new("catalog-info.yaml");
        let github = root(Some("https://github.com/acme/shop"));
        for (address, expected) in [
            (
                "https://github.com/acme/shop/blob/main/a/x.yaml",
                Some("a/x.yaml"),
            ),
            (
                "https://github.com/acme/shop/tree/main/x.yaml",
                Some("x.yaml"),
            ),
            ("https://github.com/acme/other/blob/main/x.yaml", None),
            ("https://example.com/acme/shop/blob/main/x.yaml", None),
            ("mailto:x", None),
        ] {
            let expected = expected.map_or(Address::Remote, |path| Address::Path(path.into()));
            assert_eq!(resolve(address, holder, &github), expected, "{address}");
            assert_eq!(
                resolve(address, holder, &root(None)),
                Address::Remote,
                "{address}"
            );
        }
        let branch = root(Some("https://gitlab.com/acme/sub/shop/-/tree/main"));
        let own = "https://gitlab.com/acme/sub/shop/-/blob/main/x.yaml";
        assert_eq!(
            resolve(own, holder, &branch),
            Address::Path("x.yaml".into())
        );
        let other = "https://gitlab.com/acme/sub/shop/-/blob/dev/x.yaml";
        assert_eq!(resolve(other, holder, &branch), Address::Remote);
    }
}
