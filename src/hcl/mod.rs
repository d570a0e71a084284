//! HCL, the language of Terraform, as far as manifests need it.
//!
//! In: expressions and the names of things. Out: text that `terraform fmt` leaves as it is, and the same back from such a
//! text. What the resources of a provider are like is not known here.

mod json;
mod name;
mod read;
mod write;

use serde_json::Value;

pub(crate) use json::number;
pub(crate) use name::{entity_name, entity_of, name, of_name};
pub(crate) use read::{Block, Reader};
pub(crate) use write::{Attributes, block};

/// What follows the title of an entity that has none.
pub(crate) const UNTITLED: &str = "the identifier: Port has no title";

/// An expression, in one of the few forms that manifests use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// A literal other than a number: null, a boolean, or a text.
    Literal(Value),
    /// A number, as [`number`] spells it.
    Number(String),
    /// `[a, b]`
    List(Vec<Self>),
    /// `{ a = b }`
    Object(Attributes),
    /// `port_blueprint.component.identifier`, made of names that HCL takes.
    Reference(String),
    /// `jsonencode(…)`
    Json(Value),
    /// An object of which some members are there only while a condition holds.
    Partly {
        /// All members.
        members: Attributes,
        /// The names of those.
        some: Vec<String>,
        /// The condition.
        condition: &'static str,
    },
    /// What a comment follows on its line.
    Noted(Box<Self>, &'static str),
    /// What is there only while a condition holds, else null.
    If {
        /// What is there.
        then: Box<Self>,
        /// The condition.
        condition: &'static str,
    },
}

impl Expression {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Literal(Value::String(text.into()))
    }

    /// The text of an object that a provider takes as JSON.
    pub(crate) fn json(value: &Value) -> Self {
        if json::is_encoded_alike(value) {
            Self::Json(value.clone())
        } else {
            Self::text(json::text(value))
        }
    }
}

#[cfg(test)]
mod tests;
