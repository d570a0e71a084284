//! The formats of names, keys and values in a descriptor's envelope and metadata.
//!
//! In: a text. Out: whether Backstage takes it. Rules: `FieldFormatEntityPolicy` and the validators of
//! `packages/catalog-model/src/validation` in backstage/backstage. All patterns are ASCII; `$` is the end of the text.

use url::Url;

/// Longest name, kind, tag, label value and part of a key.
const MAX_LENGTH: usize = 63;
/// Longest prefix of a key.
const MAX_SUBDOMAIN_LENGTH: usize = 253;

/// `[prefix/]suffix`: the prefix a DNS subdomain, the suffix letters and digits, up to 63.
pub(crate) fn is_api_version(text: &str) -> bool {
    let is_suffix =
        |suffix: &str| is_sized(suffix) && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    has_optional_prefix(text, is_suffix)
}

/// A letter, then letters and digits, up to 63.
pub(crate) fn is_kind(text: &str) -> bool {
    is_sized(text)
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Letters and digits with `-`, `_` and `.` between them, up to 63.
pub(crate) fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    is_sized(text)
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A DNS label: lower-case letters and digits with `-` between them, up to 63.
pub(crate) fn is_namespace(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    is_sized(text)
        && bytes.first().is_some_and(is_word)
        && bytes.last().is_some_and(is_word)
        && bytes.iter().all(|byte| is_word(byte) || *byte == b'-')
}

/// The key of a label or an annotation: `[prefix/]name`, the prefix a DNS subdomain.
pub(crate) fn is_key(text: &str) -> bool {
    has_optional_prefix(text, is_name)
}

/// The value of a label: empty, or like a name.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

/// Lower-case letters, digits, `:`, `+` and `#`, with single `-` between them, up to 63.
pub(crate) fn is_tag(text: &str) -> bool {
    is_sized(text)
        && text.split('-').all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| {
                    byte.is_ascii_lowercase()
                        || byte.is_ascii_digit()
                        || matches!(byte, b':' | b'+' | b'#')
                })
        })
}

/// Anything the WHATWG URL parser takes, such as `mailto:x`.
pub(crate) fn is_url(text: &str) -> bool {
    is_plain_address(text) || Url::parse(text).is_ok()
}

/// Whether a text is surely the address of a page: `https://host.domain/path` in the plainest letters. Most addresses are,
/// and to see that costs a tenth of what it costs to parse them; of the others this says nothing.
pub(crate) fn is_plain_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("http")
        .map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("://")) else {
        return false;
    };
    let end = rest
        .bytes()
        .position(|byte| byte == b'/')
        .unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    // Two dashes may be those of an encoded name, a last label that starts with a digit may be that of a number.
    let is_plain = |label: &str| is_namespace(label) && !label.contains("--");
    let (others, last) = host.rsplit_once('.').unwrap_or_default();
    others.split('.').all(is_plain)
        && is_plain(last)
        && !last.starts_with(|first: char| first.is_ascii_digit())
        && path.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~')
        })
}

fn is_sized(text: &str) -> bool {
    (1..=MAX_LENGTH).contains(&text.len())
}

fn has_optional_prefix(text: &str, is_suffix: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        Some((prefix, suffix)) => is_subdomain(prefix) && is_suffix(suffix),
        None => is_suffix(text),
    }
}

fn is_subdomain(text: &str) -> bool {
    (1..=MAX_SUBDOMAIN_LENGTH).contains(&text.len()) && text.split('.').all(is_namespace)
}

#[cfg(test)]
mod tests {
    use url::{Host, Url};

    use super::is_plain_address;

    #[test]
    fn only_the_plainest_addresses_are_surely_some() {
        for (address, expected) in [
            ("https://acme.com", true),
            ("http://wiki.acme.test/shop/~a/x_y-1.html", true),
            ("https://10.0.0.1/x", false),
            ("https://acme.0x1", false),
            ("https://xn--a.com", false),
            ("https://localhost/x", false),
            ("https://acme..com", false),
            ("https://acme.com:80/", false),
            ("https://acme.com/a?b", false),
            ("https:///x", false),
            ("ftp://acme.com", false),
            ("", false),
        ] {
            assert_eq!(is_plain_address(address), expected, "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_plain_is_an_address(rest in "[a-c0x.-]{1,8}[.][a-z0-9.-]{1,6}[/a-z0-9.~_-]{0,6}") {
            let text = format!("https://{rest}");
            if is_plain_address(&text) {
                let url = Url::parse(&text);
                let host = url.as_ref().ok().and_then(Url::host);
                let host_text = rest.split('/').next().unwrap_or_default();
                proptest::prop_assert_eq!(host, Some(Host::Domain(host_text)));
            }
        }
    }
}
