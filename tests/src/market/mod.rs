//! The marketplace: what can be had, and who offers it.

mod advance_booking;
mod create_booking;
mod create_service;
mod delete_service;
mod demo;
mod find_professionals;
mod find_services;
mod get_availability;
mod get_booking;
mod get_locality;
mod get_own_professional;
mod get_professional;
pub mod jobs;
mod lapse_bookings;
mod list_bookings;
mod list_categories;
mod list_own_services;
mod list_professional_bookings;
mod list_services;
mod list_slots;
mod replace_service;
mod reschedule_booking;
mod set_availability;
mod slots;
mod submit_professional;
mod update_professional;
mod write_review;
