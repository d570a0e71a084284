//! The source side: what Backstage would hold. Knows nothing of Port.
//!
//! A *descriptor* is a YAML document as written. An *entity* is a descriptor that passed validation. The *catalog* is
//! all entities after stitching, with relations in both directions.
//!
//! In: roots, and dumps of other catalogs. Out: a [`Catalog`].

mod address;
pub mod discover;
pub mod dump;
pub mod entity;
pub mod entity_ref;
mod format;
mod kind;
mod placeholder;
pub mod read;
pub mod resolve;
pub mod stitch;
pub mod validate;

pub use entity::Entity;
pub use entity_ref::EntityRef;
pub use read::Descriptor;
pub use stitch::Catalog;
