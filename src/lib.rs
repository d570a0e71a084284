//! Converts Backstage descriptors to Port manifests.
pub mod backstage;
pub mod diagnostic;
pub mod port;
pub mod render;
pub mod source;
pub mod yaml;
