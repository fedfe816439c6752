//! `bench verdict [RUNS [TROUBLE]]`: thirteen troubles, brought about for real, each so many times, and whether the inspector
//! names the right one first.

use serde_json::json;
use vitrine_e2e::{Error, Result, Trouble};

/// Runs of each trouble, unless the user says otherwise.
const RUNS: usize = 8;
/// The share of right verdicts that is asked for: 99 of 104.
const WANTED: f64 = 99.0 / 104.0;

/// Prints the table; whether enough verdicts were right. `only` asks for the troubles that have it in their names.
pub async fn run(runs: Option<String>, only: Option<String>) -> Result<bool> {
    let runs = runs.and_then(|runs| runs.parse().ok()).unwrap_or(RUNS).max(1);
    let is_meant = |trouble: &Trouble| only.as_ref().is_none_or(|only| trouble.name().contains(only.as_str()));
    println!("{:<32}{:>8}   found instead", "trouble", "right");
    let (mut right, mut rows) = (0, Vec::new());
    for trouble in Trouble::ALL.into_iter().filter(is_meant) {
        let (mut found, mut instead) = (0, Vec::new());
        for _ in 0..runs {
            match trouble.explained().await {
                Ok(explained) if trouble.is_explained_by(&explained) => found += 1,
                Ok(explained) => instead.push(format!("{:?}", explained.findings)),
                Err(Error::TimedOut { seen, .. }) => instead.push(seen),
                // A call that did not come about is no right verdict either, and no reason to give up the others.
                Err(error) => instead.push(error.to_string()),
            }
        }
        right += found;
        println!("{:<32}{found:>5} of {runs}   {}", trouble.name(), instead.join("; "));
        rows.push(json!({ "trouble": trouble.name(), "right": found, "instead": instead }));
    }
    let all = runs * rows.len();
    let is_enough = all > 0 && right as f64 >= WANTED * all as f64;
    println!("{:<32}{right:>5} of {all}", "all");
    println!("{}", if is_enough { "enough" } else { "TOO FEW are right: 99 of 104 are asked for" });
    println!();
    println!(
        "{}",
        json!({ "bench": "verdict", "runs": runs, "right": right, "all": all, "troubles": rows, "enough": is_enough })
    );
    Ok(is_enough)
}
