//! The path of media, from reports as browsers write them.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use vitrine_insight::{
    path::{MediaPath, PathTracker, RelaySide, SelectedPair},
    stats::{Stats, reports_in},
};
use vitrine_protocol::control::RelayProtocol;

fn reports(text: &str) -> Vec<Stats> {
    reports_in(serde_json::from_str(text).unwrap()).unwrap()
}

/// Chromium's report of a pair of these candidates, each with its type, its address and further JSON fields.
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

/// The path between two candidates, each with its type and address.
#[track_caller]
fn path(own: (&str, &str), peer: (&str, &str)) -> Option<MediaPath> {
    chromium([own.0, own.1, ""], [peer.0, peer.1, ""]).unwrap().path(None)
}

#[test]
fn two_private_addresses_are_local() {
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
        assert_eq!(path(("host", own), ("host", peer)), Some(MediaPath::Local), "{own} {peer}");
        assert_eq!(path(("prflx", own), ("prflx", peer)), Some(MediaPath::Local), "{own} {peer}");
    }
}

#[test]
fn public_address_on_either_side_is_internet() {
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
        assert_eq!(path(own, peer), Some(MediaPath::Internet), "{own:?} {peer:?}");
    }
}

#[test]
fn same_link_or_same_address_is_local() {
    for (own, peer) in [
        (("host", "2001:db8:0:1::2"), ("host", "2001:db8:0:1:ffff::3")),
        (("host", "203.0.113.2"), ("host", "203.0.113.2")),
        (("srflx", "203.0.113.2"), ("srflx", "203.0.113.2")),
    ] {
        assert_eq!(path(own, peer), Some(MediaPath::Local), "{own:?} {peer:?}");
    }
}

#[test]
fn mdns_name_of_the_peer_is_local() {
    for own in [("host", "192.168.1.2"), ("host", ""), ("host", "2001:db8::1"), ("prflx", "")] {
        for peer in ["", "2b5dc8c1-7d0f-4c1b-a1fc-7c2f6f4c2f60.local", "redacted-ip.invalid"] {
            assert_eq!(path(own, ("host", peer)), Some(MediaPath::Local), "{own:?} {peer}");
        }
    }
}

/// Browsers hide an address that the peer did not announce.
#[test]
fn own_address_decides_while_the_peer_is_unannounced() {
    for (own, expected) in [
        (("host", "192.168.1.2"), Some(MediaPath::Local)),
        (("prflx", "10.0.0.2"), Some(MediaPath::Local)),
        (("host", ""), Some(MediaPath::Local)),
        (("host", "203.0.113.2"), Some(MediaPath::Internet)),
        (("srflx", "203.0.113.2"), Some(MediaPath::Internet)),
        (("prflx", ""), Some(MediaPath::Internet)),
        (("host", "2001:db8::1"), None),
    ] {
        assert_eq!(path(own, ("prflx", "")), expected, "{own:?}");
    }
    // The own address may be hidden too.
    assert_eq!(path(("host", ""), ("host", "192.168.1.3")), Some(MediaPath::Local));
    assert_eq!(path(("host", ""), ("srflx", "198.51.100.2")), Some(MediaPath::Internet));
    assert_eq!(path(("host", ""), ("host", "2001:db8::1")), None);
}

