//! The target side: what Port would hold. Knows nothing of Backstage.
//!
//! In: blueprints and entities from `map/`. Out: the same, refined and within Port's limits, ready for `render/`.

pub mod blueprint;
pub mod bodies;
pub mod changes;
pub mod check;
pub mod entity;
mod packed;
mod path;
pub mod refine;

pub use blueprint::Blueprint;
pub use bodies::{Bodies, Key};
pub use changes::Changes;
pub use entity::{Cleared, Entity, Query, Targets};
pub use packed::Packed;
pub(crate) use packed::{Names, Outline};

/// Everything that is to be in Port after one run.
#[derive(Debug, Default)]
pub struct Catalog {
    /// The blueprints in the order of the profile.
    pub blueprints: Vec<Blueprint>,
    /// The entities in the order of their descriptors.
    pub entities: Vec<Packed>,
    /// Whether the blueprints stand elsewhere already: entities are held against them, and they are neither refined nor
    /// written.
    pub are_given: bool,
}
