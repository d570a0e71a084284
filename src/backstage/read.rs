//! Reads files into descriptors: one for each YAML document that has the envelope of an entity.
//!
//! In: files. Out: [`Descriptor`]s in the order of files and documents. Documents that are lost are reported, each
//! on its own; skeletons are passed over with a note.

use std::io;

use rayon::prelude::*;
use serde_json::{Map, Value};

use super::discover::{Found, FoundBy};
use super::entity_ref::{DEFAULT_NAMESPACE, EntityRef};
use super::field::{field, has_field};
use super::{Descriptor, Mode, Packed, spelling};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::generated::is_generated;
use crate::source::{FieldPath, FileId, Location, MAX_FILE_BYTES, Origin, Place, Segment, Sources};
use crate::yaml;

/// What a run has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that could not be read.
    pub unread: usize,
    /// Files that were read.
    pub files: usize,
    /// Documents in them, empty ones not counted.
    pub documents: usize,
    /// Documents passed over because they are skeletons.
    pub skeletons: usize,
    /// Documents left out because another one defines their entity.
    pub repeated: usize,
    /// Catalog dumps that were read.
    pub dumps: usize,
    /// Entities in them, each once.
    pub recorded: usize,
    /// Those of them that descriptors define as well.
    pub replaced: usize,
    /// Entities that a dump defines in other words than the one before.
    pub conflicts: usize,
    /// Those of them that belong to the catalog.
    pub converted: usize,
}

impl Tally {
    /// Whether there was nothing to make a catalog of.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files == 0 && self.unread == 0 && self.converted == 0
    }

    /// Counts the documents whose entity another one defines, once all of them are found.
    pub fn count_repeated(&mut self, diagnostics: &Diagnostics) {
        let is_repeated = |code| matches!(code, Code::IdenticalDuplicate | Code::DuplicateEntity);
        let repeated = diagnostics.iter().filter(|found| is_repeated(found.code));
        self.repeated = repeated.count().saturating_sub(self.conflicts);
    }
}

/// What a file holds.
#[derive(Debug)]
pub struct Contents {
    /// The file.
    pub file: FileId,
    /// Its descriptors.
    pub descriptors: Vec<Descriptor<Packed>>,
    /// Whether a document of it is no entity, which in Backstage costs all that its Location emits.
    pub is_broken: bool,
}

/// Reads files, in parallel, and keeps their order.
pub fn files(
    found: &[Found],
    mode: Mode,
    sources: &Sources,
    tally: &mut Tally,
    diagnostics: &mut Diagnostics,
) -> Vec<Contents> {
    let read: Vec<FileReader> = found
        .par_iter()
        .map(|found| {
            let mut reader = FileReader::new(*found, mode);
            reader.read(sources);
            sources.progress.advance();
            reader
        })
        .collect();
    let mut contents = Vec::with_capacity(found.len());
    for reader in read {
        tally.files += reader.tally.files;
        tally.unread += reader.tally.unread;
        tally.documents += reader.tally.documents;
        tally.skeletons += reader.tally.skeletons;
        diagnostics.append(reader.diagnostics);
        contents.push(Contents {
            file: reader.found.file,
            descriptors: reader.descriptors,
            is_broken: reader.is_broken,
        });
    }
    contents
}

/// Reads one file.
struct FileReader {
    found: Found,
    mode: Mode,
    tally: Tally,
    descriptors: Vec<Descriptor<Packed>>,
    is_broken: bool,
    diagnostics: Diagnostics,
}

impl FileReader {
    fn new(found: Found, mode: Mode) -> Self {
        Self {
            found,
            mode,
            tally: Tally::default(),
            descriptors: Vec::new(),
            is_broken: false,
            diagnostics: Diagnostics::default(),
        }
    }

    fn report(&mut self, code: Code, message: impl Into<String>, place: Place) {
        let file = self.found.file;
        self.diagnostics
            .push(Diagnostic::new(code, message).at(Location { file, place }));
    }

