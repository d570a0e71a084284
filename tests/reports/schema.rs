//! The schema of the JSON report agrees with the program, and refuses what no report has.

use std::collections::BTreeSet;

use backstage2port::diagnostic::Code;
use backstage2port::report::JSON_SCHEMA;
use serde_json::{Value, json};

use crate::read::follows;
use crate::support::{Folder, Result, run};

#[test]
fn the_schema_is_one_and_knows_every_code() -> Result<()> {
    let schema: Value = serde_json::from_str(JSON_SCHEMA)?;
    jsonschema::meta::validate(&schema).map_err(|fault| fault.to_string())?;
    let codes = schema["$defs"]["code"]["enum"]
        .as_array()
        .ok_or("no codes")?;
    let codes: Vec<_> = codes.iter().filter_map(Value::as_str).collect();
    let expected: Vec<_> = Code::ALL.iter().map(|code| code.id()).collect();
    assert_eq!(codes, expected);
    Ok(())
}

#[test]
fn every_object_of_the_schema_is_closed() -> Result<()> {
    fn open(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(object) => {
                let is_object = object.get("type") == Some(&json!("object"));
                if is_object && !object.contains_key("additionalProperties") {
                    found.insert(path.to_owned());
                }
                for (key, value) in object {
                    open(value, &format!("{path}/{key}"), found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    open(item, &format!("{path}/{index}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    open(&serde_json::from_str(JSON_SCHEMA)?, "", &mut found);
    assert_eq!(found, BTreeSet::new());
    Ok(())
}

#[test]
fn the_schema_refuses_what_no_report_has() -> Result<()> {
    let schema: Value = serde_json::from_str(JSON_SCHEMA)?;
    let folder = Folder::with([("catalog-info.yaml", "kind: Component\n")])?;
    let told = run(&folder.path, &["convert", "--dry-run", "--format=json"])?;
    let report: Value = serde_json::from_str(&told.stdout)?;
    follows(&schema, &report)?;
    let changed = [
        ("/version", json!(2)),
        ("/findings/0/code", json!("no-such-code")),
        ("/findings/0/severity", json!("fatal")),
        ("/findings/0/line", json!(0)),
        ("/findings/0/fingerprint", json!("x")),
        ("/findings/0", json!({"code": "invalid-envelope"})),
        ("/summary/entities", json!(-1)),
        ("/manifests", json!([{"path": "x", "outcome": "lost"}])),
        ("/entities", json!([{"ref": "x"}])),
    ];
    for (pointer, value) in changed {
        let mut report = report.clone();
        *report.pointer_mut(pointer).ok_or(pointer)? = value;
        assert!(follows(&schema, &report).is_err(), "{pointer}");
    }
    let mut report = report;
    report["findings"][0]["more"] = json!(1);
    assert!(follows(&schema, &report).is_err());
    Ok(())
}
