//! The table, and which bars were missed.

use std::time::Duration;

use crate::{
    measure::{Measured, Plan},
    programs::{Function, Program, Runtime},
};

/// No function may take longer to start.
pub const MAX_INIT: Duration = Duration::from_millis(20);
/// The twin's init is at least so many times ours.
const INIT_FACTOR: u32 = 10;
const MAX_RSS_INIT: u64 = 15_000_000;
/// Warm, the memory of `login` grows by no more: far less than one hash of 19 MiB that was not given back.
const MAX_LOGIN_GROWTH: u64 = 2_000_000;
/// The twin's processor time of a warm `verify-email` is at least so many times ours.
const CPU_FACTOR: u32 = 3;

/// A demand, and whether it was met.
pub struct Bar {
    /// The demand and the figures.
    pub text: String,
    /// Whether it was met.
    pub met: bool,
}

/// A program and its figures.
pub type Row<'a> = (&'a Program, &'a Measured);

/// All figures, as a table in Markdown.
pub fn table(rows: &[Row<'_>], plan: Plan) -> String {
    let mut table = format!(
        "| function | runtime | init | first response | warm | CPU/request | RSS after init | RSS after {} | size |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|\n",
        plan.requests
    );
    for (program, measured) in rows {
        let cells = [
            program.function.name().to_owned(),
            format!("{:?}", program.runtime),
            ms(measured.init),
            ms(measured.first),
            ms(measured.warm),
            ms(measured.cpu),
            mb(measured.rss_init),
            mb(measured.rss_end),
            mb(program.size),
        ];
        table.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    table
}

/// Every bar, with the figures that decide.
pub fn bars(rows: &[Row<'_>]) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (program, rust) in rows.iter().filter(|(program, _)| program.runtime == Runtime::Rust) {
        let name = program.function.name();
        let twin = rows
            .iter()
            .find(|(other, _)| other.runtime == Runtime::Node && other.function == program.function);
        let twin = twin.map(|(_, measured)| *measured);
        bars.push(Bar {
            text: format!("{name}: init {} ≤ {}", ms(rust.init), ms(MAX_INIT)),
            met: rust.init <= MAX_INIT,
        });
        if let Some(node) = twin {
            bars.push(Bar {
                text: format!("{name}: init {} ≤ 1/{INIT_FACTOR} of Node's {}", ms(rust.init), ms(node.init)),
                met: rust.init * INIT_FACTOR <= node.init,
            });
        }
        bars.push(Bar {
            text: format!("{name}: RSS after init {} < {}", mb(rust.rss_init), mb(MAX_RSS_INIT)),
            met: rust.rss_init < MAX_RSS_INIT,
        });
        match (program.function, twin) {
            (Function::Login, _) => {
                let growth = rust.rss_end.saturating_sub(rust.rss_warm);
                bars.push(Bar {
                    text: format!("{name}: RSS grows by {} ≤ {} when warm", mb(growth), mb(MAX_LOGIN_GROWTH)),
                    met: growth <= MAX_LOGIN_GROWTH,
                });
            }
            (Function::VerifyEmail, Some(node)) => bars.push(Bar {
                text: format!(
                    "{name}: CPU/request {} ≤ 1/{CPU_FACTOR} of Node's {}",
                    ms(rust.cpu),
                    ms(node.cpu)
                ),
                met: rust.cpu * CPU_FACTOR <= node.cpu,
            }),
            _ => {}
        }
    }
    bars
}

/// A time, for people.
pub fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1_000.0)
}

/// A size, for people.
pub fn mb(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}
