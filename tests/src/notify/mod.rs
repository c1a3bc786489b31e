mod outbox;
mod texts;
