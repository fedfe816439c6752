//! ICE servers: refreshed before they expire, used by every connection, and checked before a call.

use crate::support::{self, Page, Participant, configured_urls, media_flows, open_connections, two_in_a_call, until};
use vitrine::call::{CallState, Command, Intent, SignalingState};
use vitrine_insight::connection_check::Outcome;
use vitrine_protocol::signaling::IceServer;
use wasm_bindgen_test::wasm_bindgen_test;

/// Two servers on this machine, at ports where nothing listens.
const OLD: &str = r#"[{"urls": "turn:127.0.0.1:50009?transport=tcp", "username": "u", "credential": "old"}]"#;
const NEW: &str = r#"[{"urls": "turn:127.0.0.1:50010?transport=tcp", "username": "u", "credential": "new"}]"#;
const OLD_URL: &str = "turn:127.0.0.1:50009?transport=tcp";
const NEW_URL: &str = "turn:127.0.0.1:50010?transport=tcp";
const EVENT: &str = "ice-servers";

/// How many requests for ICE servers the server received, with any acknowledgement id.
fn requests() -> u32 {
    (0..20).map(|ack| support::received(&format!("42{ack}[\"{EVENT}\""))).sum()
}

#[wasm_bindgen_test]
async fn expiring_servers_are_refreshed_on_every_connection() {
    let _page = Page::new();
    support::set_ice_servers(OLD, Some(3));
    let (ann, bob) = two_in_a_call().await;
    assert_eq!(configured_urls(), [OLD_URL, OLD_URL]);
    assert_eq!(requests(), 0, "no refresh before half of the lifetime");
    support::set_ice_servers(NEW, None);
    until("new servers on both connections", async || configured_urls() == [NEW_URL, NEW_URL]).await;
    assert_eq!(requests(), 2);
    media_flows().await;
    let mut cho = Participant::start();
    cho.enter("Cho", Intent::Join);
    cho.connected_to(&["Ann", "Bob"]).await;
    assert_eq!(configured_urls(), [NEW_URL; 6]);
    drop((ann, bob));
}

#[wasm_bindgen_test]
async fn reconnection_brings_new_ice_servers() {
    let _page = Page::new();
    support::set_ice_servers(OLD, Some(86_400));
    let (mut ann, mut bob) = two_in_a_call().await;
    support::set_reachable(false);
    ann.until("offline", |state| state.signaling == SignalingState::Offline).await;
    bob.until("offline", |state| state.signaling == SignalingState::Offline).await;
    support::set_ice_servers(NEW, Some(86_400));
    support::set_reachable(true);
    until("new servers on both connections", async || configured_urls() == [NEW_URL, NEW_URL]).await;
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    media_flows().await;
    assert_eq!(requests(), 0, "the acknowledgement of entering names them, too");
}

#[wasm_bindgen_test]
async fn unanswered_refresh_leaves_call_alone() {
    let _page = Page::new();
    support::set_ice_servers(OLD, Some(2));
    support::disable_ice_servers();
    let (ann, bob) = two_in_a_call().await;
    until("two requests", async || requests() == 2).await;
    media_flows().await;
    assert_eq!(configured_urls(), [OLD_URL, OLD_URL]);
    assert_eq!(support::received("42[\"offer\""), 1);
    drop((ann, bob));
}

fn outcomes(state: &CallState) -> Vec<(&'static str, Option<Outcome>)> {
    state.check.iter().flatten().map(|line| (line.service.name(), line.outcome)).collect()
}

fn is_done(state: &CallState) -> bool {
    state.check.as_ref().is_some_and(|lines| lines.iter().all(|line| line.outcome.is_some()))
}

/// Runs a check in the lobby, and returns its results.
async fn check(participant: &mut Participant) -> Vec<(&'static str, Option<Outcome>)> {
    participant.call.send(Command::Check);
    participant.until("a check under way", |state| !is_done(state)).await;
    participant.until("the end of the check", is_done).await;
    outcomes(&participant.state)
}

#[wasm_bindgen_test]
async fn check_without_servers_opens_no_connection() {
    let _page = Page::new();
    let mut ann = Participant::start();
    ann.online().await;
    ann.call.send(Command::Check);
    ann.until("the end of the check", is_done).await;
    let none = Some(Outcome::NotConfigured);
    assert_eq!(outcomes(&ann.state), [("stun", none), ("relay", none)]);
    assert_eq!(open_connections(), 0);
}

#[wasm_bindgen_test]
async fn missing_relay_is_unreachable() {
    let _page = Page::new();
    support::set_ice_servers(OLD, None);
    let mut ann = Participant::start();
    ann.online().await;
    // Not every browser reports that the connection was refused.
    let expected = if support::reports_candidate_errors() { Outcome::Unreachable } else { Outcome::Silent };
    assert_eq!(check(&mut ann).await, [("relay-tcp", Some(expected)), ("stun", Some(Outcome::NotConfigured))]);
    assert_eq!(open_connections(), 0);
    assert_eq!(check(&mut ann).await.len(), 2, "the check can be repeated");
}

