//! Values that stand in another file than the descriptor that holds them: placeholders put them there.
//!
//! In: which field of which document came from which file. Out: for a place in a descriptor, the place in the file that
//! was included. Nothing is looked up before a place is shown, and a run without placeholders keeps nothing.

use camino::Utf8Path;

use super::{FieldPath, FileId, Location, Origin, Place, RootId, Sources};

/// A placeholder that was replaced.
#[derive(Debug)]
pub(super) struct Inclusion {
    /// The field that holds the placeholder.
    field: FieldPath,
    /// Its only key, such as `$yaml`.
    key: String,
    /// The file it names.
    file: FileId,
    /// Whether the file became one text, in which there are no fields.
    is_text: bool,
}

impl Sources {
    /// Notes that a file was read in the place of a field of a descriptor, by a placeholder with this key.
    pub(crate) fn include(
        &mut self,
        holder: Origin,
        field: FieldPath,
        key: &str,
        file: FileId,
        is_text: bool,
    ) {
        let document = (holder.file, holder.document);
        self.inclusions
            .entry(document)
            .or_default()
            .push(Inclusion {
                field,
                key: key.to_owned(),
                file,
                is_text,
            });
    }

    /// The id of a file that is included. It is another one than that of the same file as a descriptor: in included values
    /// placeholders are not replaced.
    pub(crate) fn included_file(&mut self, root: RootId, path: &Utf8Path) -> FileId {
        self.id(root, path, true)
    }

    /// Where the text of a place really stands, and the placeholder that brought it; `None` where it stands in the
    /// descriptor itself.
    ///
    /// A text that a placeholder brought has no places inside it: there the place is the address in the descriptor, and
    /// what belongs to it is the file.
    #[must_use]
    pub fn included_place(&self, location: &Location) -> Option<(Location, Location)> {
        if self.inclusions.is_empty() {
            return None;
        }
        let document = location.place.document()?;
        let field = location.place.field()?;
        let inclusions = self.inclusions.get(&(location.file, document))?;
        let is_key = matches!(location.place, Place::Key { .. });
        let inclusion = inclusions.iter().find(|one| {
            let is_inside = field.0.starts_with(&one.field.0);
            is_inside && !(is_key && field.0.len() == one.field.0.len())
        })?;
        let address = Location {
            file: location.file,
            place: Place::Value {
                document,
                field: inclusion.field.key(&inclusion.key),
            },
        };
        let file = inclusion.file;
        if inclusion.is_text {
            let place = Place::File;
            return Some((address, Location { file, place }));
        }
        let field = FieldPath(field.0.get(inclusion.field.0.len()..)?.to_vec());
        let place = match &location.place {
            Place::Key { .. } => Place::Key { document: 0, field },
            Place::Item { text, .. } => Place::Item {
                document: 0,
                field,
                text: text.clone(),
            },
            _ => Place::Value { document: 0, field },
        };
        Some((Location { file, place }, address))
    }
}
