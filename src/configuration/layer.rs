//! One file of a configuration.
//!
//! In: its text. Out: a [`Layer`] with what is as it should be, and all faults, each at its key or value.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::{Key, Keys, Takes};
use crate::diagnostic::{Code, Severity, quoted, similar};
use crate::judge::Level;
use crate::source::FieldPath;
use crate::yaml::spans::Spans;
use crate::yaml::{self, Document};

/// The key for the files that a configuration builds on.
pub(super) const EXTENDS: &str = "extends";
/// The key for severities.
pub(super) const SEVERITY: &str = "severity";
/// The key for code owners, and those in it.
pub(super) const CODEOWNERS: &str = "codeowners";
pub(super) const OWNERS: &str = "owners";
pub(super) const CHECK: &str = "check";

/// What users call a level.
pub(super) const LEVELS: [(&str, Level); 4] = [
    ("off", Level::Off),
    ("note", Level::At(Severity::Note)),
    ("warning", Level::At(Severity::Warning)),
    ("error", Level::At(Severity::Error)),
];

/// The largest number that every reader of YAML holds exactly.
pub(super) const MAX_NUMBER: f64 = 9_007_199_254_740_991.0;

/// How many faults of a file are told.
const MAX_FAULTS: usize = 50;

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// The files it extends, each with its place.
    pub(super) extends: Vec<(String, FieldPath)>,
    /// Values of keys as they are written; an empty list stands for no value, whatever other files say.
    pub(super) values: BTreeMap<String, Vec<String>>,
    pub(super) severities: BTreeMap<Code, Level>,
    pub(super) codeowners: Option<Codeowners>,
}

#[derive(Debug, Default)]
pub(super) struct Codeowners {
    pub(super) owners: BTreeMap<String, String>,
    pub(super) check: Option<bool>,
}

/// A fault and its place.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) at: At,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

#[derive(Debug)]
pub(super) enum At {
    File,
    Bytes(Range<usize>),
    Key(FieldPath),
    Value(FieldPath),
}

impl At {
    /// The bytes of the place; `spans` are those of the text.
    pub(super) fn span(&self, document: usize, spans: &Spans) -> Option<Range<usize>> {
        match self {
            Self::File => None,
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Key(field) => spans.key(document, field),
            Self::Value(field) => spans.value(document, field),
        }
    }
}

/// The layer of a text, the number of its document, and the faults.
pub(super) fn parse(text: &str, keys: &Keys<'_>) -> (Layer, usize, Vec<Found>) {
    let mut parser = Parser {
        keys,
        layer: Layer::default(),
        faults: Vec::new(),
        more: 0,
    };
    let mut documents = yaml::documents(text).into_iter();
    let Some(Document { index, content, .. }) = documents.next() else {
        return (parser.layer, 0, Vec::new());
    };
    if let Some(Document { line, .. }) = documents.next() {
        let message =
            format!("a configuration is one document, and in line {line} another one begins");
        let help = "take out the `---` between them".to_owned();
        parser.fault(At::File, message, Some(help));
    }
    match content {
        Ok(Value::Object(entries)) => parser.entries(&entries),
        Ok(other) => parser.wants(
            &FieldPath::default(),
            "a configuration",
            "a map of keys",
            &other,
        ),
        Err(errors) => {
            for error in errors {
                parser.fault(At::Bytes(error.at), error.message, None);
            }
        }
    }
    if parser.more > 0 {
        let message = format!("and {} more faults", parser.more);
        let (at, help) = (At::File, None);
        parser.faults.push(Found { at, message, help });
    }
    (parser.layer, index, parser.faults)
}

struct Parser<'a> {
    keys: &'a Keys<'a>,
    layer: Layer,
    faults: Vec<Found>,
    more: usize,
}

