//! The report as JSON, for programs: numbers, findings, and of a conversion the manifests and what became of every field.
//!
//! In: the outcome of a run. Out: one JSON object with `version`, which grows when the shape changes for readers:
//!
//! - `summary`: the numbers of the run
//! - `findings`: `{code, severity, message, path?, line?, column?, field?, help?, related?}`, lines and columns from 1
//! - `manifests`, of a conversion: `{path, outcome}`
//! - `publish`, of a publication: `{status, branch, commit}`
//! - `entities`, of a conversion: for each converted entity `{ref, path, line, fields}`; a field is `{field, fate, in?, reason?}` with the
//!   fate `mapped`, `raw` or `dropped`, and `in` the parts of Port's entities that hold it

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::files::Files;
use super::{Publication, Report};
use crate::backstage::Catalog;
use crate::diagnostic::Diagnostic;
use crate::map::account::{EntityAccount, Fate, FieldAccount, Holder};
use crate::source::{Location, Sources};

/// Grows when a reader of the report has to change.
const VERSION: u32 = 1;

/// Writes the whole report.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut files = Files::new(report.sources);
    let findings = report.diagnostics.iter();
    let findings: Vec<Value> = findings.map(|found| finding(found, &mut files)).collect();
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
        let entities = entities.map(|account| entity(account, conversion.catalog, report.sources));
        object.insert("entities".to_owned(), entities.collect());
    }
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

fn finding(found: &Diagnostic, files: &mut Files<'_>) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), found.code.id().into());
    object.insert("severity".to_owned(), found.severity.to_string().into());
    object.insert("message".to_owned(), (*found.message).into());
    if let Some(location) = &found.location {
        place(&mut object, location, files);
    }
    if let Some(help) = &found.help {
        object.insert("help".to_owned(), (**help).into());
    }
    if !found.related.is_empty() {
        let related = found.related.iter().map(|(location, label)| {
            let mut object = Map::from_iter([("label".to_owned(), label.as_str().into())]);
            place(&mut object, location, files);
            Value::Object(object)
        });
        let related = related.collect();
        object.insert("related".to_owned(), Value::Array(related));
    }
    Value::Object(object)
}

fn place(object: &mut Map<String, Value>, location: &Location, files: &mut Files<'_>) {
    let path = files.sources.display_path(location.file);
    object.insert("path".to_owned(), path.as_str().into());
    if let Some((line, column)) = files.position(location) {
        object.insert("line".to_owned(), line.into());
        object.extend(column.map(|column| ("column".to_owned(), column.into())));
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
