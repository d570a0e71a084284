//! Entity references: `[<kind>:][<namespace>/]<name>`.

use std::fmt;

use serde_json::{Map, Value};

use super::format;

/// The namespace of entities that name none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// The full name of an entity, spelled as written. Two spellings that differ only in case name one entity: compare
/// [`EntityRef::canonical`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityRef {
    /// Kind, never empty.
    pub kind: String,
    /// Namespace, never empty.
    pub namespace: String,
    /// Name, never empty.
    pub name: String,
}

/// Why a text is no entity reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntityRefError {
    /// A part is present but empty, such as in `component:` or `/x`.
    #[error("is not of the form [<kind>:][<namespace>/]<name>")]
    Form,
    /// The kind is missing where no default is known.
    #[error("names no kind")]
    MissingKind,
}

impl EntityRef {
    /// Parses a reference as `parseEntityRef` does (backstage/backstage, `packages/catalog-model/src/entity/ref.ts`):
    /// split at the first colon and at the first slash behind it, nothing trimmed, nothing escaped.
    ///
    /// # Errors
    ///
    /// [`EntityRefError::Form`] for an empty part, [`EntityRefError::MissingKind`] when neither the text nor the
    /// default names a kind.
    pub fn parse(
        text: &str,
        default_kind: Option<&str>,
        default_namespace: &str,
    ) -> Result<Self, EntityRefError> {
        let slash = text.find('/');
        let kind = Self::kind_in(text);
        let after_kind = kind.map_or(0, |kind| kind.len() + 1);
        let namespace = slash.map(|slash| &text[after_kind..slash]);
        let name = &text[slash.map_or(after_kind, |slash| slash + 1)..];
        if kind == Some("") || namespace == Some("") || name.is_empty() {
            return Err(EntityRefError::Form);
        }
        let kind = kind.or(default_kind).ok_or(EntityRefError::MissingKind)?;
        Ok(Self {
            kind: kind.to_owned(),
            namespace: namespace.unwrap_or(default_namespace).to_owned(),
            name: name.to_owned(),
        })
    }

    /// The kind that a reference names, where it names one.
    #[must_use]
    pub fn kind_in(text: &str) -> Option<&str> {
        let before_slash = text.split('/').next()?;
        let (kind, _) = before_slash.split_once(':')?;
        Some(kind)
    }

    /// A reference in parts, `{kind, namespace, name}`; null counts as missing.
    ///
    /// # Errors
    ///
    /// As [`EntityRef::parse`]; a part that is no text counts as a wrong form.
    pub fn from_parts(
        parts: &Map<String, Value>,
        default_kind: Option<&str>,
        default_namespace: &str,
    ) -> Result<Self, EntityRefError> {
        let part = |key: &str| match parts.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.as_str())),
            Some(_) => Err(EntityRefError::Form),
        };
        let kind = part("kind")?.or(default_kind);
        let namespace = part("namespace")?.unwrap_or(default_namespace);
        let name = part("name")?;
        Ok(Self {
            kind: kind.ok_or(EntityRefError::MissingKind)?.to_owned(),
            namespace: namespace.to_owned(),
            name: name.ok_or(EntityRefError::Form)?.to_owned(),
        })
    }

    /// Whether an entity can be called so; references are not held against the rules for names.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        format::is_kind(&self.kind)
            && format::is_namespace(&self.namespace.to_lowercase())
            && format::is_name(&self.name)
    }

    /// The identity of the entity: `kind:namespace/name`, each part lower-cased by Unicode's rules as
    /// `stringifyEntityRef` does. (Part by part: the final sigma depends on the end of the word.)
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self {
            kind,
            namespace,
            name,
        } = self;
        let mut canonical = String::with_capacity(kind.len() + namespace.len() + name.len() + 2);
        for (part, end) in [(kind, ":"), (namespace, "/"), (name, "")] {
            if part.is_ascii() {
                let start = canonical.len();
                canonical.push_str(part);
                canonical[start..].make_ascii_lowercase();
            } else {
                canonical.push_str(&part.to_lowercase());
            }
            canonical.push_str(end);
        }
        canonical
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.kind, self.namespace, self.name)
    }
}
