//! Names for findings that stay when lines move.
//!
//! In: the findings of a run. Out: a name for each, the same on every machine, and no two alike. It is made of the code,
//! the path from the top of the repository, the field and the message; what those have in common is told apart by its
//! order.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_128;

use super::Diagnostic;
use crate::source::Sources;

/// The names of findings, in their order: 32 hexadecimal digits each.
#[must_use]
pub fn fingerprints<'a>(
    found: impl IntoIterator<Item = &'a Diagnostic>,
    sources: &Sources,
) -> Vec<String> {
    let mut seen: HashMap<u128, u32> = HashMap::new();
    let names = found.into_iter().map(|found| {
        let mut text = format!("{}\0{}\0", found.code, found.message);
        if let Some(location) = &found.location {
            text += sources.path_in_repository(location.file).as_str();
            if let Some(field) = location.place.field() {
                text.push('\0');
                text += &field.to_string();
            }
        }
        let count = seen.entry(xxh3_128(text.as_bytes())).or_default();
        *count += 1;
        let name = xxh3_128(format!("{text}\0{count}").as_bytes());
        format!("{name:032x}")
    });
    names.collect()
}
