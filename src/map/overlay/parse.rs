//! Reads an overlay: a YAML list of entries.
//!
//! In: the text. Out: the entries that are as they should be, and findings about the others, each at its key or value.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Becomes, Change, Entry, Pattern, Placed, quoted};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, similar};
use crate::map::mapper::sort;
use crate::map::trace::Part;
use crate::port::check::MAX_BODY;
use crate::port::{Query, Targets};
use crate::source::{FieldPath, FileId, Location, Place};
use crate::yaml::{self, Document};

const ENTRY: &[&str] = &["entity", "blueprint", "set", "remove"];
const SET: &[&str] = &["title", "icon", "team", "properties", "relations"];
/// How many unknown keys of a map are reported.
const MAX_UNKNOWN: usize = 20;
const AN_ENTRY: &str = "an entry is a map: `entity`, and `set` or `remove`, and `blueprint` where it is about one only";

/// The number of the document of an overlay, and its sound entries. A file without content has none.
pub(super) fn entries(
    text: &str,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> (usize, Vec<Entry>) {
    let mut documents = yaml::documents(text).into_iter();
    let Some(Document { index, content, .. }) = documents.next() else {
        return (0, Vec::new());
    };
    let mut parser = Parser {
        file,
        document: index,
        diagnostics,
        faults: 0,
        parts: BTreeSet::new(),
    };
    if let Some(second) = documents.next() {
        let file = parser.file;
        let place = Place::Value {
            document: second.index,
            field: FieldPath::default(),
        };
        let message = "an overlay is one document: what comes after the first one is left out";
        let fault = Diagnostic::new(Code::InvalidOverlay, message);
        let help = "put the entries into one list, and take out the `---` between them";
        let fault = fault.at(Location { file, place }).help(help);
        parser.diagnostics.push(fault);
    }
    let entries = match content {
        Ok(Value::Array(items)) => items,
        Ok(other) => {
            let message = format!("an overlay is a list of entries, this is {}", sort(&other));
            parser.fault(
                &FieldPath::default(),
                message,
                Some("begin an entry with `- entity: `"),
            );
            Vec::new()
        }
        Err(errors) => {
            for error in errors {
                let place = Place::Span {
                    document: Some(index),
                    bytes: error.at,
                };
                let fault = Diagnostic::new(Code::YamlSyntax, error.message);
                parser.diagnostics.push(fault.at(Location { file, place }));
            }
            Vec::new()
        }
    };
    let entries = entries.into_iter().enumerate();
    let entries = entries.filter_map(|(position, entry)| parser.entry(position, entry));
    (index, entries.collect())
}

struct Parser<'a> {
    file: FileId,
    document: usize,
    diagnostics: &'a mut Diagnostics,
    /// How many faults the entry has that is being read.
    faults: usize,
    /// What that entry changes.
    parts: BTreeSet<Part>,
}