#[test]
fn own_relay_is_named_by_its_protocol() {
    for (protocol, relay, expected) in [
        ("udp", RelayProtocol::Udp, "relay-udp"),
        ("tcp", RelayProtocol::Tcp, "relay-tcp"),
        ("tls", RelayProtocol::Tls, "relay-tls"),
        ("quic", RelayProtocol::Unknown, "relay"),
    ] {
        let more = format!(r#","relayProtocol":"{protocol}""#);
        // A relayed candidate that the peer sees under another address is `prflx`.
        for kind in ["relay", "prflx"] {
            let pair = chromium([kind, "203.0.113.9", &more], ["srflx", "198.51.100.2", ""]).unwrap();
            let path = pair.path(None).unwrap();
            assert_eq!((path.name(), path.relay_side()), (expected, Some("own")));
            assert_eq!(pair.own_relay, Some(relay));
        }
    }
}

#[test]
fn relay_protocol_is_read_from_the_url_if_missing() {
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
    assert_eq!(pair.path(None), Some(MediaPath::Internet), "a STUN server does not relay");
}

#[test]
fn peers_relay_is_named_by_the_peers_report() {
    let pair = chromium(["srflx", "203.0.113.2", ""], ["relay", "198.51.100.9", ""]).unwrap();
    assert_eq!(pair.path(None), Some(MediaPath::Relayed(RelayProtocol::Unknown, RelaySide::Peer)));
    assert_eq!(pair.path(Some(RelayProtocol::Tls)), Some(MediaPath::Relayed(RelayProtocol::Tls, RelaySide::Peer)));
    assert_eq!(pair.own_relay, None);
}

#[test]
fn peers_report_counts_only_if_the_pair_allows_it() {
    let reported_relay = Some(RelayProtocol::Udp);
    let announced = chromium(["host", "192.168.1.2", ""], ["host", "192.168.1.3", ""]).unwrap();
    assert_eq!(announced.path(reported_relay), Some(MediaPath::Local), "the report is outdated");
    let unannounced = chromium(["srflx", "203.0.113.2", ""], ["prflx", "", ""]).unwrap();
    assert_eq!(unannounced.path(reported_relay), Some(MediaPath::Relayed(RelayProtocol::Udp, RelaySide::Peer)));
    assert_eq!(unannounced.path(None), Some(MediaPath::Internet));
}

#[test]
fn costlier_protocol_names_the_path_if_both_relay() {
    let udp = r#","relayProtocol":"udp""#;
    let pair = chromium(["relay", "203.0.113.9", udp], ["relay", "203.0.113.9", ""]).unwrap();
    for (reported_relay, expected) in [
        (None, RelayProtocol::Udp),
        (Some(RelayProtocol::Udp), RelayProtocol::Udp),
        (Some(RelayProtocol::Tcp), RelayProtocol::Tcp),
        (Some(RelayProtocol::Tls), RelayProtocol::Tls),
    ] {
        let path = pair.path(reported_relay).unwrap();
        assert_eq!((path, path.relay_side()), (MediaPath::Relayed(expected, RelaySide::Both), Some("both")));
    }
}

/// Firefox names no selected pair in its transport report, and after an ICE restart several are nominated.
#[test]
fn firefoxs_selected_pair_is_found() {
    let found = SelectedPair::find(&reports(
        r#"[{"type":"transport","id":"T"},
        {"type":"candidate-pair","id":"P1","localCandidateId":"L","remoteCandidateId":"R1","nominated":true,"selected":true,"state":"succeeded"},
        {"type":"candidate-pair","id":"P2","localCandidateId":"L","remoteCandidateId":"R2","nominated":true,"selected":false,"state":"succeeded"},
        {"type":"local-candidate","id":"L","candidateType":"host","address":"192.168.1.2"},
        {"type":"remote-candidate","id":"R1","candidateType":"host","address":"192.168.1.3"},
        {"type":"remote-candidate","id":"R2","candidateType":"srflx","address":"198.51.100.2"}]"#,
    ));
    assert_eq!(found.unwrap().path(None), Some(MediaPath::Local));
}

#[test]
fn nominated_pair_is_found_if_none_is_marked() {
    let found = SelectedPair::find(&reports(
        r#"[{"type":"candidate-pair","id":"P1","localCandidateId":"L","remoteCandidateId":"R","nominated":false,"state":"succeeded"},
        {"type":"candidate-pair","id":"P2","localCandidateId":"L","remoteCandidateId":"S","nominated":true,"state":"succeeded"},
        {"type":"candidate-pair","id":"P3","localCandidateId":"L","remoteCandidateId":"R","nominated":true,"state":"failed"},
        {"type":"local-candidate","id":"L","candidateType":"host","ip":"192.168.1.2"},
        {"type":"remote-candidate","id":"R","candidateType":"host","ip":"192.168.1.3"},
        {"type":"remote-candidate","id":"S","candidateType":"srflx","ip":"198.51.100.2"}]"#,
    ));
    assert_eq!(found.unwrap().path(None), Some(MediaPath::Internet));
}

