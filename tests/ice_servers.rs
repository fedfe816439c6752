//! ICE servers: asked for anew before they expire, used by every connection; and checked before a call.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use support::{Page, Participant, configured_urls, media_flows, open_connections, two_in_a_call, until};
use vitrine::call::{CallState, Command, Intent, SignalingState};
use vitrine_insight::check::Outcome;
use vitrine_protocol::signaling::IceServer;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Two servers on this machine at ports where nobody is.
const OLD: &str = r#"[{"urls": "turn:127.0.0.1:50009?transport=tcp", "username": "u", "credential": "old"}]"#;
const NEW: &str = r#"[{"urls": "turn:127.0.0.1:50010?transport=tcp", "username": "u", "credential": "new"}]"#;
const OLD_URL: &str = "turn:127.0.0.1:50009?transport=tcp";
const NEW_URL: &str = "turn:127.0.0.1:50010?transport=tcp";
const ASKED: &str = "ice-servers";

/// How often the server was asked for its ICE servers, whatever the numbers of the questions.
fn asked() -> u32 {
    (0..20).map(|number| support::received(&format!("42{number}[\"{ASKED}\""))).sum()
}

#[wasm_bindgen_test]
async fn servers_that_expire_are_asked_for_anew_and_used_by_every_connection() {
    let _page = Page::new();
    support::name_ice_servers(OLD, Some(3));
    let (ann, bob) = two_in_a_call().await;
    assert_eq!(configured_urls(), [OLD_URL, OLD_URL]);
    assert_eq!(asked(), 0, "not before half of the time");
    support::name_ice_servers(NEW, None);
    until("new servers on both connections", async || configured_urls() == [NEW_URL, NEW_URL]).await;
    assert_eq!(asked(), 2);
    media_flows().await;
    let mut cho = Participant::start();
    cho.enter("Cho", Intent::Join);
    cho.connected_to(&["Ann", "Bob"]).await;
    assert_eq!(configured_urls(), [NEW_URL; 6]);
    drop((ann, bob));
}

#[wasm_bindgen_test]
async fn after_a_loss_of_the_server_the_next_one_s_servers_are_used() {
    let _page = Page::new();
    support::name_ice_servers(OLD, Some(86_400));
    let (mut ann, mut bob) = two_in_a_call().await;
    support::set_reachable(false);
    ann.until("offline", |state| state.signaling == SignalingState::Offline).await;
    bob.until("offline", |state| state.signaling == SignalingState::Offline).await;
    support::name_ice_servers(NEW, Some(86_400));
    support::set_reachable(true);
    until("new servers on both connections", async || configured_urls() == [NEW_URL, NEW_URL]).await;
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    media_flows().await;
    assert_eq!(asked(), 0, "the answer to entering names them, too");
}