impl Parser<'_> {
    fn fault(&mut self, at: &FieldPath, message: String, help: Option<&str>) {
        let place = Place::Value {
            document: self.document,
            field: at.clone(),
        };
        self.report(place, message, help);
    }

    fn report(&mut self, place: Place, message: String, help: Option<&str>) {
        let file = self.file;
        let fault = Diagnostic::new(Code::InvalidOverlay, message).at(Location { file, place });
        self.diagnostics.push(match help {
            Some(help) => fault.help(help),
            None => fault,
        });
        self.faults += 1;
    }

    fn wants(
        &mut self,
        at: &FieldPath,
        name: &str,
        wanted: &str,
        found: &Value,
        help: Option<&str>,
    ) {
        let found = match found {
            Value::Array(items) if items.is_empty() => "an empty list",
            found => sort(found),
        };
        self.fault(at, format!("`{name}` is {wanted}, this is {found}"), help);
    }

    /// Reports keys that nobody reads.
    fn keys(&mut self, at: &FieldPath, map: &Map<String, Value>, known: &[&str], otherwise: &str) {
        let unknown = map.keys().filter(|key| !known.contains(&key.as_str()));
        for key in unknown.take(MAX_UNKNOWN) {
            let place = Place::Key {
                document: self.document,
                field: at.key(key),
            };
            let help = similar(key, known.iter().copied()).map_or_else(
                || otherwise.to_owned(),
                |known| format!("did you mean `{known}`?"),
            );
            self.report(place, format!("unknown key {}", quoted(key)), Some(&help));
        }
    }

    /// An entry; `None` where something is wrong with it.
    fn entry(&mut self, position: usize, entry: Value) -> Option<Entry> {
        self.faults = 0;
        self.parts.clear();
        let at = FieldPath::default().index(position);
        let Value::Object(mut entry) = entry else {
            let message = format!("an entry is a map, this is {}", sort(&entry));
            self.fault(&at, message, Some(AN_ENTRY));
            return None;
        };
        self.keys(&at, &entry, ENTRY, AN_ENTRY);
        let pattern = self.pattern(&at, entry.shift_remove("entity"));
        let blueprint = match entry.shift_remove("blueprint") {
            None => None,
            Some(Value::String(blueprint)) => Some(blueprint),
            Some(other) => {
                let at = at.key("blueprint");
                self.wants(
                    &at,
                    "blueprint",
                    "the identifier of a blueprint",
                    &other,
                    None,
                );
                None
            }
        };
        let mut changes = Vec::new();
        let (set, remove) = (entry.shift_remove("set"), entry.shift_remove("remove"));
        if set.is_none() && remove.is_none() && self.faults == 0 {
            let message = "the entry changes nothing: it has neither `set` nor `remove`";
            self.fault(&at, message.to_owned(), Some(AN_ENTRY));
        }
        match set {
            None => {}
            Some(Value::Object(set)) => self.set(&at.key("set"), set, &mut changes),
            Some(other) => {
                let help = "set some of `title`, `icon`, `team`, `properties` and `relations`";
                self.wants(&at.key("set"), "set", "a map", &other, Some(help));
            }
        }
        match remove {
            None => {}
            Some(Value::Array(names)) => self.remove(&at.key("remove"), &names, &mut changes),
            Some(other) => {
                let help = "such as `remove: [icon, properties.lifecycle]`";
                self.wants(&at.key("remove"), "remove", "a list", &other, Some(help));
            }
        }
        let (text, pattern) = pattern.filter(|_| self.faults == 0)?;
        Some(Entry {
            position,
            pattern,
            text,
            blueprint,
            changes,
        })
    }

    fn pattern(&mut self, entry: &FieldPath, entity: Option<Value>) -> Option<(String, Pattern)> {
        const WANTED: &str = "an entity reference or a glob";
        let help = "such as `component:default/cart`, `component:cart` or `*:payments/*`";
        let at = entry.key("entity");
        let text = match entity {
            Some(Value::String(text)) => text,
            Some(other) => {
                self.wants(&at, "entity", WANTED, &other, Some(help));
                return None;
            }
            // A misspelt key is enough said.
            None if self.faults > 0 => return None,
            None => {
                let message = "the entry names no `entity`".to_owned();
                self.fault(entry, message, Some(help));
                return None;
            }
        };
        match Pattern::parse(&text) {
            Ok(pattern) => Some((text, pattern)),
            Err(message) => {
                self.fault(&at, format!("{} {message}", quoted(&text)), Some(help));
                None
            }
        }
    }

    fn set(&mut self, at: &FieldPath, mut set: Map<String, Value>, changes: &mut Vec<Placed>) {
        let otherwise = "properties stand below `properties`, relations below `relations`";
        self.keys(at, &set, SET, otherwise);
        let title = set.shift_remove("title");
        if let Some(title) = self.text(at, "title", title) {
            self.push(at.key("title"), Change::Title(Some(title)), changes);
        }
        let icon = set.shift_remove("icon");
        if let Some(icon) = self.text(at, "icon", icon) {
            self.push(at.key("icon"), Change::Icon(Some(icon)), changes);
        }
        if let Some(team) = set.shift_remove("team") {
            let at = at.key("team");
            match targets(&team) {
                Some(Ok(team)) => self.push(at, Change::Team(Some(team)), changes),
                Some(Err(message)) => self.fault(&at, message, None),
                None => {
                    let help = "to leave it out, name it below `remove`";
                    self.wants(&at, "team", "a text or a list of texts", &team, Some(help));
                }
            }
        }
        for (name, value) in self.members(at, "properties", set.shift_remove("properties")) {
            let at = at.key("properties").key(&name);
            let becomes = match value {
                Value::Null => Becomes::Null,
                value => Becomes::Is(value),
            };
            self.push(at, Change::Property(name, becomes), changes);
        }
        for (name, value) in self.members(at, "relations", set.shift_remove("relations")) {
            let at = at.key("relations").key(&name);
            let becomes = match targets(&value) {
                Some(Ok(targets)) => Becomes::Is(targets),
                None if value.is_null() => Becomes::Null,
                Some(Err(message)) => {
                    self.fault(&at, message, None);
                    continue;
                }
                None => {
                    let wanted = "an identifier, a list of identifiers or null";
                    let help = "null lets Port forget the relation; identifiers that are no text need quotes";
                    self.wants(&at, &name, wanted, &value, Some(help));
                    continue;
                }
            };
            self.push(at, Change::Relation(name, becomes), changes);
        }
    }

    fn text(&mut self, set: &FieldPath, name: &str, value: Option<Value>) -> Option<String> {
        match value? {
            Value::String(text) => Some(text),
            other => {
                let help = match other {
                    Value::Null => "to leave it out, name it below `remove`",
                    _ => "put it in quotes",
                };
                self.wants(&set.key(name), name, "a text", &other, Some(help));
                None
            }
        }
    }

    fn members(&mut self, set: &FieldPath, name: &str, value: Option<Value>) -> Map<String, Value> {
        match value {
            None => Map::new(),
            Some(Value::Object(map)) => map,
            Some(other) => {
                self.wants(&set.key(name), name, "a map by name", &other, None);
                Map::new()
            }
        }
    }

    fn remove(&mut self, at: &FieldPath, names: &[Value], changes: &mut Vec<Placed>) {
        for (index, name) in names.iter().enumerate() {
            let at = at.index(index);
            let known = "remove `title`, `icon`, `team`, `properties.<name>` or `relations.<name>`";
            let Value::String(text) = name else {
                self.wants(&at, "remove", "a list of names", name, Some(known));
                continue;
            };
            let change = match text.as_str() {
                "title" => Change::Title(None),
                "icon" => Change::Icon(None),
                "team" => Change::Team(None),
                text => match text.split_once('.') {
                    Some(("properties", name)) => Change::Property(name.to_owned(), Becomes::Gone),
                    Some(("relations", name)) => Change::Relation(name.to_owned(), Becomes::Gone),
                    _ => {
                        let message = format!("nothing of an entity is called {}", quoted(text));
                        self.fault(&at, message, Some(&remedy(text, known)));
                        continue;
                    }
                },
            };
            self.push(at, change, changes);
        }
    }

    fn push(&mut self, at: FieldPath, change: Change, changes: &mut Vec<Placed>) {
        let part = change.part();
        let name = quoted(&part.to_string());
        if !self.parts.insert(part) {
            let message = format!("{name} stands twice in this entry");
            let help = "an entry sets it or removes it, and does so once";
            return self.fault(&at, message, Some(help));
        }
        let weight = change.weight();
        if weight > MAX_BODY {
            let message = format!("{name} is larger than an entity in Port may be, 1 MiB");
            return self.fault(&at, message, None);
        }
        changes.push(Placed { change, at, weight });
    }
}

