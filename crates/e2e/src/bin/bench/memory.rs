//! `bench memory`: what fifty rounds of joining and leaving leave behind on a page.

use serde_json::{Value, json};
use vitrine_e2e::{
    Result,
    rounds::{self, Round},
};

/// Unless said otherwise.
const ROUNDS: usize = 50;

/// Growth counts from here: what is made once is made by then.
const SETTLED: usize = 10;

/// Prints the figures; whether nothing has grown between the tenth round and the last. `rounds` (at least ten) may ask
/// for another number of them than fifty.
pub async fn run(rounds: Option<String>) -> Result<bool> {
    let count = rounds.and_then(|text| text.parse().ok()).unwrap_or(ROUNDS).max(SETTLED);
    let rounds = rounds::play(count).await?;
    println!(
        "{:<10} {:>5} {:>12} {:>7} {:>10} {:>15} {:>10} {:>11} {:>15}",
        "page",
        "round",
        "connections",
        "tracks",
        "listeners",
        "retained videos",
        "wasm refs",
        "wasm pages",
        "script heap kB"
    );
    for (number, round) in rounds.iter().enumerate().filter(|(index, _)| *index == 0 || (index + 1) % SETTLED == 0) {
        for (name, counts) in round.pages() {
            println!(
                "{name:<10} {:>5} {:>12} {:>7} {:>10} {:>15} {:>10} {:>11} {:>15}",
                number + 1,
                counts.live_connections,
                counts.live_tracks,
                counts.listeners.values().sum::<i64>(),
                counts.retained_videos,
                counts.wasm_references,
                counts.wasm_pages,
                counts.script_heap_bytes / 1000
            );
        }
    }
    let (settled, last) = (&rounds[SETTLED - 1], &rounds[count - 1]);
    let mut pages = std::iter::zip(settled.pages(), last.pages());
    let grown = pages.any(|((_, settled), (_, last))| last.has_grown_since(settled));
    println!("{} since round {SETTLED}", if grown { "GROWN" } else { "no growth" });
    println!();
    println!(
        "{}",
        json!({"bench": "memory", "rounds": count, "settled": figures(settled), "last": figures(last), "grown": grown})
    );
    Ok(!grown)
}

fn figures(round: &Round) -> [Value; 2] {
    round.pages().map(|(name, counts)| {
        json!({
            "page": name, "live_connections": counts.live_connections, "live_tracks": counts.live_tracks,
            "listeners": counts.listeners, "retained_videos": counts.retained_videos, "wasm_references": counts.wasm_references, "wasm_pages": counts.wasm_pages,
            "script_heap_bytes": counts.script_heap_bytes,
        })
    })
}
