mod health;
mod keys;
mod limits;
mod not_found;
mod staff;
