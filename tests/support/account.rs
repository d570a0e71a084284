//! Whether the account of a conversion is complete, told from the entities alone.

use backstage2port::Conversion;
use backstage2port::source::{FieldPath, Segment};
use serde_json::Value;

/// The fields of converted entities that hold something and have no account.
pub(crate) fn unaccounted(conversion: &Conversion) -> Vec<String> {
    fn scalars(value: &Value, path: &[Segment], found: &mut Vec<Vec<Segment>>) {
        let deeper = |segment| [path, &[segment]].concat();
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    scalars(item, &deeper(Segment::Index(index)), found);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    scalars(item, &deeper(Segment::Key(key.clone())), found);
                }
            }
            _ => found.push(path.to_vec()),
        }
    }
    let mut missing = Vec::new();
    for account in &conversion.account.entities {
        let entity = &conversion.reading.catalog.entities()[account.entity];
        let mut found = Vec::new();
        scalars(&Value::Object(entity.value.fields()), &[], &mut found);
        let is_held = |path: &Vec<Segment>| {
            let mut fields = account.fields.iter();
            fields.any(|account| account.field.holds(&FieldPath(path.clone())))
        };
        let is_filled_in = |path: &FieldPath| path.to_string() == "metadata.namespace";
        let left = found
            .into_iter()
            .filter(|path| !is_held(path))
            .map(FieldPath);
        missing.extend(
            left.filter(|path| !is_filled_in(path))
                .map(|path| path.to_string()),
        );
    }
    missing
}
