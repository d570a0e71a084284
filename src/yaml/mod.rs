//! stub
pub mod spans;
