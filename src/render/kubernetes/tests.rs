use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};

use super::{MAX_NAME, is_namespace, name};

/// The blueprint and the identifier that have a name; `None` for names with a checksum.
fn decoded(name: &str) -> Option<(String, String)> {
    let part = |part: &str| {
        let part = part
            .strip_prefix('0')
            .filter(|rest| rest.starts_with("--"))
            .unwrap_or(part);
        let mut bytes = Vec::new();
        let mut rest = part;
        while let Some(char) = rest.chars().next() {
            if let Some(capital) = rest.strip_prefix("---") {
                bytes.push(capital.as_bytes().first()?.to_ascii_uppercase());
                rest = &capital[1..];
            } else if let Some(escape) = rest.strip_prefix("--") {
                bytes.push(u8::from_str_radix(escape.get(..2)?, 16).ok()?);
                rest = &escape[2..];
            } else {
                bytes.push(u8::try_from(char).ok()?);
                rest = &rest[1..];
            }
        }
        String::from_utf8(bytes).ok()
    };
    let (blueprint, identifier) = name.split_once('.')?;
    Some((part(blueprint)?, part(identifier)?))
}

/// What Kubernetes takes for a name: a subdomain (RFC 1123).
fn is_subdomain(name: &str) -> bool {
    let is_end =
        |char: Option<char>| char.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 253
        && name.split('.').all(|label| {
            is_end(label.chars().next())
                && is_end(label.chars().last())
                && label.chars().all(|char| is_end(Some(char)) || char == '-')
        })
}

#[test]
fn readable_where_possible() {
    for (blueprint, identifier, expected) in [
        ("component", "shop", "component.shop"),
        ("component", "my-shop.v2", "component.my-shop.v2"),
        (
            "Component",
            "CartService",
            "0---component.0---cart---service",
        ),
        ("_team", "a_b", "0--5fteam.a--5fb"),
        ("component", "team/shop", "component.team--2fshop"),
        ("a.b", "c", "a--2eb.c"),
        ("con", "a", "0--63on.a"),
        ("com1", "a", "0--63om1.a"),
        ("a", "0", "a.0"),
        ("a", "0/", "a.0--30--2f"),
        ("a", "/", "a.0--2f"),
        ("a", "b.", "a.b--2e"),
        ("a", "b-.c", "a.b--2d.c"),
    ] {
        let name = name(blueprint, identifier);
        assert_eq!(name, expected);
        assert_eq!(
            decoded(&name),
            Some((blueprint.to_owned(), identifier.to_owned()))
        );
    }
}

#[test]
fn namespaces_are_labels() {
    for good in ["a", "port", "a-1", "0"] {
        assert!(is_namespace(good), "{good}");
    }
    for bad in ["", "-a", "a-", "A", "a.b", "a\n", &"a".repeat(64)] {
        assert!(!is_namespace(bad), "{bad}");
    }
}

proptest! {
    #[test]
    fn every_entity_has_a_name_of_its_own(blueprint in "\\PC{1,20}|[-.0A]{1,4}", identifier in "\\PC{1,30}|[-.0Aa/]{1,5}") {
        let name = name(&blueprint, &identifier);
        prop_assert!(is_subdomain(&name), "{}", name);
        if !name.contains("--x") {
            prop_assert_eq!(decoded(&name), Some((blueprint, identifier)));
        }
    }

    #[test]
    fn long_names_differ(blueprint in "[a-z.-]{200,300}", identifier: String, other: String) {
        let one = name(&blueprint, &identifier);
        prop_assert!(is_subdomain(&one) && one.len() <= MAX_NAME, "{}", one);
        if identifier != other {
            prop_assert_ne!(one, name(&blueprint, &other));
        }
    }

    #[test]
    fn nothing_else_is_a_namespace(text in any::<String>()) {
        prop_assert!(!is_namespace(&text) || is_subdomain(&text));
    }
}
