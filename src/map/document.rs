//! A text that is one YAML (or JSON) document: the files of a profile, and what `fromyaml` of an expression reads.
//!
//! In: the text. Out: its value, or what is wrong with it and in which line.

use serde_json::Value;

use crate::yaml;

/// The value of the only document.
pub(super) fn value(text: &str) -> Result<Value, String> {
    let mut documents = yaml::documents(text).into_iter();
    let document = documents.next().ok_or("it is empty")?;
    if documents.next().is_some() {
        return Err("it holds more than one document".to_owned());
    }
    document.content.map_err(|errors| {
        let Some(error) = errors.first() else {
            return "it is no YAML".to_owned();
        };
        let before = text.get(..error.at.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        format!("line {line}: {}", error.message)
    })
}