#[wasm_bindgen_test]
async fn a_server_without_an_answer_leaves_the_call_as_it_is() {
    let _page = Page::new();
    support::name_ice_servers(OLD, Some(2));
    support::name_no_ice_servers();
    let (ann, bob) = two_in_a_call().await;
    until("two questions", async || asked() == 2).await;
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

/// What a check in the lobby finds out.
async fn check(participant: &mut Participant) -> Vec<(&'static str, Option<Outcome>)> {
    participant.call.send(Command::Check);
    participant.until("a check under way", |state| !is_done(state)).await;
    participant.until("the end of the check", is_done).await;
    outcomes(&participant.state)
}

#[wasm_bindgen_test]
async fn where_no_server_is_named_nothing_is_tried() {
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
async fn a_relay_that_nobody_runs_is_unreachable() {
    let _page = Page::new();
    support::name_ice_servers(OLD, None);
    let mut ann = Participant::start();
    ann.online().await;
    // Not every browser says that it was refused.
    let expected = if support::tells_errors() { Outcome::Unreachable } else { Outcome::Silent };
    assert_eq!(check(&mut ann).await, [("relay-tcp", Some(expected)), ("stun", Some(Outcome::NotConfigured))]);
    assert_eq!(open_connections(), 0);
    assert_eq!(check(&mut ann).await.len(), 2, "it can be repeated");
}

#[wasm_bindgen_test]
async fn a_stun_server_that_nobody_runs_is_unreachable() {
    let _page = Page::new();
    support::name_ice_servers(r#"[{"urls": "stun:127.0.0.1:50009"}]"#, None);
    let mut ann = Participant::start();
    ann.online().await;
    let expected = if support::tells_errors() { Outcome::Unreachable } else { Outcome::Silent };
    assert_eq!(check(&mut ann).await[0], ("stun", Some(expected)));
}

#[wasm_bindgen_test]
async fn a_relay_works_when_it_carries_a_connection_and_leaves_nothing_behind() {
    let _page = Page::new();
    support::count_listeners();
    support::stand_in_for_relays("works");
    support::name_ice_servers(OLD, None);
    let mut ann = Participant::start();
    ann.devices_settled().await;
    ann.online().await;
    assert_eq!(check(&mut ann).await[0], ("relay-tcp", Some(Outcome::Works)));
    assert_eq!(open_connections(), 0);
    ann.call.send(Command::EndCheck);
    ann.until("nothing to show", |state| state.check.is_none()).await;
    drop(ann);
    until("the sockets' end", async || support::open_sockets() == 0).await;
    support::stop_counting_listeners();
    assert_eq!(support::listeners_left(), "");
}

#[wasm_bindgen_test]
async fn a_relay_that_refuses_is_said_to_with_its_reason() {
    if !support::tells_errors() {
        return;
    }
    for (code, expected) in [("401", Outcome::Credentials), ("486", Outcome::Quota), ("400", Outcome::Refused(400))] {
        let _page = Page::new();
        support::stand_in_for_relays(code);
        support::name_ice_servers(OLD, None);
        let mut ann = Participant::start();
        ann.online().await;
        assert_eq!(check(&mut ann).await[0], ("relay-tcp", Some(expected)));
    }
}

#[wasm_bindgen_test]
async fn a_check_that_is_given_up_leaves_no_connection() {
    let _page = Page::new();
    support::stand_in_for_relays("silent");
    support::name_ice_servers(OLD, None);
    let mut ann = Participant::start();
    ann.online().await;
    ann.call.send(Command::Check);
    until("connections", async || open_connections() == 2).await;
    ann.call.send(Command::EndCheck);
    until("no connections", async || open_connections() == 0).await;
    assert_eq!(ann.state.check, None);
}

#[wasm_bindgen_test]
async fn a_plain_server_s_page_names_the_servers_itself() {
    let _page = Page::new();
    support::name_no_ice_servers();
    let server = IceServer { urls: vec!["nonsense".to_owned(), OLD_URL.to_owned()], username: None, credential: None };
    let mut ann = Participant::with_ice_servers(vec![server]);
    ann.online().await;
    // Without credentials no browser takes a relay's URL.
    let unusable = Some(Outcome::Unusable);
    assert_eq!(check(&mut ann).await[..2], [("unknown", unusable), ("relay-tcp", unusable)]);
}

/// What browsers do not take, in three ways, beside a server that they do.
const MISTAKES: &str = r#"[{"urls": ["turn:h:notaport", "turn:127.0.0.1:50009?transport=tcp"], "username": "u", "credential": "c"},
    {"urls": "nonsense"}, {"url": "stun:127.0.0.1:50009"}]"#;

#[wasm_bindgen_test]
async fn servers_that_the_browser_does_not_take_are_skipped_one_by_one_and_the_call_goes_on() {
    let _page = Page::new();
    support::keep_warnings();
    support::name_ice_servers(MISTAKES, Some(2));
    let (ann, bob) = two_in_a_call().await;
    assert_eq!(configured_urls(), [OLD_URL, OLD_URL]);
    assert!(["turn:h:notaport", "nonsense", "stun:127.0.0.1:50009"].iter().all(|url| support::warned_of(url)));
    media_flows().await;
    // The same for those that are named later.
    support::name_ice_servers(&MISTAKES.replace("50009", "50010"), None);
    until("new servers on both connections", async || configured_urls() == [NEW_URL, NEW_URL]).await;
    media_flows().await;
    drop((ann, bob));
}

#[wasm_bindgen_test]
async fn the_page_s_own_servers_are_skipped_one_by_one_as_well() {
    let _page = Page::new();
    support::name_ice_servers("null", None);
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
