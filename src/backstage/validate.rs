//! stub
use super::entity::Entity;
use super::entity_ref::EntityRef;
use crate::source::FieldPath;

/// An entity and the references its fields hold.
#[derive(Debug)]
pub struct Validated {
    /// The entity.
    pub entity: Entity,
    /// What its fields refer to, in the order Backstage reads them.
    pub references: Vec<Reference>,
}

/// A reference in a field of an entity.
#[derive(Debug)]
pub struct Reference {
    /// Where it stands.
    pub field: FieldPath,
    /// Type of the relation from the holder to the target.
    pub forward: &'static str,
    /// Type of the relation from the target to the holder.
    pub inverse: &'static str,
    /// The target.
    pub target: EntityRef,
}
