//! The way that media takes, judged by reports as browsers write them.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use vitrine_insight::path::{Path, SelectedPair, Side, Verdict};
use vitrine_protocol::{control::RelayProtocol, json::Json};

fn reports(text: &str) -> Vec<Json> {
    Json::parse(text).unwrap().list().unwrap().to_vec()
}

/// What Chromium reports of a pair of these candidates, in JSON: type and address, and more fields.
fn chromium(own: [&str; 3], peer: [&str; 3]) -> Option<SelectedPair> {
    let [own_kind, own_address, own_more] = own;
    let [peer_kind, peer_address, peer_more] = peer;
    SelectedPair::find(&reports(&format!(
        r#"[{{"type":"transport","id":"T","selectedCandidatePairId":"P2"}},
        {{"type":"candidate-pair","id":"P1","localCandidateId":"X","remoteCandidateId":"X","nominated":true,"state":"succeeded"}},
        {{"type":"candidate-pair","id":"P2","localCandidateId":"L","remoteCandidateId":"R","nominated":true,"state":"succeeded"}},
        {{"type":"local-candidate","id":"X","candidateType":"relay","address":"203.0.113.7","relayProtocol":"tls"}},
        {{"type":"remote-candidate","id":"R","candidateType":"{peer_kind}","address":"{peer_address}"{peer_more}}},
        {{"type":"local-candidate","id":"L","candidateType":"{own_kind}","address":"{own_address}"{own_more}}}]"#
    )))
}

/// The path between two ends, each a candidate's type and address.
#[track_caller]
fn path(own: (&str, &str), peer: (&str, &str)) -> Option<Path> {
    chromium([own.0, own.1, ""], [peer.0, peer.1, ""]).unwrap().path(None)
}

#[test]
fn two_private_addresses_are_on_the_same_network() {
    for (own, peer) in [
        ("192.168.1.2", "192.168.1.3"),
        ("10.0.0.5", "10.1.2.3"),
        ("172.16.0.1", "172.31.255.254"),
        ("169.254.1.1", "169.254.2.2"),
        ("127.0.0.1", "127.0.0.1"),
        ("fe80::1", "fe80::2"),
        ("fd00:1::1", "fd00:2::1"),
        ("::1", "::1"),
    ] {
        assert_eq!(path(("host", own), ("host", peer)), Some(Path::Local), "{own} {peer}");
        assert_eq!(path(("prflx", own), ("prflx", peer)), Some(Path::Local), "{own} {peer}");
    }
}

#[test]
fn a_public_address_on_either_side_means_the_internet() {
    for (own, peer) in [
        (("host", "203.0.113.2"), ("host", "198.51.100.2")),
        (("host", "203.0.113.2"), ("host", "203.0.113.3")),
        (("host", "192.168.1.2"), ("srflx", "198.51.100.2")),
        (("srflx", "203.0.113.2"), ("host", "198.51.100.2")),
        (("srflx", "203.0.113.2"), ("srflx", "198.51.100.2")),
        (("prflx", "203.0.113.2"), ("host", "192.168.1.3")),
        (("host", "2001:db8:1::2"), ("host", "2001:db8:2::2")),
        (("host", "2001:db8:0:1::2"), ("host", "2001:db8:0:2::2")),
        // A carrier's shared addresses.
        (("host", "100.64.0.2"), ("host", "100.64.0.3")),
    ] {
        assert_eq!(path(own, peer), Some(Path::Internet), "{own:?} {peer:?}");
    }
}

#[test]
fn one_link_or_one_address_is_one_network_public_or_not() {
    for (own, peer) in [
        (("host", "2001:db8:0:1::2"), ("host", "2001:db8:0:1:ffff::3")),
        (("host", "203.0.113.2"), ("host", "203.0.113.2")),
        (("srflx", "203.0.113.2"), ("srflx", "203.0.113.2")),
    ] {
        assert_eq!(path(own, peer), Some(Path::Local), "{own:?} {peer:?}");
    }
}

#[test]
fn a_name_that_only_this_network_resolves_is_on_it() {
    for own in [("host", "192.168.1.2"), ("host", ""), ("host", "2001:db8::1"), ("prflx", "")] {
        for peer in ["", "2b5dc8c1-7d0f-4c1b-a1fc-7c2f6f4c2f60.local", "redacted-ip.invalid"] {
            assert_eq!(path(own, ("host", peer)), Some(Path::Local), "{own:?} {peer}");
        }
    }
}

/// Browsers tell no address that the other side did not announce.
#[test]
fn of_an_unannounced_peer_ones_own_address_tells_where_it_is() {
    for (own, expected) in [
        (("host", "192.168.1.2"), Some(Path::Local)),
        (("prflx", "10.0.0.2"), Some(Path::Local)),
        (("host", ""), Some(Path::Local)),
        (("host", "203.0.113.2"), Some(Path::Internet)),
        (("srflx", "203.0.113.2"), Some(Path::Internet)),
        (("prflx", ""), Some(Path::Internet)),
        (("host", "2001:db8::1"), None),
    ] {
        assert_eq!(path(own, ("prflx", "")), expected, "{own:?}");
    }
    // One's own address may be hidden, too.
    assert_eq!(path(("host", ""), ("host", "192.168.1.3")), Some(Path::Local));
    assert_eq!(path(("host", ""), ("srflx", "198.51.100.2")), Some(Path::Internet));
    assert_eq!(path(("host", ""), ("host", "2001:db8::1")), None);
}

