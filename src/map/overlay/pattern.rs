//! Which entities an entry is about: an entity reference, or a glob for each part of one.
//!
//! In: `kind:namespace/name` as the user writes it. Out: the entries that match an entity. References compare as
//! Backstage's do, in lower case; no wildcard crosses `:` or `/`.

use std::collections::HashMap;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::backstage::EntityRef;
use crate::backstage::entity_ref::{DEFAULT_NAMESPACE, EntityRefError};

/// The longest pattern. Three parts of 63 characters make a reference.
const MAX_PATTERN: usize = 500;

/// How many globs an overlay may have: every entity is held against each of them.
const MAX_GLOBS: usize = 1_000;

/// What an entry is about.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// One entity, by its canonical reference.
    Exact(String),
    /// All that match. A glob has `/` for the `:` of references, the only sign that its wildcards do not cross.
    Glob(Glob),
}

impl Pattern {
    /// Parses a reference or glob. Without a namespace it is about `default`, as references are.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PATTERN {
            return Err(format!("is longer than {MAX_PATTERN} bytes"));
        }
        let reference =
            EntityRef::parse(text, None, DEFAULT_NAMESPACE).map_err(|error| match error {
                EntityRefError::Form => error.to_string(),
                EntityRefError::MissingKind => {
                    format!("names no kind; `*:{text}` is of any kind")
                }
            })?;
        let canonical = reference.canonical();
        if !canonical.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Self::Exact(canonical));
        }
        let fault = |error: globset::Error| format!("is not a valid glob: {}", error.kind());
        let glob = GlobBuilder::new(&as_path(&canonical))
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(fault)?;
        // A glob may be well-formed and still too large to be compiled.
        GlobSetBuilder::new()
            .add(glob.clone())
            .build()
            .map_err(fault)?;
        Ok(Self::Glob(glob))
    }
}

/// `kind/namespace/name`. The kind of a reference has no `:`, and two slashes always are those between the parts.
fn as_path(canonical: &str) -> String {
    canonical.replacen(':', "/", 1)
}

/// Finds the patterns that match an entity.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    exact: HashMap<String, Vec<usize>>,
    globs: GlobSet,
    /// The position of each glob among all patterns.
    positions: Vec<usize>,
}

impl Matcher {
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Result<Self, String> {
        let mut matcher = Self::default();
        let mut globs = GlobSetBuilder::new();
        for (position, pattern) in patterns.enumerate() {
            match pattern {
                Pattern::Exact(canonical) => {
                    let positions = matcher.exact.entry(canonical.clone()).or_default();
                    positions.push(position);
                }
                Pattern::Glob(glob) => {
                    globs.add(glob.clone());
                    matcher.positions.push(position);
                }
            }
        }
        if matcher.positions.len() > MAX_GLOBS {
            return Err(format!(
                "the overlay has {} globs, and {MAX_GLOBS} are the most: name blueprints or entities instead",
                matcher.positions.len()
            ));
        }
        matcher.globs = globs
            .build()
            .map_err(|error| format!("the globs of the overlay are too large: {error}"))?;
        Ok(matcher)
    }

    /// The positions of the patterns that match a canonical reference, ascending.
    pub(super) fn matching(&self, canonical: &str) -> Vec<usize> {
        let mut found = self.exact.get(canonical).cloned().unwrap_or_default();
        if !self.positions.is_empty() {
            let globs = self.globs.matches(as_path(canonical)).into_iter();
            found.extend(globs.map(|glob| self.positions[glob]));
            found.sort_unstable();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Matcher, Pattern};

    fn matches(pattern: &str, canonical: &str) -> Result<bool, String> {
        let pattern = Pattern::parse(pattern)?;
        let matcher = Matcher::new([&pattern].into_iter())?;
        Ok(!matcher.matching(canonical).is_empty())
    }

    #[test]
    fn references_and_globs_match_part_by_part_in_lower_case() -> Result<(), String> {
        const CART: &str = "component:default/cart";
        const BILLING: &str = "component:payments/billing-api";
        for (pattern, reference, expected) in [
            ("component:default/cart", CART, true),
            ("Component:Default/CART", CART, true),
            ("component:cart", CART, true),
            ("component:cart", "component:payments/cart", false),
            ("component:*", CART, true),
            ("component:*", BILLING, false),
            ("Component:*/*", BILLING, true),
            ("*:payments/*", BILLING, true),
            ("*:payments/*", CART, false),
            ("*:*/*", BILLING, true),
            ("*:cart", "api:default/cart", true),
            ("component:ca?t", CART, true),
            ("component:c[A-B]rt", CART, true),
            ("component:{cart,shop}", CART, true),
            ("component:*/billing-*", BILLING, true),
            // No wildcard crosses a sign between two parts.
            ("*:cart", BILLING, false),
            ("*:*i", "component:payments/i", false),
            ("c*t:*", BILLING, false),
            ("component:d?fault?cart/*", CART, false),
            ("comp*:c*", CART, true),
            ("component:payments*", BILLING, false),
            ("component[!a]*:*/*", CART, false),
            ("component:\\cart", CART, true),
        ] {
            assert_eq!(
                matches(pattern, reference)?,
                expected,
                "{pattern} {reference}"
            );
        }
        Ok(())
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (pattern, message) in [
            ("cart", "names no kind; `*:cart` is of any kind"),
            (
                "payments/cart",
                "names no kind; `*:payments/cart` is of any kind",
            ),
            (
                "component:",
                "is not of the form [<kind>:][<namespace>/]<name>",
            ),
            (
                "component:[",
                "is not a valid glob: unclosed character class; missing ']'",
            ),
            (
                "component:{a,b",
                "is not a valid glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
            ),
        ] {
            assert_eq!(
                Pattern::parse(pattern).err().as_deref(),
                Some(message),
                "{pattern}"
            );
        }
        let long = format!("component:{}", "a".repeat(1000));
        assert!(Pattern::parse(&long).is_err());
        let many = vec![Pattern::parse("component:*"); 1001];
        let many: Result<Vec<_>, _> = many.into_iter().collect();
        assert!(many.is_ok_and(|many| Matcher::new(many.iter()).is_err()));
    }

    proptest! {
        #[test]
        fn arbitrary_patterns_never_panic(text in "[-a:/*?\\[\\]{},!\\\\é]{0,40}", reference in "[a-c:/]{0,8}") {
            let _either = matches(&text, &reference);
        }

        #[test]
        fn a_reference_matches_itself_alone(
            (kind, namespace, name) in ("[a-z]{1,3}", "[a-z]{1,3}", "[a-z0-9._-]{1,4}"),
            other in "[a-z]{1,3}:[a-z]{1,3}/[a-z0-9._-]{1,4}",
        ) {
            let reference = format!("{kind}:{namespace}/{name}");
            prop_assert_eq!(matches(&reference, &reference), Ok(true));
            prop_assert_eq!(matches(&reference, &other), Ok(reference == other));
            prop_assert_eq!(matches("*:*/*", &other), Ok(true));
        }
    }
}
