//! The icons of Port.
//!
//! In: a name. Out: whether Port has an icon of that name. The list is from the blueprint page of Port's documentation.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::diagnostic::similar;

static ICONS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| include_str!("../icons.txt").lines().collect());

/// Whether Port has an icon of this name; case matters.
pub(super) fn is_known(name: &str) -> bool {
    ICONS.contains(name)
}

/// What to do about an unknown icon.
pub(super) fn remedy(name: &str) -> String {
    match similar(name, ICONS.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "use one of the icons that Port's documentation lists".to_owned(),
    }
}
