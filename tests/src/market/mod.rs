//! The marketplace: what can be had.

mod list_categories;
