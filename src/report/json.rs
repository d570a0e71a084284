//! The report as JSON, for programs: numbers, findings, and of a conversion the manifests and what became of every field.
//!
//! In: the outcome of a run. Out: one JSON object with `version`, which grows when the shape changes for readers:
//!
//! - `summary`: the numbers of the run
//! - `findings`: `{code, severity, message, path?, line?, column?, endLine?, endColumn?, field?, help?, related?,
//!   fingerprint}`, lines and columns from 1, columns in Unicode code points, `endColumn` after the last of them
//! - `manifests`, of a conversion: `{path, outcome}`
//! - `publish`, of a publication: `{status, branch, commit}`
//! - `entities`, of a conversion: for each converted entity `{ref, path, line, fields}`; a field is `{field, fate, in?, reason?}` with the
//!   fate `mapped`, `raw` or `dropped`, and `in` the parts of Port's entities that hold it
//!
//! The schema beside this file says the same to programs. Messages are for people and hold nothing that could steer a
//! terminal; paths, fields and names are as they are.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::files::{Files, Span};
use super::{Publication, Report, escaped, printable, printable_lines};
use crate::backstage::Catalog;
use crate::diagnostic::{Diagnostic, fingerprints};
use crate::map::account::{EntityAccount, Fate, FieldAccount, Holder};
use crate::source::{Location, Sources};

/// The JSON Schema of the report (draft 2020-12).
pub const SCHEMA: &str = include_str!("json.schema.json");

/// Grows when a reader of the report has to change.
const VERSION: u32 = 1;

/// Writes the whole report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut files = Files::new(report.sources);
    let fingerprints = fingerprints(report.diagnostics.iter(), report.sources);
    let findings = report.diagnostics.iter().zip(fingerprints);
    let findings: Vec<Value> = findings
        .map(|(found, fingerprint)| finding(found, fingerprint, &mut files))
        .collect();
    let mut object = Map::new();
    object.insert("version".to_owned(), VERSION.into());
    object.insert("summary".to_owned(), report.summary.json());
    object.insert("findings".to_owned(), findings.into());
    if let Some(conversion) = &report.conversion {
        let manifests = conversion.written.outcomes.iter();
        let manifests = manifests
            .map(|(path, outcome)| json!({"path": path.as_str(), "outcome": outcome.id()}));
        object.insert("manifests".to_owned(), manifests.collect());
    }
    if let Some(publication) = &report.publication {
        let Publication {
            status,
            branch,
            commit,
        } = publication;
        let publication = json!({"status": status.id(), "branch": branch, "commit": commit});
        object.insert("publish".to_owned(), publication);
    }
    if let Some(conversion) = &report.conversion {
        let entities = conversion.account.entities.iter();
        let entities = entities.map(|account| entity(account, report.catalog, report.sources));
        object.insert("entities".to_owned(), entities.collect());
    }
    let text = serde_json::to_string_pretty(&object)?;
    writeln!(out, "{}", escaped(&text))
}

fn finding(found: &Diagnostic, fingerprint: String, files: &mut Files<'_>) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), found.code.id().into());
    object.insert("severity".to_owned(), found.severity.to_string().into());
    object.insert("message".to_owned(), printable(&found.message).into());
    if let Some(location) = &found.location {
        place(&mut object, location, files);
    }
    if let Some(help) = &found.help {
        object.insert("help".to_owned(), printable_lines(help).join("\n").into());
    }
    if !found.related.is_empty() {
        let related = found.related.iter().map(|(location, label)| {
            let mut object = Map::from_iter([("label".to_owned(), printable(label).into())]);
            place(&mut object, location, files);
            Value::Object(object)
        });
        let related = related.collect();
        object.insert("related".to_owned(), Value::Array(related));
    }
    object.insert("fingerprint".to_owned(), fingerprint.into());
    Value::Object(object)
}

fn place(object: &mut Map<String, Value>, location: &Location, files: &mut Files<'_>) {
    let path = files.sources.display_path(location.file);
    object.insert("path".to_owned(), path.as_str().into());
    if let Some(Span { line, column, end }) = files.span(location) {
        object.insert("line".to_owned(), line.into());
        object.extend(column.map(|column| ("column".to_owned(), column.into())));
        if let Some((line, column)) = end {
            object.insert("endLine".to_owned(), line.into());
            object.insert("endColumn".to_owned(), column.into());
        }
    }
    let field = location.place.field().filter(|field| !field.is_empty());
    object.extend(field.map(|field| ("field".to_owned(), field.to_string().into())));
}

fn entity(account: &EntityAccount, catalog: &Catalog, sources: &Sources) -> Value {
    let entity = &catalog.entities()[account.entity];
    let fields: Vec<Value> = account.fields.iter().map(field).collect();
    json!({
        "ref": entity.entity_ref.canonical(),
        "path": sources.display_path(entity.origin.file).as_str(),
        "line": entity.origin.line,
        "fields": fields,
    })
}

fn field(account: &FieldAccount) -> Value {
    let field = account.field.to_string();
    let parts = |holders: &[Holder]| {
        let holders = holders.iter().map(|holder| {
            json!({
                "blueprint": holder.blueprint,
                "identifier": holder.identifier,
                "part": holder.part.to_string(),
            })
        });
        Value::Array(holders.collect())
    };
    match &account.fate {
        Fate::Mapped(holders) => json!({"field": field, "fate": "mapped", "in": parts(holders)}),
        Fate::Raw(holders) => json!({"field": field, "fate": "raw", "in": parts(holders)}),
        Fate::Dropped(reason) => {
            json!({"field": field, "fate": "dropped", "reason": reason.to_string()})
        }
    }
}