    fn read(&mut self, sources: &Sources) {
        let bytes = match sources.read(self.found.file) {
            Ok(bytes) => bytes,
            Err(error) => return self.unreadable(&error),
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let message = "the file holds bytes that are not UTF-8; Backstage replaces them by `\u{fffd}`";
                self.report(
                    Code::InvalidUtf8,
                    message,
                    Place::Span {
                        document: None,
                        bytes: at..at + '\u{fffd}'.len_utf8(),
                    },
                );
                text
            }
        };
        if is_generated(&text) {
            return;
        }
        self.tally.files += 1;
        let file = self.found.file;
        self.diagnostics
            .mark(sources.root_of(file), sources.path(file), &text);
        for document in yaml::documents(&text) {
            self.tally.documents += 1;
            match document.content {
                Ok(value) => self.document(document.index, document.line, value),
                Err(errors) if is_unrendered(&text) => {
                    self.is_broken = true;
                    let at = errors.first().map_or(0..0, |error| error.at.clone());
                    self.skeleton(Place::Span {
                        document: Some(document.index),
                        bytes: at,
                    });
                }
                Err(errors) => {
                    self.is_broken = true;
                    for error in errors {
                        self.syntax(document.index, error);
                    }
                }
            }
        }
    }

    fn syntax(&mut self, document: usize, error: yaml::SyntaxError) {
        let file = self.found.file;
        let at = |bytes| Location {
            file,
            place: Place::Span {
                document: Some(document),
                bytes,
            },
        };
        let mut fault = Diagnostic::new(Code::YamlSyntax, error.message).at(at(error.at));
        fault.help = error.help.map(Into::into);
        if let Some((began, label)) = error.began {
            fault = fault.related(at(began), label);
        }
        self.push(fault);
    }

    fn unreadable(&mut self, error: &io::Error) {
        self.is_broken = true;
        self.tally.unread += 1;
        if error.kind() == io::ErrorKind::FileTooLarge {
            let limit = MAX_FILE_BYTES / (1024 * 1024);
            let message = format!("the file is larger than {limit} MiB and was not read");
            self.report(Code::FileTooLarge, message, Place::File);
        } else {
            let reason = reason(error);
            self.report(
                Code::UnreadableFile,
                format!("cannot be read: {reason}"),
                Place::File,
            );
        }
    }

    fn skeleton(&mut self, place: Place) {
        self.tally.skeletons += 1;
        let message =
            "a scaffolder skeleton: it describes nothing until it is rendered, so it was skipped";
        let file = self.found.file;
        let note = Diagnostic::new(Code::Skeleton, message).at(Location { file, place });
        self.push(note.help("to leave it out without a word, name its folder with `--exclude`"));
    }

    fn document(&mut self, document: usize, line: usize, value: Value) {
        let origin = Origin {
            file: self.found.file,
            document,
            line,
        };
        let Value::Object(mut value) = value else {
            self.is_broken = true;
            let fault = not_an_entity(&value).at(origin.document());
            self.push(if self.is_guess() {
                fault.severity(Severity::Note)
            } else {
                fault
            });
            return;
        };
        if let Some(field) = skeleton_field(&value) {
            self.is_broken |= envelope(&mut value).is_err();
            return self.skeleton(origin.value(field).place);
        }
        match envelope(&mut value) {
            Ok(entity_ref) => {
                let descriptor = Descriptor {
                    origin,
                    entity_ref,
                    value,
                };
                self.descriptors.push(descriptor.packed());
            }
            Err((field, message)) => {
                self.is_broken = true;
                let remedy = envelope_remedy(&value, &field);
                let mut fault =
                    Diagnostic::new(Code::InvalidEnvelope, message).at(origin.value(field));
                if self.is_guess() && !value.contains_key("apiVersion") {
                    fault = fault.severity(Severity::Note);
                }
                self.push(fault.help(remedy));
            }
        }
    }

    /// Whether the file may well belong to another tool.
    fn is_guess(&self) -> bool {
        self.found.by == FoundBy::Pattern && self.mode == Mode::Tolerant
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

fn not_an_entity(value: &Value) -> Diagnostic {
    let (found, help) = match value {
        Value::Array(_) => (
            "a list",
            Some("write each entity as a document of its own, with a line `---` between them"),
        ),
        Value::String(text) => match yaml::foreign(text) {
            Some(what) => (what, Some(yaml::FOREIGN_REMEDY)),
            None => ("a text", text_remedy(text)),
        },
        Value::Number(_) => ("a number", None),
        _ => ("a boolean", None),
    };
    let fault = Diagnostic::new(
        Code::NotAnEntity,
        format!("expected an entity, found {found}"),
    );
    fault.help(help.unwrap_or(ENVELOPE))
}

/// What makes a map of a text that should be one.
fn text_remedy(text: &str) -> Option<&'static str> {
    // Line breaks of a plain text are spaces by now.
    let mut words = text.split_whitespace();
    let first = words.next()?;
    if matches!(first, "apiVersion" | "kind" | "metadata") {
        return Some("a colon is missing after the key, as in `kind: Component`");
    }
    let is_glued = |key: &str| first.starts_with(key);
    ["apiVersion:", "kind:", "metadata:"]
        .into_iter()
        .any(is_glued)
        .then_some("a space is missing after the colon, as in `kind: Component`")
}

const ENVELOPE: &str = "an entity needs the texts `apiVersion`, `kind` and `metadata.name`";

/// What to do about a field of the envelope: the name that was meant, where it is misspelt.
fn envelope_remedy(value: &Map<String, Value>, field: &FieldPath) -> String {
    if let Some(slip) = slip(value, field) {
        return format!("`{slip}` is probably meant");
    }
    let mut keys = field.0.iter();
    let found = keys.try_fold(None, |holder: Option<&Value>, segment| {
        let Segment::Key(key) = segment else {
            return None;
        };
        let found = holder.map_or_else(|| value.get(key), |holder| holder.get(key))?;
        Some(Some(found))
    });
    match found.flatten() {
        Some(found @ (Value::Number(_) | Value::Bool(_))) => {
            format!("put quotes around it: `\"{found}\"`")
        }
        _ => ENVELOPE.to_owned(),
    }
}

