//! Puts entries behind those of an overlay.
//!
//! In: the overlay as it stands, and new entries. Out: its text byte for byte, and behind it the new ones, spelled as
//! manifests are. What comes out is read again: it holds the old entries and the new ones, or there is an error.

use camino::Utf8Path;
use serde::Serialize;
use serde_json::{Map, Value};

use super::adopt::OverlayText;
use super::{Becomes, Change, Overlay, PATHS};
use crate::diagnostic::Error;
use crate::map::mapper::sort;
use crate::port::Targets;
use crate::source::{FileId, MAX_FILE_BYTES, RootId, Sources};
use crate::yaml;
use crate::yaml::write::{self, Sorted, Text};

/// What a new overlay begins with.
const HEAD: &str = "\
# What is to differ in Port from what the descriptors say. This file is yours: backstage2port reads it, and adds entries
# at its end when it is asked to adopt what was edited by hand.
";

/// An entry to be added.
#[derive(Debug)]
pub(super) struct NewEntry {
    entity: String,
    blueprint: Option<String>,
    title: Option<String>,
    icon: Option<String>,
    team: Option<Value>,
    properties: Value,
    relations: Value,
    remove: Vec<String>,
}

impl NewEntry {
    pub(super) fn new(entity: String, blueprint: Option<String>, changes: Vec<Change>) -> Self {
        let mut entry = Self {
            entity,
            blueprint,
            title: None,
            icon: None,
            team: None,
            properties: Value::Null,
            relations: Value::Null,
            remove: Vec::new(),
        };
        let (mut properties, mut relations) = (Map::new(), Map::new());
        for change in changes {
            let part = change.part();
            match change {
                Change::Title(Some(title)) => entry.title = Some(title),
                Change::Icon(Some(icon)) => entry.icon = Some(icon),
                Change::Team(Some(team)) => entry.team = Some(value_of(&team)),
                Change::Property(name, Becomes::Is(value)) => {
                    properties.insert(name, value);
                }
                Change::Property(name, Becomes::Null) => {
                    properties.insert(name, Value::Null);
                }
                Change::Relation(name, Becomes::Is(targets)) => {
                    relations.insert(name, value_of(&targets));
                }
                Change::Relation(name, Becomes::Null) => {
                    relations.insert(name, Value::Null);
                }
                Change::Title(None)
                | Change::Icon(None)
                | Change::Team(None)
                | Change::Property(_, Becomes::Gone)
                | Change::Relation(_, Becomes::Gone) => entry.remove.push(part.to_string()),
            }
        }
        entry.properties = Value::Object(properties);
        entry.relations = Value::Object(relations);
        entry
    }

    fn spelled(&self) -> Spelled<'_> {
        let members = |value: &'_ Value| value.as_object().is_some_and(|map| !map.is_empty());
        let set = Set {
            title: self.title.as_deref().map(Text),
            icon: self.icon.as_deref().map(Text),
            team: self.team.as_ref().map(Sorted),
            properties: Some(&self.properties).filter(|v| members(v)).map(Sorted),
            relations: Some(&self.relations).filter(|v| members(v)).map(Sorted),
        };
        Spelled {
            entity: Text(&self.entity),
            blueprint: self.blueprint.as_deref().map(Text),
            set: Some(set).filter(|set| !set.is_empty()),
            remove: self.remove.iter().map(|name| Text(name)).collect(),
        }
    }
}

fn value_of(targets: &Targets) -> Value {
    match targets {
        Targets::One(one) => Value::from(one.as_str()),
        Targets::Many(many) => many.iter().map(String::as_str).collect(),
        Targets::Query(query) => query.value().clone(),
    }
}

/// An entry in the order in which its keys are written.
#[derive(Serialize)]
struct Spelled<'a> {
    entity: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blueprint: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<Set<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct Set<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<Sorted<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Sorted<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relations: Option<Sorted<'a>>,
}

impl Set<'_> {
    fn is_empty(&self) -> bool {
        self.title.is_none()
            && self.icon.is_none()
            && self.team.is_none()
            && self.properties.is_none()
            && self.relations.is_none()
    }
}

/// The overlay of a root with these entries behind its own; a new one where it has none.
pub(super) fn new_text(
    root: RootId,
    overlay: Option<&Overlay>,
    entries: &[NewEntry],
    sources: &Sources,
) -> Result<OverlayText, Error> {
    let path = overlay.map_or(Utf8Path::new(PATHS[0]), |overlay| {
        sources.path(overlay.file)
    });
    let contents = match overlay {
        None => appended(HEAD, entries),
        Some(overlay) => text_of(overlay.file, sources).and_then(|old| appended(&old, entries)),
    };
    Ok(OverlayText {
        root,
        path: path.to_owned(),
        contents: contents.map_err(|message| Error::Adopt {
            path: overlay.map_or_else(|| path.to_owned(), |one| sources.display_path(one.file)),
            message,
        })?,
    })
}

fn text_of(file: FileId, sources: &Sources) -> Result<String, String> {
    let bytes = sources.read(file).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|_| "it holds bytes that are not UTF-8; replace them".to_owned())
}

/// A text with entries behind it.
pub(super) fn appended(old: &str, new: &[NewEntry]) -> Result<String, String> {
    let before = items(old)?;
    let spelled: Vec<Spelled<'_>> = new.iter().map(NewEntry::spelled).collect();
    let line_end = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = old.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(line_end);
    }
    let indent = indent(old);
    for line in write::text(&spelled).lines() {
        if !line.is_empty() {
            text.push_str(indent);
        }
        text.push_str(line);
        text.push_str(line_end);
    }
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err("it would be larger than the tool reads".to_owned());
    }
    let mut expected = serde_json::to_value(&spelled).map_err(|error| error.to_string())?;
    yaml::as_javascript(&mut expected);
    let mut all = before.clone();
    all.extend(expected.as_array().cloned().unwrap_or_default());
    if items(&text).ok().as_ref() == Some(&all) {
        Ok(text)
    } else {
        let remedy = "write it as a list of lines that begin with `- entity: `, in one document, and nothing behind it";
        Err(format!(
            "what is put behind its entries is not read as entries; {remedy}"
        ))
    }
}

/// The entries of an overlay, whatever they say.
fn items(text: &str) -> Result<Vec<Value>, String> {
    let mut documents = yaml::documents(text).into_iter();
    let first = documents.next().map(|document| document.content);
    if documents.next().is_some() {
        return Err("it holds more than one document; put the entries into one list".to_owned());
    }
    match first {
        None => Ok(Vec::new()),
        Some(Ok(Value::Array(items))) => Ok(items),
        Some(Ok(other)) => Err(format!("it is no list of entries but {}", sort(&other))),
        Some(Err(_)) => Err("it is no valid YAML; mend it first".to_owned()),
    }
}

/// The white space in front of the first entry of a list.
fn indent(text: &str) -> &str {
    let mut lines = text.lines().map(|line| line.trim_start_matches('\u{feff}'));
    let entry = lines.find(|line| {
        let line = line.trim_start();
        line == "-" || line.starts_with("- ")
    });
    entry.map_or("", |line| &line[..line.len() - line.trim_start().len()])
}