#[wasm_bindgen_test]
async fn missing_stun_server_is_unreachable() {
    let _page = Page::new();
    support::set_ice_servers(r#"[{"urls": "stun:127.0.0.1:50009"}]"#, None);
    let mut ann = Participant::start();
    ann.online().await;
    let expected = if support::reports_candidate_errors() { Outcome::Unreachable } else { Outcome::Silent };
    assert_eq!(check(&mut ann).await[0], ("stun", Some(expected)));
}

#[wasm_bindgen_test]
async fn working_relay_passes_check_and_leaves_no_listeners() {
    let _page = Page::new();
    support::count_listeners();
    support::fake_relays("works");
    support::set_ice_servers(OLD, None);
    let mut ann = Participant::start();
    ann.devices_settled().await;
    ann.online().await;
    assert_eq!(check(&mut ann).await[0], ("relay-tcp", Some(Outcome::Works)));
    assert_eq!(open_connections(), 0);
    ann.call.send(Command::EndCheck);
    ann.until("no results", |state| state.check.is_none()).await;
    drop(ann);
    until("closed sockets", async || support::open_sockets() == 0).await;
    support::stop_counting_listeners();
    assert_eq!(support::listeners_left(), "");
}

#[wasm_bindgen_test]
async fn refusing_relay_is_reported_with_reason() {
    if !support::reports_candidate_errors() {
        return;
    }
    for (code, expected) in [("401", Outcome::Credentials), ("486", Outcome::Quota), ("400", Outcome::Refused(400))] {
        let _page = Page::new();
        support::fake_relays(code);
        support::set_ice_servers(OLD, None);
        let mut ann = Participant::start();
        ann.online().await;
        assert_eq!(check(&mut ann).await[0], ("relay-tcp", Some(expected)));
    }
}

#[wasm_bindgen_test]
async fn cancelled_check_leaves_no_connection() {
    let _page = Page::new();
    support::fake_relays("silent");
    support::set_ice_servers(OLD, None);
    let mut ann = Participant::start();
    ann.online().await;
    ann.call.send(Command::Check);
    until("connections", async || open_connections() == 2).await;
    ann.call.send(Command::EndCheck);
    until("no connections", async || open_connections() == 0).await;
    assert_eq!(ann.state.check, None);
}

#[wasm_bindgen_test]
async fn page_configuration_is_used_if_server_names_none() {
    let _page = Page::new();
    support::disable_ice_servers();
    let server = IceServer { urls: vec!["nonsense".to_owned(), OLD_URL.to_owned()], username: None, credential: None };
    let mut ann = Participant::with_ice_servers(vec![server]);
    ann.online().await;
    // Browsers reject a TURN URL without credentials.
    let unusable = Some(Outcome::Unusable);
    assert_eq!(check(&mut ann).await[..2], [("unknown", unusable), ("relay-tcp", unusable)]);
}

/// Three kinds of entries that browsers reject, and one server that they accept.
const MISTAKES: &str = r#"[{"urls": ["turn:h:notaport", "turn:127.0.0.1:50009?transport=tcp"], "username": "u", "credential": "c"},
    {"urls": "nonsense"}, {"url": "stun:127.0.0.1:50009"}]"#;

#[wasm_bindgen_test]
async fn rejected_urls_are_skipped_one_by_one() {
    let _page = Page::new();
    support::record_warnings();
    support::set_ice_servers(MISTAKES, Some(2));
    let (ann, bob) = two_in_a_call().await;
    assert_eq!(configured_urls(), [OLD_URL, OLD_URL]);
    assert!(["turn:h:notaport", "nonsense", "stun:127.0.0.1:50009"].iter().all(|url| support::has_warned(url)));
    media_flows().await;
    // The same for refreshed servers.
    support::set_ice_servers(&MISTAKES.replace("50009", "50010"), None);
    until("new servers on both connections", async || configured_urls() == [NEW_URL, NEW_URL]).await;
    media_flows().await;
    drop((ann, bob));
}

#[wasm_bindgen_test]
async fn rejected_urls_of_page_configuration_are_skipped() {
    let _page = Page::new();
    support::set_ice_servers("null", None);
    let server = |urls: &[&str]| IceServer {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        username: Some("u".to_owned()),
        credential: Some("c".to_owned()),
    };
    let servers = vec![server(&["turn:h:notaport", OLD_URL]), server(&["stun:h:0x"])];
    let (mut ann, mut bob) = (Participant::with_ice_servers(servers.clone()), Participant::with_ice_servers(servers));
    for (person, name) in [(&mut ann, "Ann"), (&mut bob, "Bob")] {
        person.devices_settled().await;
        person.enter(name, Intent::Join);
        person.until("the room", |state| state.stage == vitrine::call::Stage::InCall).await;
    }
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    assert_eq!(configured_urls(), [OLD_URL, OLD_URL]);
    assert_eq!((ann.state.problem, bob.state.problem), (None, None));
}