/// What may be meant by a name that cannot be removed.
fn remedy(text: &str, known: &str) -> String {
    let (group, name) = text.split_once('.').unwrap_or((text, ""));
    match similar(group, SET.iter().copied()) {
        Some(meant) if name.is_empty() && meant != group => format!("did you mean `{meant}`?"),
        Some(meant) if !name.is_empty() => format!("did you mean `{meant}.{name}`?"),
        _ => known.to_owned(),
    }
}

/// What a relation or a team is set to; `None` for a value of another sort, and for an empty list, which says neither that
/// there is none nor what there is.
pub(super) fn targets(value: &Value) -> Option<Result<Targets, String>> {
    match value {
        Value::String(text) => Some(Ok(Targets::One(text.clone()))),
        Value::Array(items) if !items.is_empty() => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            Some(Ok(Targets::Many(texts.collect::<Option<_>>()?)))
        }
        Value::Object(_) => Some(Query::new(value.clone()).map(Targets::Query)),
        _ => None,
    }
}

impl Change {
    /// About the bytes of what is set.
    fn weight(&self) -> usize {
        match self {
            Self::Title(text) | Self::Icon(text) => text.as_ref().map_or(0, String::len),
            Self::Team(targets) => targets.as_ref().map_or(0, weight_of_targets),
            Self::Property(_, Becomes::Is(value)) => weight(value),
            Self::Relation(_, Becomes::Is(targets)) => weight_of_targets(targets),
            Self::Property(..) | Self::Relation(..) => 0,
        }
    }
}

fn weight_of_targets(targets: &Targets) -> usize {
    match targets {
        Targets::One(text) => text.len(),
        Targets::Many(texts) => texts.iter().map(|text| NODE + text.len()).sum(),
        Targets::Query(query) => weight(query.value()),
    }
}

/// What a value takes besides its texts.
const NODE: usize = 32;

fn weight(value: &Value) -> usize {
    NODE + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| key.len() + weight(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
