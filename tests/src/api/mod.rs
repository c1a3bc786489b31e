mod authorization;
mod bad_input;
mod openapi;
mod template;
mod texts;
