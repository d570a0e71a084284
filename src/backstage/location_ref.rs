//! Location references: `type:target`, as annotations such as `backstage.io/source-location` hold them.

/// An address with the way it is read, such as `url:https://example.com/x` or `dir:.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationRef {
    /// How the target is read: `url`, `file`, `dir`.
    pub location_type: String,
    /// The address.
    pub target: String,
}

/// Why a text is no location reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocationRefError {
    /// Type or target is missing.
    #[error("is not of the form <type>:<target>")]
    Form,
    /// The text is an address without a type.
    #[error("is an address and needs `url:` in front of it")]
    BareAddress,
    /// The target is a script.
    #[error("must not be a script")]
    Script,
}

impl LocationRef {
    /// Parses a reference as `parseLocationRef` does (backstage/backstage, `packages/catalog-model/src/location`): split at
    /// the first colon, both parts trimmed.
    ///
    /// # Errors
    ///
    /// [`LocationRefError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, LocationRefError> {
        let (location_type, target) = Self::parts(text)?;
        Ok(Self {
            location_type: location_type.to_owned(),
            target: target.to_owned(),
        })
    }

    /// The type and the target that a text names.
    ///
    /// # Errors
    ///
    /// As [`LocationRef::parse`].
    pub fn parts(text: &str) -> Result<(&str, &str), LocationRefError> {
        let (location_type, target) = text.split_once(':').ok_or(LocationRefError::Form)?;
        let (location_type, target) = (location_type.trim(), target.trim());
        if location_type.is_empty() || target.is_empty() {
            return Err(LocationRefError::Form);
        }
        if matches!(location_type, "http" | "https") {
            return Err(LocationRefError::BareAddress);
        }
        if is_script(target) {
            return Err(LocationRefError::Script);
        }
        Ok((location_type, target))
    }
}

/// Whether a browser would run an address: a `javascript:` scheme, with what browsers ignore before and inside it.
pub(crate) fn is_script(address: &str) -> bool {
    let mut chars = address
        .trim_start_matches(|char: char| char <= ' ')
        .chars()
        .filter(|char| !matches!(char, '\r' | '\n' | '\t'));
    "javascript:".chars().all(|expected| {
        chars
            .next()
            .is_some_and(|char| char.to_ascii_lowercase() == expected)
    })
}