impl Parser<'_> {
    fn fault(&mut self, at: At, message: String, help: Option<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Found { at, message, help });
        } else {
            self.more += 1;
        }
    }

    /// Whether there is no use in looking for words any more.
    fn is_full(&self) -> bool {
        self.faults.len() >= MAX_FAULTS
    }

    fn wants(&mut self, at: &FieldPath, name: &str, wanted: &str, value: &Value) {
        let name = if at.is_empty() {
            name.to_owned()
        } else {
            quoted(name)
        };
        let message = format!("{name} must be {wanted}, and this is {}", sort(value));
        self.fault(At::Value(at.clone()), message, None);
    }

    fn entries(&mut self, entries: &Map<String, Value>) {
        let keys = self.keys;
        for (name, value) in entries {
            let at = FieldPath::keys([name.as_str()]);
            match name.as_str() {
                EXTENDS => self.extends(&at, value),
                SEVERITY => self.severities(&at, value),
                CODEOWNERS => self.codeowners(&at, value),
                name => match keys.keys.iter().find(|key| key.name == name) {
                    Some(key) => self.key(key, &at, value),
                    None => self.unknown(name, at),
                },
            }
        }
        for key in &keys.keys {
            for other in &key.excludes {
                self.exclusion(&key.name, other, entries);
            }
        }
    }

    /// Two keys that cannot stand beside each other; each pair is named by one of them.
    fn exclusion(&mut self, key: &str, other: &str, entries: &Map<String, Value>) {
        let is_on = |name: &str| {
            let values = self.layer.values.get(name);
            values.is_some_and(|values| !values.is_empty() && *values != ["false"])
        };
        if !is_on(key) || !is_on(other) {
            return;
        }
        let position = |name: &str| entries.keys().position(|key| key == name);
        let (first, second) = if position(key) < position(other) {
            (key, other)
        } else {
            (other, key)
        };
        let message = format!("`{second}` cannot stand beside `{first}`");
        let help = "the two exclude each other: keep one of them".to_owned();
        self.fault(At::Key(FieldPath::keys([second])), message, Some(help));
    }

    fn unknown(&mut self, name: &str, at: FieldPath) {
        if self.is_full() {
            self.more += 1;
            return;
        }
        let own = [EXTENDS, SEVERITY, CODEOWNERS].into_iter();
        let known = self.keys.keys.iter().map(|key| key.name.as_str());
        let other = self.keys.others.iter().find(|(other, _)| other == name);
        let (message, help) = if let Some((name, reason)) = other {
            (
                format!("`{name}` is no key of a configuration"),
                format!("{reason}: it is given as --{name}"),
            )
        } else {
            let help = match similar(name, own.chain(known)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`backstage2port schema` prints the keys there are".to_owned(),
            };
            (format!("there is no key {}", quoted(name)), help)
        };
        self.fault(At::Key(at), message, Some(help));
    }

    fn key(&mut self, key: &Key, at: &FieldPath, value: &Value) {
        let values: Vec<Option<String>> = match value {
            Value::Array(items) if key.is_list => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| self.value(key, &at.index(index), item))
                    .collect()
            }
            value => vec![self.value(key, at, value)],
        };
        // Not before all of them were looked at.
        let values: Option<Vec<String>> = values.into_iter().collect();
        if let Some(values) = values {
            self.layer.values.insert(key.name.clone(), values);
        }
    }

    fn value(&mut self, key: &Key, at: &FieldPath, value: &Value) -> Option<String> {
        let wanted = match (&key.takes, value) {
            (Takes::Switch, Value::Bool(value)) => return Some(value.to_string()),
            (Takes::Switch, _) => "`true` or `false`",
            (Takes::Number, value) => match natural(value) {
                Some(number) => return Some(number.to_string()),
                None => "a number from 0",
            },
            (Takes::OneOf(words), Value::String(text)) => {
                let mut words = words.iter().map(|(word, _)| word.as_str());
                if words.clone().any(|word| word == text) {
                    return Some(text.clone());
                }
                self.no_word(at, &key.name, text, &mut words);
                return None;
            }
            (_, Value::String(text)) => return self.text(key, at, text),
            (Takes::OneOf(_), _) if key.is_list => "a word or a list of words",
            (Takes::OneOf(_), _) => "a word",
            (Takes::Path | Takes::NameOrPath(_), _) if key.is_list => "a path or a list of paths",
            (Takes::Path, _) => "a path",
            (Takes::NameOrPath(_), _) => "a name or a path",
            _ if key.is_list => "a text or a list of texts",
            _ => "a text",
        };
        self.wants(at, &key.name, wanted, value);
        None
    }

    fn text(&mut self, key: &Key, at: &FieldPath, text: &str) -> Option<String> {
        if text.trim().is_empty() {
            self.empty(at, &key.name);
            return None;
        }
        if let Takes::NameOrPath(names) = &key.takes
            && !names.iter().any(|name| name == text)
            && !text.contains(['/', '\\'])
        {
            self.no_name(key, at, text, names);
            return None;
        }
        match (self.keys.check)(key, text) {
            Ok(()) => Some(text.to_owned()),
            Err(message) => {
                let message = format!("`{}` cannot be {}: {message}", key.name, quoted(text));
                self.fault(At::Value(at.clone()), message, None);
                None
            }
        }
    }

    fn empty(&mut self, at: &FieldPath, name: &str) {
        let help = "take it out, so that it is what it is by default".to_owned();
        let message = format!("{} is empty", quoted(name));
        self.fault(At::Value(at.clone()), message, Some(help));
    }

    /// A word that is none of those there are.
    fn no_word<'w>(
        &mut self,
        at: &FieldPath,
        name: &str,
        text: &str,
        words: &mut (impl Iterator<Item = &'w str> + Clone),
    ) {
        let meant = similar(text, words.clone());
        let all: Vec<String> = words.map(|word| format!("`{word}`")).collect();
        let message = format!(
            "{} cannot be {}: it is one of {}",
            quoted(name),
            quoted(text),
            all.join(", ")
        );
        let help = meant.map(|meant| format!("did you mean `{meant}`?"));
        self.fault(At::Value(at.clone()), message, help);
    }

    /// A name that is none of those there are, and no path either.
    fn no_name(&mut self, key: &Key, at: &FieldPath, text: &str, names: &[String]) {
        let message = format!(
            "`{}` cannot be {}: it is a name that is not known",
            key.name,
            quoted(text)
        );
        let folder = "a folder is written with a slash, such as `./my-profile`";
        let help = if let Some(meant) = similar(text, names.iter().map(String::as_str)) {
            format!("did you mean `{meant}`? Or else {folder}")
        } else {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("{folder}; the names are {}", names.join(", "))
        };
        self.fault(At::Value(at.clone()), message, Some(help));
    }

    fn extends(&mut self, at: &FieldPath, value: &Value) {
        let items: Vec<(&Value, FieldPath)> = match value {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| (item, at.index(index))).collect()
            }
            value => vec![(value, at.clone())],
        };
        for (item, at) in items {
            match item {
                Value::String(path) if path.trim().is_empty() => self.empty(&at, EXTENDS),
                Value::String(path) => self.layer.extends.push((path.clone(), at)),
                other => self.wants(&at, EXTENDS, "a path or a list of paths", other),
            }
        }
    }

    fn severities(&mut self, at: &FieldPath, value: &Value) {
        let Value::Object(entries) = value else {
            return self.wants(at, SEVERITY, "a map of codes", value);
        };
        for (name, value) in entries {
            let at = at.key(name);
            let Some(code) = Code::named(name) else {
                self.no_code(name, at);
                continue;
            };
            let Value::String(word) = value else {
                self.wants(&at, name, "`off`, `note`, `warning` or `error`", value);
                continue;
            };
            match level(word).map(|level| allowed(code, level)) {
                Some(Ok(level)) => {
                    self.layer.severities.insert(code, level);
                }
                Some(Err(message)) => self.fault(At::Value(at), message, None),
                None => self.no_word(&at, name, word, &mut LEVELS.iter().map(|(word, _)| *word)),
            }
        }
    }

    fn no_code(&mut self, name: &str, at: FieldPath) {
        if self.is_full() {
            self.more += 1;
            return;
        }
        let (message, help) = no_such_code(name);
        self.fault(At::Key(at), message, Some(help));
    }

    fn codeowners(&mut self, at: &FieldPath, value: &Value) {
        let Value::Object(entries) = value else {
            let wanted = format!("a map with `{OWNERS}` and `{CHECK}`");
            return self.wants(at, CODEOWNERS, &wanted, value);
        };
        let mut codeowners = Codeowners::default();
        for (name, value) in entries {
            let at = at.key(name);
            match (name.as_str(), value) {
                (CHECK, Value::Bool(check)) => codeowners.check = Some(*check),
                (CHECK, other) => self.wants(&at, CHECK, "`true` or `false`", other),
                (OWNERS, Value::Object(owners)) => {
                    codeowners.owners = self.owners(&at, owners);
                }
                (OWNERS, other) => {
                    let wanted = "a map from code owners to entity references";
                    self.wants(&at, OWNERS, wanted, other);
                }
                (name, _) => {
                    let help = match similar(name, [OWNERS, CHECK].into_iter()) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("there are `{OWNERS}` and `{CHECK}`"),
                    };
                    let message = format!("there is no key {} in `{CODEOWNERS}`", quoted(name));
                    self.fault(At::Key(at), message, Some(help));
                }
            }
        }
        self.layer.codeowners = Some(codeowners);
    }

    fn owners(&mut self, at: &FieldPath, owners: &Map<String, Value>) -> BTreeMap<String, String> {
        let mut known = BTreeMap::new();
        for (owner, value) in owners {
            let at = at.key(owner);
            match value {
                Value::String(text) if text.trim().is_empty() => self.empty(&at, owner),
                Value::String(text) => {
                    known.insert(owner.clone(), text.clone());
                }
                other => self.wants(&at, owner, "an entity reference", other),
            }
        }
        known
    }
}

