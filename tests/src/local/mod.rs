pub mod permissions;
mod persistence;
mod start;
mod streams;
mod upload_page;
