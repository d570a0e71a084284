//! tmp
pub mod jq;
