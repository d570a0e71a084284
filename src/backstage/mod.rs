//! The source side: what Backstage would hold. Knows nothing of Port.
//!
//! A *descriptor* is a YAML document as written. An *entity* is a descriptor that passed validation. The *catalog* is
//! all entities after stitching, with relations in both directions.
//!
//! In: roots, and dumps of other catalogs. Out: a [`Catalog`].

mod address;
mod bundle;
mod claims;
mod descriptor;
pub mod discover;
pub mod dump;
pub mod entity;
pub mod entity_ref;
pub(crate) mod field;
pub(crate) mod format;
mod glob;
pub(crate) mod kind;
pub mod location_ref;
mod packed;
mod placeholder;
pub mod read;
pub mod references;
pub mod resolve;
pub(crate) mod spelling;
pub mod stitch;
pub mod validate;

pub use descriptor::Descriptor;
pub use entity::Entity;
pub use entity_ref::EntityRef;
pub use kind::has_owner;
pub use location_ref::LocationRef;
pub use packed::Packed;
pub use stitch::Catalog;

/// How much of Backstage's strictness is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// An error costs the document it is in. Kinds that Backstage does not know are taken as custom kinds.
    #[default]
    Tolerant,
    /// An error costs what it costs in Backstage: a document that is no entity takes with it everything that the same
    /// Location emits. A kind that Backstage does not know is an error.
    Strict,
}
