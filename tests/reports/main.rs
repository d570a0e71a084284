//! The reports for programs: what is printed, what goes to files, and that each is what its format says.

mod formats;
mod hostile;
mod pipes;
mod places;
mod properties;
mod read;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod told;