#[test]
fn ones_own_relay_is_named_by_its_protocol() {
    for (protocol, expected) in [("udp", "relay-udp"), ("tcp", "relay-tcp"), ("tls", "relay-tls"), ("quic", "relay")] {
        let more = format!(r#","relayProtocol":"{protocol}""#);
        // Seen under another address, a relayed candidate is one of these.
        for kind in ["relay", "prflx"] {
            let pair = chromium([kind, "203.0.113.9", &more], ["srflx", "198.51.100.2", ""]).unwrap();
            let path = pair.path(None).unwrap();
            assert_eq!((path.name(), path.side()), (expected, Some("own")));
            assert_eq!(pair.relay, Some(RelayProtocol::named(protocol)));
        }
    }
}

#[test]
fn without_a_protocol_the_relays_url_tells_it() {
    for (url, expected) in [
        ("turn:turn.example.com:3478", "relay-udp"),
        ("turn:turn.example.com:3478?transport=udp", "relay-udp"),
        ("turn:[2001:db8::1]:3478?transport=tcp", "relay-tcp"),
        ("turns:turn.example.com:443?transport=tcp", "relay-tls"),
        ("turns:turn.example.com", "relay-tls"),
        ("", "relay"),
    ] {
        let more = format!(r#","url":"{url}","relayProtocol":null"#);
        let pair = chromium(["relay", "203.0.113.9", &more], ["host", "198.51.100.2", ""]).unwrap();
        assert_eq!(pair.path(None).unwrap().name(), expected, "{url}");
    }
    let stun = r#","url":"stun:stun.example.com:3478""#;
    let pair = chromium(["srflx", "203.0.113.9", stun], ["host", "198.51.100.2", ""]).unwrap();
    assert_eq!(pair.path(None), Some(Path::Internet), "found with a server's help is not relayed by it");
}

#[test]
fn the_peers_relay_is_named_by_the_peers_word() {
    let pair = chromium(["srflx", "203.0.113.2", ""], ["relay", "198.51.100.9", ""]).unwrap();
    assert_eq!(pair.path(None), Some(Path::Relayed(RelayProtocol::Unknown, Side::Peer)));
    assert_eq!(pair.path(Some(RelayProtocol::Tls)), Some(Path::Relayed(RelayProtocol::Tls, Side::Peer)));
    assert_eq!(pair.relay, None);
}

#[test]
fn a_peers_word_counts_only_where_the_pair_allows_it() {
    let told = Some(RelayProtocol::Udp);
    let announced = chromium(["host", "192.168.1.2", ""], ["host", "192.168.1.3", ""]).unwrap();
    assert_eq!(announced.path(told), Some(Path::Local), "a word of before is no news");
    let unannounced = chromium(["srflx", "203.0.113.2", ""], ["prflx", "", ""]).unwrap();
    assert_eq!(unannounced.path(told), Some(Path::Relayed(RelayProtocol::Udp, Side::Peer)));
    assert_eq!(unannounced.path(None), Some(Path::Internet));
}

#[test]
fn where_both_relay_the_costlier_protocol_names_the_path() {
    let udp = r#","relayProtocol":"udp""#;
    let pair = chromium(["relay", "203.0.113.9", udp], ["relay", "203.0.113.9", ""]).unwrap();
    for (told, expected) in [
        (None, RelayProtocol::Udp),
        (Some(RelayProtocol::Udp), RelayProtocol::Udp),
        (Some(RelayProtocol::Tcp), RelayProtocol::Tcp),
        (Some(RelayProtocol::Tls), RelayProtocol::Tls),
    ] {
        let path = pair.path(told).unwrap();
        assert_eq!((path, path.side()), (Path::Relayed(expected, Side::Both), Some("both")));
    }
}

/// Firefox has no selected pair in its transport report, and several that were nominated after a restart of ICE.
#[test]
fn firefox_marks_the_pair_itself() {
    let found = SelectedPair::find(&reports(
        r#"[{"type":"transport","id":"T"},
        {"type":"candidate-pair","id":"P1","localCandidateId":"L","remoteCandidateId":"R1","nominated":true,"selected":true,"state":"succeeded"},
        {"type":"candidate-pair","id":"P2","localCandidateId":"L","remoteCandidateId":"R2","nominated":true,"selected":false,"state":"succeeded"},
        {"type":"local-candidate","id":"L","candidateType":"host","address":"192.168.1.2"},
        {"type":"remote-candidate","id":"R1","candidateType":"host","address":"192.168.1.3"},
        {"type":"remote-candidate","id":"R2","candidateType":"srflx","address":"198.51.100.2"}]"#,
    ));
    assert_eq!(found.unwrap().path(None), Some(Path::Local));
}

#[test]
fn a_browser_that_marks_none_has_nominated_one() {
    let found = SelectedPair::find(&reports(
        r#"[{"type":"candidate-pair","id":"P1","localCandidateId":"L","remoteCandidateId":"R","nominated":false,"state":"succeeded"},
        {"type":"candidate-pair","id":"P2","localCandidateId":"L","remoteCandidateId":"S","nominated":true,"state":"succeeded"},
        {"type":"candidate-pair","id":"P3","localCandidateId":"L","remoteCandidateId":"R","nominated":true,"state":"failed"},
        {"type":"local-candidate","id":"L","candidateType":"host","ip":"192.168.1.2"},
        {"type":"remote-candidate","id":"R","candidateType":"host","ip":"192.168.1.3"},
        {"type":"remote-candidate","id":"S","candidateType":"srflx","ip":"198.51.100.2"}]"#,
    ));
    assert_eq!(found.unwrap().path(None), Some(Path::Internet));
}

