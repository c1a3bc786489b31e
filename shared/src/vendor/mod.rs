//! The outside world.

pub mod clock;
pub mod secrets;
pub mod ses;
