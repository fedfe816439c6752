//! What a check finds out, judged by what happened in it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use vitrine_insight::check::{Evidence, Line, MAX_URLS, Moment, Outcome, Reach, Service, compare, plan, reach};
use vitrine_protocol::{control::RelayProtocol, signaling::IceServer};

const RELAY: Service = Service::Turn(RelayProtocol::Udp);
const HOST: &str = "candidate:1 1 udp 2113937151 192.168.1.2 51888 typ host generation 0 ufrag a";
const PUBLIC_HOST: &str = "candidate:1 1 UDP 2113937151 2001:db8::2 51888 typ host";
const HIDDEN_HOST: &str = "candidate:1 1 udp 2113937151 2b5dc8c1-7d0f-4c1b-a1fc-7c2f6f4c2f60.local 51888 typ host";
const TCP_HOST: &str = "candidate:3 1 tcp 1518280447 192.168.1.2 9 typ host tcptype active";
const REFLEXIVE: &str = "candidate:2 1 udp 1677729535 203.0.113.2 51888 typ srflx raddr 0.0.0.0 rport 0";
const RELAYED: &str = "candidate:4 1 udp 41885439 203.0.113.9 60000 typ relay raddr 0.0.0.0 rport 0";

/// The evidence of a browser that tells errors.
fn evidence(candidates: &[&str], errors: &[u16]) -> Evidence {
    let mut evidence = Evidence::new(true);
    candidates.iter().for_each(|candidate| evidence.candidate(candidate));
    errors.iter().for_each(|code| evidence.error(*code));
    evidence
}

#[test]
fn a_stun_server_that_tells_an_address_works_at_once() {
    assert_eq!(evidence(&[HOST, REFLEXIVE], &[]).outcome(Service::Stun, Moment::Gathering), Some(Outcome::Works));
}

#[test]
fn an_interface_that_does_not_reach_the_server_is_no_failure_while_another_does() {
    let found = evidence(&[HOST, REFLEXIVE, HIDDEN_HOST], &[701]);
    assert_eq!(found.outcome(Service::Stun, Moment::Gathered), Some(Outcome::Works));
    let mut carried = evidence(&[RELAYED], &[701]);
    carried.carried();
    assert_eq!(carried.outcome(RELAY, Moment::Gathering), Some(Outcome::Works));
}

#[test]
fn a_stun_server_that_repeats_what_is_known_adds_no_candidate_and_works() {
    for hosts in [&[HOST][..], &[HIDDEN_HOST], &[PUBLIC_HOST]] {
        let evidence = evidence(hosts, &[]);
        assert_eq!(evidence.outcome(Service::Stun, Moment::Gathering), None);
        assert_eq!(evidence.outcome(Service::Stun, Moment::Gathered), Some(Outcome::Works));
    }
    assert_eq!(evidence(&[], &[]).outcome(Service::Stun, Moment::Gathered), Some(Outcome::Unreachable), "no network");
}

#[test]
fn a_browser_that_keeps_errors_to_itself_is_believed_only_with_a_public_address() {
    let outcome = |host| {
        let mut evidence = Evidence::default();
        evidence.candidate(host);
        evidence.outcome(Service::Stun, Moment::Gathered)
    };
    assert_eq!(outcome(PUBLIC_HOST), Some(Outcome::Works));
    assert_eq!(outcome(HOST), Some(Outcome::Silent));
    assert_eq!(outcome(HIDDEN_HOST), Some(Outcome::Silent));
}

#[test]
fn a_server_that_no_interface_reaches_is_unreachable() {
    let stun = evidence(&[HOST, TCP_HOST], &[701]);
    assert_eq!(stun.outcome(Service::Stun, Moment::Gathering), None, "another interface may reach it yet");
    assert_eq!(stun.outcome(Service::Stun, Moment::Gathered), Some(Outcome::Unreachable));
    let public = evidence(&[PUBLIC_HOST], &[701]);
    assert_eq!(public.outcome(Service::Stun, Moment::Gathered), Some(Outcome::Unreachable));
    assert_eq!(evidence(&[], &[701, 701]).outcome(RELAY, Moment::Gathered), Some(Outcome::Unreachable));
}

#[test]
fn silence_is_no_reach_where_a_refusal_would_be_told() {
    for service in [Service::Stun, RELAY] {
        for moment in [Moment::Gathered, Moment::Late] {
            assert_eq!(evidence(&[], &[]).outcome(service, moment), Some(Outcome::Unreachable));
            assert_eq!(Evidence::new(false).outcome(service, moment), Some(Outcome::Silent));
        }
    }
}

#[test]
fn a_refusal_is_certain_and_names_its_reason() {
    for (code, expected) in [
        (401, Outcome::Credentials),
        (403, Outcome::Credentials),
        (438, Outcome::Credentials),
        (441, Outcome::Credentials),
        (486, Outcome::Quota),
        (508, Outcome::Quota),
        (400, Outcome::Refused(400)),
        (500, Outcome::Refused(500)),
    ] {
        assert_eq!(evidence(&[], &[701, code, 701]).outcome(RELAY, Moment::Gathering), Some(expected), "{code}");
    }
}

#[test]
fn a_relayed_address_is_worth_what_passes_through_it() {
    let mut relayed = evidence(&[RELAYED], &[]);
    assert_eq!(relayed.outcome(RELAY, Moment::Gathered), None, "the data channel may open yet");
    assert_eq!(relayed.outcome(RELAY, Moment::Late), Some(Outcome::NotCarried));
    relayed.carried();
    assert_eq!(relayed.outcome(RELAY, Moment::Gathering), Some(Outcome::Works));
}

