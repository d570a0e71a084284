//! A place in a file: its address and a pointer into it.

use url::Url;

use super::{Fault, fault};

/// A place: a file by its address, and a pointer into it that starts with `#`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) pointer: String,
}

impl Place {
    pub(super) fn tokens(&self) -> Result<Vec<String>, Fault> {
        tokens(&self.pointer)
    }

    pub(super) fn join<'t>(&self, tokens: impl IntoIterator<Item = &'t String>) -> Self {
        let mut place = self.clone();
        for token in tokens {
            push_token(&mut place.pointer, token);
        }
        place
    }

    /// The place a reference names, seen from this one.
    pub(super) fn resolve(&self, reference: &str) -> Result<Self, Fault> {
        let invalid = |_| fault(format!("`{reference}` is not an address"));
        let (address, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let file = if address.is_empty() {
            self.file.clone()
        } else {
            let base = Url::parse(&self.file).map_err(invalid)?;
            base.join(address).map_err(invalid)?.into()
        };
        Ok(Self {
            file,
            pointer: format!("#{}", decoded(pointer)),
        })
    }
}

/// Decodes `%20` and its like; what is no such code stays.
pub(super) fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match tail {
            [a, b, ..] if *first == b'%' => std::str::from_utf8(&[*a, *b])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

pub(super) fn tokens(pointer: &str) -> Result<Vec<String>, Fault> {
    let pointer = pointer.strip_prefix('#').unwrap_or(pointer);
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(path) = pointer.strip_prefix('/') else {
        return Err(fault(format!("`#{pointer}` is not a JSON pointer")));
    };
    Ok(path
        .split('/')
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect())
}

pub(super) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
}
