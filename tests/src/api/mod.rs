mod authorization;
mod bad_input;
mod monitoring;
mod openapi;
mod template;
mod texts;
