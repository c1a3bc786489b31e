//! Paying for bookings, at the sandbox of Razorpay.

mod audit;
mod chaos;
mod pay;
