//! Names for what is inferred: identifiers, titles, and the keys of properties.
//!
//! In: kinds and names of fields, which may be any text. Out: names that Port takes. Each depends on as little as possible
//! besides the text it is made of, so that more entities change no name.

use std::collections::{BTreeMap, BTreeSet};

/// The longest key of a property or relation, in characters.
const MAX_KEY: usize = 100;

/// The longest key that is made up here; a number that keeps two of them apart fits behind it.
const MAX_MADE_UP: usize = 90;

/// The words of a name: `dataProduct`, `data-product` and `data_product` have two, `APIVersion` has `API` and `Version`.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, char) in chars.iter().enumerate() {
        if !char.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).map(|before| chars[before]);
        let is_next_lower = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        let starts = char.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && is_next_lower)
            });
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*char);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A kind as an identifier: `DataProduct` is `data_product`. Two kinds never have the same.
pub(super) fn identifier(kind: &str) -> String {
    words(kind).join("_").to_lowercase()
}

/// A name as people read it, at most 100 characters: `DataProduct` is "Data product".
pub(super) fn title(name: &str) -> String {
    let is_acronym = |word: &str| {
        let mut chars = word.chars();
        chars.by_ref().nth(1).is_some() && !word.contains(char::is_lowercase)
    };
    let words = words(name).into_iter().enumerate();
    let words: Vec<String> = words
        .map(|(index, word)| match index {
            0 => capitalized(&word),
            _ if is_acronym(&word) => word,
            _ => word.to_lowercase(),
        })
        .collect();
    let title: String = words.join(" ").chars().take(MAX_KEY).collect();
    if title.is_empty() {
        "Field".to_owned()
    } else {
        title
    }
}

/// A word with a capital.
pub(super) fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// Keys that are taken, and new ones.
#[derive(Debug, Default)]
pub(super) struct Keys {
    taken: BTreeSet<String>,
}

impl Keys {
    /// A key for each field. Fields keep their name where Port takes it and it is not one of `reserved`, which get `spec` in
    /// front; in the others, each character that Port does not take becomes an underscore. What is then no longer unique gets
    /// a number.
    pub(super) fn of_fields<'f>(
        &mut self,
        reserved: &[&str],
        fields: &BTreeSet<&'f str>,
    ) -> BTreeMap<&'f str, String> {
        let keeps_name = |field: &&&str| is_key(field) && !reserved.contains(*field);
        let mut keys: BTreeMap<&str, String> = BTreeMap::new();
        for field in fields.iter().filter(keeps_name) {
            keys.insert(field, (*field).to_owned());
        }
        self.taken.extend(keys.values().cloned());
        self.taken
            .extend(reserved.iter().map(|&name| name.to_owned()));
        for field in fields.iter().filter(|field| !keeps_name(field)) {
            let wanted = if reserved.contains(field) {
                format!("spec{}", capitalized(field))
            } else {
                legal(field)
            };
            keys.insert(field, self.take(&wanted));
        }
        keys
    }

    /// This key, or one like it where it is taken.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let wanted: String = wanted.chars().take(MAX_KEY).collect();
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        let stem: String = wanted.chars().take(MAX_MADE_UP).collect();
        let numbered = (2_usize..).map(|number| format!("{stem}_{number}"));
        // There is an end: fewer keys are taken than there are numbers.
        let mut free = numbered.filter(|key| !self.taken.contains(key));
        let key = free.next().unwrap_or(stem);
        self.taken.insert(key.clone());
        key
    }
}

fn is_key_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || "@_=\\-".contains(char)
}

/// Whether Port takes a name as a key. Names such as `__proto__` mean something to readers in JavaScript.
fn is_key(name: &str) -> bool {
    (1..=MAX_KEY).contains(&name.len()) && name.chars().all(is_key_char) && !name.starts_with("__")
}

fn legal(name: &str) -> String {
    let legal = name
        .chars()
        .map(|char| if is_key_char(char) { char } else { '_' });
    let legal: String = legal.collect();
    let legal: String = legal.trim_matches('_').chars().take(MAX_MADE_UP).collect();
    if legal.is_empty() {
        "field".to_owned()
    } else {
        legal
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Keys, identifier, is_key, title};

    #[test]
    fn identifiers_and_titles_of_kinds() {
        for (kind, id, shown) in [
            ("Environment", "environment", "Environment"),
            ("DataProduct", "data_product", "Data product"),
            ("AIModel", "ai_model", "AI model"),
            ("SomeAPI", "some_api", "Some API"),
            ("cluster", "cluster", "Cluster"),
            ("K8sCluster", "k8s_cluster", "K8s cluster"),
            ("A", "a", "A"),
        ] {
            assert_eq!(
                (identifier(kind), title(kind)),
                (id.to_owned(), shown.to_owned())
            );
        }
        assert_eq!(title("é.Ü-1"), "É ü 1");
        assert_eq!(title("..."), "Field");
        assert_eq!(title(&"x".repeat(200)).len(), 100);
    }

    #[test]
    fn keys_are_legal_and_unique() {
        let long = "x".repeat(150);
        let fields = [
            "region",
            "description",
            "specDescription",
            "a.b",
            "a/b",
            "a_b",
            "__proto__",
            "",
            "日本",
            "it's",
            &long,
        ];
        let fields: BTreeSet<&str> = fields.into_iter().collect();
        let mut keys = Keys::default();
        let of_fields = keys.of_fields(&["description"], &fields);
        let made: BTreeSet<&String> = of_fields.values().collect();
        assert_eq!(made.len(), fields.len());
        assert!(made.iter().all(|key| is_key(key)), "{made:?}");
        for (field, key) in [
            ("region", "region"),
            ("description", "specDescription_2"),
            ("specDescription", "specDescription"),
            ("a_b", "a_b"),
            ("a.b", "a_b_2"),
            ("a/b", "a_b_3"),
            ("__proto__", "proto"),
            ("", "field"),
            ("日本", "field_2"),
            ("it's", "it_s"),
        ] {
            assert_eq!(of_fields[field], key, "{field}");
        }
        assert_eq!(keys.take("region"), "region_2");
        assert_eq!(keys.take("free"), "free");
    }
}
