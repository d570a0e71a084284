//! `publish` from end to end: the real binary in real repositories, as the real git sees them.

#![cfg(unix)]
#![expect(
    clippy::print_stdout,
    reason = "tests that are skipped or measured say so"
)]

mod case;
mod earlier;
mod killed;
mod many;
mod moves;
mod places;
mod race;
mod remote;
mod signer;
mod told;

#[path = "../support/mod.rs"]
mod support;
