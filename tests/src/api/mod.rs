mod authorization;
mod bad_input;
mod monitoring;
mod openapi;
mod privacy;
mod template;
mod texts;