#[test]
fn while_no_pair_is_selected_nothing_is_known() {
    for text in [
        "[]",
        r#"[{"type":"transport","id":"T"},{"type":"candidate-pair","id":"P","state":"in-progress","nominated":false}]"#,
        r#"[{"type":"transport","id":"T","selectedCandidatePairId":"gone"}]"#,
        r#"[{"type":"transport","id":"T","selectedCandidatePairId":"P"},{"type":"candidate-pair","id":"P"}]"#,
        r#"[{"type":"transport","id":7,"selectedCandidatePairId":7},null,1,"x",[]]"#,
    ] {
        assert_eq!(SelectedPair::find(&reports(text)), None, "{text}");
    }
}

/// What is said at these times, in milliseconds, of a pair whose remote candidate is what it is at that time.
fn said(own: [&str; 3], readings: &[(f64, [&str; 3])]) -> Vec<Option<Path>> {
    let mut verdict = Verdict::default();
    let say = |(now, peer): &(f64, [&str; 3])| {
        verdict.read(chromium(own, *peer), *now);
        verdict.path(None)
    };
    readings.iter().map(say).collect()
}

#[test]
fn nothing_is_said_of_the_internet_before_the_peers_candidate_is_announced() {
    const UNANNOUNCED: [&str; 3] = ["prflx", "", ""];
    // A machine with a public address, and a browser that hides it or does not.
    for own in [["host", "203.0.113.2", ""], ["prflx", "", ""], ["srflx", "203.0.113.2", ""]] {
        for peer in [["host", "", ""], ["host", "203.0.113.2", ""]] {
            let [.., last] = said(own, &[(0.0, UNANNOUNCED), (3_000.0, UNANNOUNCED), (3_500.0, peer)])[..] else {
                panic!("three readings");
            };
            assert_eq!(said(own, &[(0.0, UNANNOUNCED), (3_000.0, UNANNOUNCED)]), [None, None], "{own:?}");
            assert_eq!(last, chromium(own, peer).unwrap().path(None), "{own:?} {peer:?}");
        }
    }
    // Firefox tells such an address.
    assert_eq!(said(["host", "", ""], &[(0.0, ["prflx", "203.0.113.2", ""])]), [None]);
}

#[test]
fn a_peer_that_is_never_announced_is_on_the_internet_after_a_while() {
    const UNANNOUNCED: [&str; 3] = ["prflx", "", ""];
    let readings = [0.0, 5_900.0, 6_000.0, 60_000.0].map(|now| (1_000.0 + now, UNANNOUNCED));
    let internet = Some(Path::Internet);
    assert_eq!(said(["srflx", "203.0.113.2", ""], &readings), [None, None, internet, internet]);
}

#[test]
fn after_a_change_of_path_the_peers_candidate_is_waited_for_again() {
    const UNANNOUNCED: [&str; 3] = ["prflx", "", ""];
    let announced = ["srflx", "198.51.100.2", ""];
    let readings = [(0.0, UNANNOUNCED), (6_000.0, UNANNOUNCED), (7_000.0, announced), (8_000.0, UNANNOUNCED)];
    let internet = Some(Path::Internet);
    assert_eq!(said(["srflx", "203.0.113.2", ""], &readings), [None, internet, internet, None]);
}

#[test]
fn what_cannot_change_is_said_at_once() {
    let unannounced = |own| said(own, &[(0.0, ["prflx", "", ""])]);
    assert_eq!(unannounced(["host", "192.168.1.2", ""]), [Some(Path::Local)]);
    let relay = unannounced(["relay", "203.0.113.9", r#","relayProtocol":"udp""#]);
    assert_eq!(relay, [Some(Path::Relayed(RelayProtocol::Udp, Side::Own))]);
    assert_eq!(said(["srflx", "203.0.113.2", ""], &[(0.0, ["srflx", "198.51.100.2", ""])]), [Some(Path::Internet)]);
}

#[test]
fn direct_paths_have_names_and_no_side() {
    assert_eq!([Path::Local.name(), Path::Internet.name()], ["direct-local", "direct-internet"]);
    assert_eq!([Path::Local.side(), Path::Internet.side()], [None, None]);
}
