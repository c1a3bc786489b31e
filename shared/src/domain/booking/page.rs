//! The table of what can happen, as a page for people; written by a test, which fails when the page is another.

use serde::Serialize;

use super::machine::{Actor, Guard, State, TRANSITIONS, Terms};

/// What something is called outside of the code.
fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The table as a page: a diagram for Mermaid, and its rows.
fn page() -> String {
    use std::fmt::Write as _;
    let mut page = String::from(
        "What can happen to a booking, drawn from the table in `booking/machine.rs`: `CONNECTO_UPDATE=1 cargo nextest run \
         the_page_is_drawn_from_the_table` writes it anew.\n\n```mermaid\nstateDiagram-v2\n",
    );
    let state = |state: Option<State>| state.map_or_else(|| "[*]".to_owned(), |state| name(&state));
    for row in TRANSITIONS {
        let _ = writeln!(
            page,
            "    {} --> {}: {} ({})",
            state(row.from),
            name(&row.to),
            name(&row.event),
            name(&row.actor)
        );
    }
    for end in State::ALL.into_iter().filter(|state| state.is_final()) {
        let _ = writeln!(page, "    {} --> [*]", name(&end));
    }
    page.push_str("```\n\n| in | by | what | if | to | money | told |\n|---|---|---|---|---|---|---|\n");
    for row in TRANSITIONS {
        let condition = match (row.guard, row.proof) {
            (Guard::FromMinutesBefore(minutes), None) => format!("from {minutes} min before it begins"),
            (Guard::FromMinutesBefore(minutes), Some(_)) => {
                format!("from {minutes} min before it begins, with the start code")
            }
            (Guard::FromMinutesAfter(minutes), _) => format!("from {minutes} min after it should have begun"),
            (Guard::UntilItBegins, _) => "until it begins".to_owned(),
            (Guard::WhileFree, _) => {
                "while cancelling is free, three times, if it was not asked for".to_owned()
            }
            (Guard::Unpaid, _) => "it is not paid".to_owned(),
            (Guard::IsAbsent, _) => "they were reported as absent".to_owned(),
            (Guard::Always, Some(_)) => "with the end code".to_owned(),
            (Guard::Always, None) => String::new(),
        };
        let money = match row.settles {
            None => "",
            Some(Terms::Nothing) => "nobody pays anything",
            Some(Terms::InFull) => "paid in full",
            Some(Terms::CancellationFee) => "the fee for cancelling then",
            Some(Terms::NoShowFee) => "an absent customer pays as for the last moment",
            Some(Terms::AsDecided) => "as decided",
        };
        let told: Vec<_> = row.tells.iter().map(|party| name(&Actor::from(*party))).collect();
        let from = row.from.map_or_else(String::new, |from| format!("`{}`", name(&from)));
        let _ = writeln!(
            page,
            "| {from} | {} | `{}` | {condition} | `{}` | {money} | {} |",
            name(&row.actor),
            name(&row.event),
            name(&row.to),
            told.join(", ")
        );
    }
    page.push_str(
        "\nSo long each state may last, before time moves on by itself:\n\n| state | for |\n|---|---|\n",
    );
    for state in State::ALL {
        if let Some(deadline) = deadline_in_words(state) {
            let _ = writeln!(page, "| `{}` | {deadline} |", name(&state));
        }
    }
    page
}

/// What a state's deadline is, in words.
const fn deadline_in_words(state: State) -> Option<&'static str> {
    match state {
        State::Requested | State::Accepted => Some("12 hours, at most until it begins"),
        State::Held => Some("10 minutes, at most until it begins"),
        State::Confirmed | State::OnTheWay => Some("24 hours after it should have ended"),
        State::InProgress => Some("12 hours after it should have ended"),
        State::Done | State::NoShow => Some("48 hours"),
        State::Disputed | State::Closed | State::Declined | State::Cancelled | State::Expired => None,
    }
}

#[test]
fn the_page_is_drawn_from_the_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain/booking.md");
    if std::env::var_os("CONNECTO_UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(there, page(), "CONNECTO_UPDATE=1 writes it anew");
}
