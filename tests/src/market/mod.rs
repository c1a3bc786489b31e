//! The marketplace: what can be had, and who offers it.

mod create_service;
mod delete_service;
mod get_availability;
mod get_own_professional;
mod get_professional;
mod list_categories;
mod list_own_services;
mod list_services;
mod list_slots;
mod replace_service;
mod set_availability;
mod slots;
mod submit_professional;
mod update_professional;