/// The field that is written instead of one that is missing.
fn slip(value: &Map<String, Value>, missing: &FieldPath) -> Option<FieldPath> {
    let (Segment::Key(name), parents) = missing.0.split_last()? else {
        return None;
    };
    let map = match parents {
        [] => value,
        [Segment::Key(parent)] => value.get(parent)?.as_object()?,
        _ => return None,
    };
    if map.contains_key(name) {
        return None;
    }
    let slip = spelling::slip(name, map.keys().map(String::as_str))?;
    Some(FieldPath(parents.to_vec()).key(slip))
}

/// Checks the envelope schema (`EntityEnvelope.schema.json`) and the type of the annotations, which is all that
/// Backstage needs to store an entity.
pub(super) fn envelope(value: &mut Map<String, Value>) -> Result<EntityRef, (FieldPath, String)> {
    let path = |keys: &[&str]| FieldPath::keys(keys.iter().copied());
    text(value, &["apiVersion"])?;
    let kind = text(value, &["kind"])?;
    let metadata = match value.get_mut("metadata") {
        Some(Value::Object(metadata)) => metadata,
        Some(_) => return Err((path(&["metadata"]), "`metadata` must be a map".to_owned())),
        None => return Err((path(&["metadata"]), "`metadata` is missing".to_owned())),
    };
    let name = text(metadata, &["metadata", "name"])?;
    let namespace = if has_field(metadata, "namespace") {
        text(metadata, &["metadata", "namespace"])?
    } else {
        DEFAULT_NAMESPACE.to_owned()
    };
    // Backstage adds its own annotations and takes any of JavaScript's false values for none.
    match field(metadata, "annotations") {
        None | Some(Value::Object(_)) => {}
        Some(value) if is_falsy(value) => {
            metadata.shift_remove("annotations");
        }
        Some(_) => {
            let field = path(&["metadata", "annotations"]);
            return Err((field, "`metadata.annotations` must be a map".to_owned()));
        }
    }
    Ok(EntityRef {
        kind,
        namespace,
        name,
    })
}

/// The non-empty text at the last key of a path.
fn text(map: &Map<String, Value>, path: &[&str]) -> Result<String, (FieldPath, String)> {
    let key = path.last().copied().unwrap_or_default();
    let fault = match field(map, key) {
        Some(Value::String(text)) if !text.is_empty() => return Ok(text.clone()),
        Some(Value::String(_)) => "must not be empty".to_owned(),
        Some(other) => format!("must be a text, not {}", article(other)),
        None => "is missing".to_owned(),
    };
    let path = FieldPath::keys(path.iter().copied());
    let message = format!("`{path}` {fault}");
    Err((path, message))
}

/// Why a file cannot be read, without the numbers of the operating system.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if error.get_ref().is_none() => "it does not exist".to_owned(),
        io::ErrorKind::NotFound | io::ErrorKind::Other => error.to_string(),
        kind => kind.to_string(),
    }
}

/// What a value is, as a person would say it.
pub(super) fn article(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("the boolean `{value}`"),
        Value::Number(value) => format!("the number `{value}`"),
        Value::String(value) if value.is_empty() => "an empty text".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// The fields that say which entity this is. Template syntax in any of them means that it is none yet.
const IDENTITY: &[&[&str]] = &[
    &["apiVersion"],
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["spec", "owner"],
    &["spec", "type"],
];

fn skeleton_field(value: &Map<String, Value>) -> Option<FieldPath> {
    IDENTITY.iter().find_map(|path| {
        let (first, rest) = path.split_first()?;
        let mut keys = rest.iter();
        let found = keys.try_fold(field(value, first)?, |value, key| {
            field(value.as_object()?, key)
        })?;
        let is_template = match found {
            Value::String(text) => has_template_syntax(text),
            // `{{ x }}` without quotes is a map whose key is a map.
            Value::Object(map) => map.keys().any(|key| key.starts_with("{ ")),
            _ => false,
        };
        is_template.then(|| {
            FieldPath(
                path.iter()
                    .map(|key| Segment::Key((*key).to_owned()))
                    .collect(),
            )
        })
    })
}

fn has_template_syntax(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether a text that is no valid YAML is a template to be rendered first: it has template syntax in a line of its
/// own or in a field of its identity, and is not itself a Template, whose steps may hold anything.
fn is_unrendered(text: &str) -> bool {
    let mut is_unrendered = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if line.starts_with("kind:") && trimmed.trim_end().ends_with("Template") {
            return false;
        }
        let is_shallow = line.len() - trimmed.len() <= 4;
        let key = trimmed.split_once(':').map(|(key, _)| key.trim_end());
        let is_identity =
            key.is_some_and(|key| IDENTITY.iter().any(|path| path.last() == Some(&key)));
        is_unrendered |= trimmed.starts_with("{%")
            || trimmed.starts_with("{{")
            || (is_shallow && is_identity && has_template_syntax(line));
    }
    is_unrendered
}