/// The level of a word.
#[must_use]
pub fn level(word: &str) -> Option<Level> {
    let found = LEVELS.iter().find(|(name, _)| *name == word);
    found.map(|(_, level)| *level)
}

/// The level, if a code may have it.
///
/// # Errors
///
/// Why it may not.
pub fn allowed(code: Code, level: Level) -> Result<Level, String> {
    let is_lower = match level {
        Level::Off => true,
        Level::At(severity) => severity < code.severity(),
    };
    if is_lower && !code.can_be_lowered() {
        return Err(format!(
            "`{code}` cannot be less than `{}`: it tells what a run did not do, and nobody else would",
            code.severity()
        ));
    }
    Ok(level)
}

/// What to say about a name that is no code, and what may be meant.
#[must_use]
pub fn no_such_code(name: &str) -> (String, String) {
    let help = match similar(name, Code::ALL.iter().map(|code| code.id())) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`backstage2port schema` prints the codes there are".to_owned(),
    };
    (format!("there is no code {}", quoted(name)), help)
}

/// A number of a count, as YAML and JSON spell it.
fn natural(value: &Value) -> Option<u64> {
    let number = value.as_f64()?;
    let is_natural = number.fract() == 0.0 && (0.0..=MAX_NUMBER).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a natural number that a double holds exactly"
    )]
    is_natural.then_some(number as u64)
}

/// The sort of a value in words.
fn sort(value: &Value) -> String {
    let sort = match value {
        Value::Null => "nothing",
        Value::Bool(true) => "`true`",
        Value::Bool(false) => "`false`",
        Value::Number(number) => return number.to_string(),
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    };
    sort.to_owned()
}