#[test]
fn a_candidate_that_is_none_is_no_evidence() {
    let mut none = Evidence::default();
    for nonsense in ["", "candidate:1", "candidate:1 1 udp 1 192.168.1.2 9 typ", "한 국 어 만 있 는 후 보"] {
        none.candidate(nonsense);
    }
    assert_eq!(none, Evidence::default());
}

fn server(urls: &[&str]) -> IceServer {
    let urls = urls.iter().map(|url| (*url).to_owned()).collect();
    IceServer { urls, username: Some("u".to_owned()), credential: Some("c".to_owned()) }
}

#[test]
fn every_url_is_a_line_of_its_own() {
    let urls = ["turn:t.example:3478", "turn:t.example:3478?transport=tcp", "turns:t.example:443?transport=tcp"];
    let plan = plan(&[server(&["stun:[2001:db8::1]:3478"]), server(&urls), server(&["http:nonsense", "junk"])]);
    let lines: Vec<_> = plan.iter().map(|(line, of)| (line.service.name(), line.server(), *of)).collect();
    assert_eq!(
        lines,
        [
            ("stun", "[2001:db8::1]:3478", 0),
            ("relay-udp", "t.example:3478", 1),
            ("relay-tcp", "t.example:3478", 1),
            ("relay-tls", "t.example:443", 1),
            ("unknown", "nonsense", 2),
            ("unknown", "", 2),
        ]
    );
    for (line, _) in plan {
        // What is of neither STUN nor TURN need not be tried.
        let outcome = (line.service == Service::Unknown).then_some(Outcome::Unusable);
        assert_eq!(line.outcome, outcome, "{}", line.url);
    }
}

#[test]
fn what_nobody_offers_is_said_and_not_tried() {
    let skipped = |plan: Vec<(Line, usize)>| {
        let lines = plan.into_iter().map(|(line, _)| line);
        let skipped = lines.filter(|line| line.outcome == Some(Outcome::NotConfigured));
        skipped.map(|line| (line.service.name(), line.url)).collect::<Vec<_>>()
    };
    let none = String::new();
    assert_eq!(skipped(plan(&[])), [("stun", none.clone()), ("relay", none.clone())]);
    assert_eq!(skipped(plan(&[server(&["stun:a"])])), [("relay", none.clone())]);
    assert_eq!(skipped(plan(&[server(&["turn:a"])])), [("stun", none)]);
}

#[test]
fn a_list_without_end_is_cut() {
    let urls = vec!["turn:a"; 1000];
    assert_eq!(plan(&[server(&["stun:a"]), server(&urls)]).len(), MAX_URLS);
}

fn lines(outcomes: &[(Service, Option<Outcome>)]) -> Vec<Line> {
    let line = |(service, outcome): &(Service, Option<Outcome>)| Line {
        service: *service,
        url: String::new(),
        outcome: *outcome,
    };
    outcomes.iter().map(line).collect()
}

#[test]
fn a_stun_server_whose_port_relays_has_answered() {
    let line = |url: &str, service, outcome| Line { service, url: url.to_owned(), outcome: Some(outcome) };
    let mut all = vec![
        line("stun:a:3478", Service::Stun, Outcome::Unreachable),
        line("stun:b:3478", Service::Stun, Outcome::Unreachable),
        line("turn:a:3478?transport=udp", RELAY, Outcome::Works),
        line("turn:b:3478?transport=tcp", Service::Turn(RelayProtocol::Tcp), Outcome::Works),
    ];
    compare(&mut all);
    let outcomes: Vec<_> = all.iter().map(|line| line.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Works, Outcome::Unreachable, Outcome::Works, Outcome::Works]);
}

#[test]
fn where_only_the_rest_works_udp_is_blocked() {
    let tcp = (Service::Turn(RelayProtocol::Tcp), Some(Outcome::Works));
    let mut all = lines(&[
        (Service::Stun, Some(Outcome::Unreachable)),
        (RELAY, Some(Outcome::Silent)),
        (RELAY, Some(Outcome::Credentials)),
        tcp,
    ]);
    compare(&mut all);
    let outcomes: Vec<_> = all.iter().map(|line| line.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::UdpBlocked, Outcome::UdpBlocked, Outcome::Credentials, Outcome::Works]);
}

#[test]
fn where_udp_works_somewhere_or_nothing_works_the_server_is_to_blame() {
    let tcp = Service::Turn(RelayProtocol::Tcp);
    for others in [
        &[(Service::Stun, Some(Outcome::Works)), (tcp, Some(Outcome::Works))][..],
        &[(Service::Stun, Some(Outcome::Unreachable)), (tcp, Some(Outcome::Unreachable))],
        &[(Service::Stun, None), (tcp, Some(Outcome::Works))],
        &[(tcp, None)],
    ] {
        let mut all = lines(&[&[(RELAY, Some(Outcome::Unreachable))], others].concat());
        let before = all.clone();
        compare(&mut all);
        assert_eq!(all, before);
    }
}

#[test]
fn calls_reach_as_far_as_the_servers_that_work() {
    let line = |service, outcome| Line { service, url: String::new(), outcome: Some(outcome) };
    let (stun, relay) = (|outcome| line(Service::Stun, outcome), |outcome| line(RELAY, outcome));
    for unusable in [Outcome::NotConfigured, Outcome::Unreachable, Outcome::Unusable, Outcome::Credentials] {
        assert_eq!(reach(&[stun(unusable), relay(unusable)]), Reach::Local);
        assert_eq!(reach(&[stun(Outcome::Works), relay(unusable)]), Reach::Direct);
        assert_eq!(reach(&[stun(unusable), relay(Outcome::Works)]), Reach::Everywhere);
    }
    assert_eq!(reach(&[]), Reach::Local);
}
