//! The outside world.

pub mod clock;
pub mod ses;
pub mod secrets;
