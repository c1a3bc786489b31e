//! The marketplace: what can be had, and who offers it.

mod get_own_professional;
mod get_professional;
mod list_categories;
mod submit_professional;
mod update_professional;
