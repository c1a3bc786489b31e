//! What the cache is worth: the same requests with it and without, side by side.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, future::join_all, stream};
use serde_json::json;

use super::outcomes;
use crate::{
    city::{City, Person, full, options},
    redis::Redis,
};

/// Requests at once.
const AT_ONCE: usize = 8;
/// What a call of `DynamoDB` costs on AWS.
const CALL_MS: u32 = 5;

/// How much is measured: all of it with `CONNECTO_FULL`.
struct Size {
    users: usize,
    /// Requests whose reads are counted.
    counted: usize,
    /// Requests whose time is taken.
    timed: usize,
}

impl Size {
    fn new() -> Self {
        if full() {
            Self { users: 1_000, counted: 20_000, timed: 3_000 }
        } else {
            Self { users: 100, counted: 2_500, timed: 500 }
        }
    }
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    /// The next, from 0 to 1 (xorshift).
    #[expect(clippy::cast_precision_loss, reason = "of 53 bits")]
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Who asks, by Zipf's law: the second half as often as the first, the third a third as often; and whether to read.
fn requests(users: usize, count: usize) -> Vec<(usize, bool)> {
    let mut sum = 0.0;
    let ends: Vec<f64> = (1_u32..)
        .take(users)
        .map(|rank| {
            sum += 1.0 / f64::from(rank);
            sum
        })
        .collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut request = || {
        let at = random.next() * sum;
        (ends.partition_point(|end| *end < at).min(users - 1), random.next() < 0.9)
    };
    (0..count).map(|_| request()).collect()
}

struct Side {
    name: &'static str,
    city: City,
    people: Vec<Person>,
}

/// What some requests cost.
struct Cost {
    /// Reads of `DynamoDB` that look a session and its account up.
    look_ups: i64,
    /// All reads; beside those, what answers an edit.
    reads: usize,
    median: Duration,
    p99: Duration,
}

impl Side {
    async fn new(name: &'static str, users: usize, redis: Option<&Redis>) -> Self {
        let options = connecto_local::Options {
            redis: redis.map(|redis| redis.url.clone()),
            template_edit: Some(Box::new(|template| {
                template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
            })),
            ..options()
        };
        let city = City::with(options).await;
        let people: Vec<_> =
            stream::iter(0..users).map(|_| city.phone_customer()).buffered(AT_ONCE).collect().await;
        Self { name, people: people.into_iter().map(|(person, _)| person).collect(), city }
    }

    async fn run(&self, requests: &[(usize, bool)]) -> Cost {
        let (took, reads, look_ups) = (Mutex::new(Vec::new()), Mutex::new(0), Mutex::new(0));
        self.city.forget_calls().await;
        // The log of calls keeps 20,000.
        for chunk in requests.chunks(5_000) {
            stream::iter(chunk)
                .for_each_concurrent(AT_ONCE, async |(user, is_read)| {
                    let browser = self.people[*user].browser();
                    let begun = Instant::now();
                    let answer = if *is_read {
                        browser.get("/v1/account").await
                    } else {
                        browser.patch("/v1/account", json!({ "name": "Asha Rao" })).await
                    };
                    took.lock().unwrap().push(begun.elapsed());
                    answer.is(200);
                })
                .await;
            let calls = self.city.database_calls().await;
            let edits = chunk.iter().filter(|(_, is_read)| !is_read).count();
            let of_chunk = calls.iter().filter(|call| call.contains("GetItem")).count();
            *reads.lock().unwrap() += of_chunk;
            // The answer to an edit is read after it, with the cache and without. Which read was for which is not told: of all
            // together none may be left over, and one be missing.
            *look_ups.lock().unwrap() += i64::try_from(of_chunk).unwrap() - i64::try_from(edits).unwrap();
            self.city.forget_calls().await;
        }
        let mut took = took.into_inner().unwrap();
        took.sort_unstable();
        let (median, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
        Cost { look_ups: look_ups.into_inner().unwrap(), reads: reads.into_inner().unwrap(), median, p99 }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_a_day_with_the_cache_and_without() {
    let redis = Redis::start().await;
    let Size { users, counted, timed } = Size::new();
    let (with, without) =
        (Side::new("with", users, Some(&redis)).await, Side::new("without", users, None).await);
    let sides = [&without, &with];

    println!(
        "{counted} requests over {users} people by Zipf's law, 90 % of them reads, nothing cached at first:"
    );
    let mut reads = Vec::new();
    for side in sides {
        let cost = side.run(&requests(users, counted)).await;
        println!(
            "{:>8} the cache: {:>6} reads of DynamoDB, {:>6} of them to look somebody up",
            side.name, cost.reads, cost.look_ups
        );
        reads.push(cost);
    }
    println!("  what the cache said: {:?}", outcomes(&with.city).await);
    let [without_cache, with_cache] = &reads[..] else { unreachable!("two sides") };
    println!("  {} times fewer to look somebody up", without_cache.look_ups / with_cache.look_ups.max(1));

    println!(
        "{timed} requests of them, {AT_ONCE} at once, each call of DynamoDB {CALL_MS} ms late as on AWS:"
    );
    let delay = json!([{ "service": "dynamodb", "every": 1, "do": "delay", "ms": CALL_MS }]);
    join_all(sides.map(|side| side.city.misbehave(delay.clone()))).await;
    let mut times = Vec::new();
    for side in sides {
        let cost = side.run(&requests(users, timed)).await;
        println!("{:>8} the cache: median {:.1?}, p99 {:.1?}", side.name, cost.median, cost.p99);
        times.push(cost.median);
    }
    assert!(without_cache.look_ups >= 10 * with_cache.look_ups);
    assert!(times[1] < times[0], "the cache makes it slower: {times:?}");
}
