//! Did-you-mean: the entity that a reference to nothing probably means.
//!
//! In: a catalog and a missing ref. Out: the canonical ref of an entity of the same name elsewhere, or else of nearly the
//! same name.

use std::collections::HashMap;

use crate::backstage::{Catalog, EntityRef};

/// The names of a catalog, to be compared with.
#[derive(Debug)]
pub(super) struct Names<'a> {
    catalog: &'a Catalog,
    /// By kind in lower case and by the digits in the name; those of one group by length.
    groups: HashMap<(String, String), Vec<Name>>,
    /// What was asked before.
    answers: HashMap<(String, Vec<String>), Option<String>>,
    /// How much may still be compared in this run: a reader mends the first findings and runs again.
    left: usize,
}

/// The name of an entity, as far as it takes to see that it is another one.
#[derive(Debug)]
struct Name {
    length: usize,
    letters: u64,
    entity: usize,
}

/// A second or so: one for each name that is looked at, and [`COMPARISON`] for each that is compared.
const MAX_COMPARED: usize = 1_000_000_000;
const COMPARISON: usize = 500;
/// The most letters that a misspelt name has wrong.
const MAX_WRONG: usize = 2;

impl<'a> Names<'a> {
    /// The names of everything that a catalog has or knows.
    pub(super) fn of(catalog: &'a Catalog) -> Self {
        let mut groups: HashMap<(String, String), Vec<Name>> = HashMap::new();
        for (entity, known) in catalog.known().iter().enumerate() {
            let EntityRef { kind, name, .. } = &known.entity_ref;
            let name = name.to_lowercase();
            let group = (kind.to_lowercase(), digits(&name));
            groups.entry(group).or_default().push(Name {
                length: name.chars().count(),
                letters: letters(&name),
                entity,
            });
        }
        for names in groups.values_mut() {
            names.sort_by_key(|name| name.length);
        }
        Self {
            catalog,
            groups,
            answers: HashMap::new(),
            left: MAX_COMPARED,
        }
    }

    /// The entity that is probably meant: of the first of these kinds where there is one, one of the same name in another
    /// namespace, or else one whose name is misspelt, in the same namespace if there is one.
    pub(super) fn similar<'k>(
        &mut self,
        missing: &EntityRef,
        kinds: impl IntoIterator<Item = &'k str>,
    ) -> Option<String> {
        let mut wanted: Vec<String> = Vec::new();
        for kind in kinds {
            let kind = kind.to_lowercase();
            if !wanted.contains(&kind) {
                wanted.push(kind);
            }
        }
        let question = (missing.canonical(), wanted);
        if let Some(answer) = self.answers.get(&question) {
            return answer.clone();
        }
        let answer = self.nearest(missing, &question.1);
        self.answers.insert(question, answer.clone());
        answer
    }

    fn nearest(&mut self, missing: &EntityRef, kinds: &[String]) -> Option<String> {
        let name = missing.name.to_lowercase();
        let namespace = missing.namespace.to_lowercase();
        let length = name.chars().count();
        let letters = letters(&name);
        let mut nearest = None;
        for (rank, kind) in kinds.iter().enumerate() {
            let group = (kind.clone(), digits(&name));
            let names = self.groups.get(&group).map_or(&[][..], Vec::as_slice);
            let start = names.partition_point(|known| known.length + MAX_WRONG < length);
            let end = names.partition_point(|known| known.length <= length + MAX_WRONG);
            self.left = self.left.checked_sub(end - start)?;
            for known in &names[start..end] {
                // A wrong letter is one too many here and one too few there.
                let differing = (letters ^ known.letters).count_ones() as usize;
                if differing > 2 * MAX_WRONG {
                    continue;
                }
                self.left = self.left.checked_sub(COMPARISON)?;
                let known_ref = &self.catalog.known()[known.entity].entity_ref;
                let Some(wrong) = misspelt(&name, &known_ref.name.to_lowercase()) else {
                    continue;
                };
                let is_elsewhere = known_ref.namespace.to_lowercase() != namespace;
                let key = (wrong > 0, rank, is_elsewhere, wrong, known_ref.canonical());
                if nearest.as_ref().is_none_or(|best| key < *best) {
                    nearest = Some(key);
                }
            }
        }
        nearest.map(|(.., canonical)| canonical)
    }
}

/// Which letters a name has: those of two names differ in no more than two for each one that is wrong.
fn letters(name: &str) -> u64 {
    name.chars()
        .fold(0, |letters, char| letters | 1 << (u32::from(char) % 64))
}

/// The digits of a name. Those with others are other names, as `v1` and `v2` are.
fn digits(name: &str) -> String {
    name.chars().filter(char::is_ascii_digit).collect()
}

/// How many letters of a misspelt name are wrong: at most a third of any word.
fn misspelt(name: &str, known: &str) -> Option<usize> {
    if name == known {
        return Some(0);
    }
    if digits(name) != digits(known) {
        return None;
    }
    let is_end = |char: char| matches!(char, '-' | '_' | '.');
    let count = |name: &str| name.matches(is_end).count();
    let most = if count(name) == count(known) {
        // Words are short, and the first that differs tells most names apart.
        let mut words = name.split(is_end).zip(known.split(is_end));
        if !words.all(|(word, known)| are_near(word, known)) {
            return None;
        }
        MAX_WRONG
    } else {
        1
    };
    let wrong = strsim::osa_distance(name, known);
    (wrong <= most).then_some(wrong)
}

/// Whether at most a third of the letters of a word are wrong.
fn are_near(word: &str, known: &str) -> bool {
    if word == known {
        return true;
    }
    let (length, known_length) = (word.chars().count(), known.chars().count());
    let most = length.min(known_length) / 3;
    length.abs_diff(known_length) <= most && strsim::osa_distance(word, known) <= most
}

#[cfg(test)]
mod tests {
    use super::misspelt;

    #[test]
    fn misspelt_names_are_told_from_other_names() {
        for (name, known, wrong) in [
            ("web", "web", Some(0)),
            ("paymets-team", "payments-team", Some(1)),
            ("billling", "biling", Some(2)),
            ("wbe", "web", Some(1)),
            ("web_shop", "web-shop", Some(1)),
            ("webshop", "web-shop", Some(1)),
            ("artist-lokup", "artist-lookup", Some(1)),
            ("team-a", "team-b", None),
            ("orders-v1", "orders-v2", None),
            ("db", "da", None),
            ("dev", "ops", None),
            ("payments-api", "payments-web", None),
            ("payments", "payments-api", None),
            ("checkout", "chekcuot", Some(2)),
            ("checkout", "hcekcuto", None),
        ] {
            assert_eq!(misspelt(name, known), wrong, "{name} {known}");
        }
    }
}
