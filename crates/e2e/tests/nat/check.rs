//! The check before a call, with a relay that is there: what it says of each server is what the network leaves of it, and
//! whose credentials are refused is told apart from those that nobody reaches.

use vitrine_e2e::{Result, VitrinePage, nat::Kind};

use crate::{
    calls::{Test, leave, url},
    stage::{Seat, Stage, Which, chromium, firefox},
};

/// A line of the check: its `data-check`, `data-state` and `data-code`.
type Line = [&'static str; 3];

const CAMERA: Line = ["camera", "good", ""];
const MICROPHONE: Line = ["microphone", "good", ""];
const SIGNALING: Line = ["signaling", "good", ""];
const STUN: Line = ["stun", "good", ""];
const OVER_UDP: Line = ["relay-udp", "good", ""];
const OVER_TCP: Line = ["relay-tcp", "good", ""];
const OVER_TLS: Line = ["relay-tls", "good", ""];

/// What the check says in a network, of a server.
fn checks() -> [(&'static str, Seat, Which, &'static [Line]); 4] {
    [
        (
            "behind_a_home_router_all_of_the_check_is_good",
            chromium(Kind::Home),
            Which::Relaying,
            &[CAMERA, MICROPHONE, SIGNALING, STUN, OVER_UDP, OVER_TCP, OVER_TLS],
        ),
        (
            "the_check_says_that_udp_is_blocked_and_that_the_rest_relays",
            chromium(Kind::UdpBlocked),
            Which::Relaying,
            &[
                CAMERA,
                MICROPHONE,
                SIGNALING,
                ["stun", "problem", "udp-blocked"],
                ["relay-udp", "problem", "udp-blocked"],
                OVER_TCP,
                OVER_TLS,
            ],
        ),
        (
            "the_check_says_whose_credentials_are_refused",
            chromium(Kind::Home),
            Which::WithWrongCredentials,
            // What `--ice-server` names comes before what the server offers itself.
            &[
                CAMERA,
                MICROPHONE,
                SIGNALING,
                ["relay-udp", "problem", "credentials"],
                STUN,
                OVER_UDP,
                OVER_TCP,
                OVER_TLS,
            ],
        ),
        (
            "firefox_behind_a_symmetric_nat_relays_but_with_a_certificate_that_nobody_signed",
            firefox(Kind::Symmetric),
            Which::Relaying,
            &[CAMERA, MICROPHONE, SIGNALING, STUN, OVER_UDP, OVER_TCP, ["relay-tls", "problem", "unreachable"]],
        ),
    ]
}

/// The tests, with their names.
pub fn tests() -> Vec<(String, Test)> {
    let mut tests = Vec::new();
    for (name, seat, which, expected) in checks() {
        let test: Test = Box::new(move |stage| Box::pin(says(stage, seat, which, expected)));
        tests.push((name.to_owned(), test));
    }
    tests
}

async fn says(stage: &Stage, seat: Seat, which: Which, expected: &'static [Line]) -> Result<()> {
    let _reservation = stage.prepare(&[seat], which).await?;
    let page = stage.page(seat);
    let lines = check(page, &url(stage, which, seat), expected.len()).await;
    leave(&[page]).await?;
    assert_eq!(lines?, expected);
    Ok(())
}

/// Runs the check in the lobby, and reads it when it has ended.
async fn check(page: &VitrinePage, lobby: &str, lines: usize) -> Result<Vec<[String; 3]>> {
    page.go_to(lobby).await?;
    page.wait_for_lobby().await?;
    page.press("check").await?;
    page.wait_for(
        &format!("each of {lines} lines of the check has ended"),
        &format!(
            "const lines = [...document.querySelectorAll('[data-testid=check-results][open] [data-check]')];
            const ended = lines.length >= {lines} && lines.every((line) => line.dataset.state !== 'running');
            return ended && lines.map(({{ dataset }}) => [dataset.check, dataset.state, dataset.code ?? ''])"
        ),
    )
    .await
}