#[test]
fn no_pair_is_found_before_one_is_selected() {
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

/// The tracked path after each reading: its time in milliseconds and the remote candidate at that time.
fn tracked(own: [&str; 3], readings: &[(f64, [&str; 3])]) -> Vec<Option<MediaPath>> {
    let mut tracker = PathTracker::default();
    let update = |(now, peer): &(f64, [&str; 3])| {
        tracker.update(chromium(own, *peer), *now);
        tracker.path(None)
    };
    readings.iter().map(update).collect()
}

#[test]
fn internet_is_withheld_before_the_peers_candidate_is_announced() {
    const UNANNOUNCED: [&str; 3] = ["prflx", "", ""];
    // A machine with a public address, with and without a browser that hides it.
    for own in [["host", "203.0.113.2", ""], ["prflx", "", ""], ["srflx", "203.0.113.2", ""]] {
        for peer in [["host", "", ""], ["host", "203.0.113.2", ""]] {
            let [.., last] = tracked(own, &[(0.0, UNANNOUNCED), (3_000.0, UNANNOUNCED), (3_500.0, peer)])[..] else {
                panic!("three readings");
            };
            assert_eq!(tracked(own, &[(0.0, UNANNOUNCED), (3_000.0, UNANNOUNCED)]), [None, None], "{own:?}");
            assert_eq!(last, chromium(own, peer).unwrap().path(None), "{own:?} {peer:?}");
        }
    }
    // Firefox shows the address of such a candidate.
    assert_eq!(tracked(["host", "", ""], &[(0.0, ["prflx", "203.0.113.2", ""])]), [None]);
}

#[test]
fn internet_is_accepted_if_the_announcement_times_out() {
    const UNANNOUNCED: [&str; 3] = ["prflx", "", ""];
    let readings = [0.0, 5_900.0, 6_000.0, 60_000.0].map(|now| (1_000.0 + now, UNANNOUNCED));
    let internet = Some(MediaPath::Internet);
    assert_eq!(tracked(["srflx", "203.0.113.2", ""], &readings), [None, None, internet, internet]);
}

#[test]
fn internet_is_withheld_again_after_a_change_of_path() {
    const UNANNOUNCED: [&str; 3] = ["prflx", "", ""];
    let announced = ["srflx", "198.51.100.2", ""];
    let readings = [(0.0, UNANNOUNCED), (6_000.0, UNANNOUNCED), (7_000.0, announced), (8_000.0, UNANNOUNCED)];
    let internet = Some(MediaPath::Internet);
    assert_eq!(tracked(["srflx", "203.0.113.2", ""], &readings), [None, internet, internet, None]);
}

#[test]
fn final_path_is_known_at_once() {
    let unannounced = |own| tracked(own, &[(0.0, ["prflx", "", ""])]);
    assert_eq!(unannounced(["host", "192.168.1.2", ""]), [Some(MediaPath::Local)]);
    let relay = unannounced(["relay", "203.0.113.9", r#","relayProtocol":"udp""#]);
    assert_eq!(relay, [Some(MediaPath::Relayed(RelayProtocol::Udp, RelaySide::Own))]);
    assert_eq!(
        tracked(["srflx", "203.0.113.2", ""], &[(0.0, ["srflx", "198.51.100.2", ""])]),
        [Some(MediaPath::Internet)]
    );
}

#[test]
fn direct_paths_have_names_and_no_relay_side() {
    assert_eq!([MediaPath::Local.name(), MediaPath::Internet.name()], ["direct-local", "direct-internet"]);
    assert_eq!([MediaPath::Local.relay_side(), MediaPath::Internet.relay_side()], [None, None]);
}
