//! Outcomes of the connection check, by the events of its attempts.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use vitrine_insight::connection_check::{
    CheckProgress, MAX_URLS, Observations, Outcome, Reachability, ServerCheck, Service, plan, reachability, reconcile,
};
use vitrine_protocol::{control::RelayProtocol, signaling::IceServer};

const RELAY: Service = Service::Turn(RelayProtocol::Udp);
const HOST: &str = "candidate:1 1 udp 2113937151 192.168.1.2 51888 typ host generation 0 ufrag a";
const PUBLIC_HOST: &str = "candidate:1 1 UDP 2113937151 2001:db8::2 51888 typ host";
const HIDDEN_HOST: &str = "candidate:1 1 udp 2113937151 2b5dc8c1-7d0f-4c1b-a1fc-7c2f6f4c2f60.local 51888 typ host";
const TCP_HOST: &str = "candidate:3 1 tcp 1518280447 192.168.1.2 9 typ host tcptype active";
const REFLEXIVE: &str = "candidate:2 1 udp 1677729535 203.0.113.2 51888 typ srflx raddr 0.0.0.0 rport 0";
const RELAYED: &str = "candidate:4 1 udp 41885439 203.0.113.9 60000 typ relay raddr 0.0.0.0 rport 0";

/// The observations in a browser that reports errors.
fn observations(candidates: &[&str], errors: &[u16]) -> Observations {
    let mut observations = Observations::new(true);
    candidates.iter().for_each(|candidate| observations.on_candidate(candidate));
    errors.iter().for_each(|code| observations.on_candidate_error(*code));
    observations
}

#[test]
fn stun_server_that_returns_an_address_works_at_once() {
    assert_eq!(
        observations(&[HOST, REFLEXIVE], &[]).outcome(Service::Stun, CheckProgress::Gathering),
        Some(Outcome::Works)
    );
}

#[test]
fn unreachable_interface_is_no_failure_while_another_works() {
    let found = observations(&[HOST, REFLEXIVE, HIDDEN_HOST], &[701]);
    assert_eq!(found.outcome(Service::Stun, CheckProgress::Gathered), Some(Outcome::Works));
    let mut carried = observations(&[RELAYED], &[701]);
    carried.on_channel_open();
    assert_eq!(carried.outcome(RELAY, CheckProgress::Gathering), Some(Outcome::Works));
}

#[test]
fn stun_server_that_adds_no_candidate_works() {
    for hosts in [&[HOST][..], &[HIDDEN_HOST], &[PUBLIC_HOST]] {
        let observations = observations(hosts, &[]);
        assert_eq!(observations.outcome(Service::Stun, CheckProgress::Gathering), None);
        assert_eq!(observations.outcome(Service::Stun, CheckProgress::Gathered), Some(Outcome::Works));
    }
    assert_eq!(
        observations(&[], &[]).outcome(Service::Stun, CheckProgress::Gathered),
        Some(Outcome::Unreachable),
        "no network"
    );
}

#[test]
fn stun_without_error_reports_needs_a_public_host_address() {
    let outcome = |host| {
        let mut observations = Observations::default();
        observations.on_candidate(host);
        observations.outcome(Service::Stun, CheckProgress::Gathered)
    };
    assert_eq!(outcome(PUBLIC_HOST), Some(Outcome::Works));
    assert_eq!(outcome(HOST), Some(Outcome::Silent));
    assert_eq!(outcome(HIDDEN_HOST), Some(Outcome::Silent));
}

#[test]
fn server_that_no_interface_reaches_is_unreachable() {
    let stun = observations(&[HOST, TCP_HOST], &[701]);
    assert_eq!(stun.outcome(Service::Stun, CheckProgress::Gathering), None, "another interface may still reach it");
    assert_eq!(stun.outcome(Service::Stun, CheckProgress::Gathered), Some(Outcome::Unreachable));
    let public = observations(&[PUBLIC_HOST], &[701]);
    assert_eq!(public.outcome(Service::Stun, CheckProgress::Gathered), Some(Outcome::Unreachable));
    assert_eq!(observations(&[], &[701, 701]).outcome(RELAY, CheckProgress::Gathered), Some(Outcome::Unreachable));
}

#[test]
fn silence_means_unreachable_if_the_browser_reports_errors() {
    for service in [Service::Stun, RELAY] {
        for progress in [CheckProgress::Gathered, CheckProgress::TimedOut] {
            assert_eq!(observations(&[], &[]).outcome(service, progress), Some(Outcome::Unreachable));
            assert_eq!(Observations::new(false).outcome(service, progress), Some(Outcome::Silent));
        }
    }
}

#[test]
fn refusal_is_certain_at_once() {
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
        assert_eq!(
            observations(&[], &[701, code, 701]).outcome(RELAY, CheckProgress::Gathering),
            Some(expected),
            "{code}"
        );
    }
}

#[test]
fn relayed_address_works_once_data_passes_through_it() {
    let mut relayed = observations(&[RELAYED], &[]);
    assert_eq!(relayed.outcome(RELAY, CheckProgress::Gathered), None, "the data channel may still open");
    assert_eq!(relayed.outcome(RELAY, CheckProgress::TimedOut), Some(Outcome::NotCarried));
    relayed.on_channel_open();
    assert_eq!(relayed.outcome(RELAY, CheckProgress::Gathering), Some(Outcome::Works));
}

#[test]
fn malformed_candidate_is_ignored() {
    let mut none = Observations::default();
    for nonsense in ["", "candidate:1", "candidate:1 1 udp 1 192.168.1.2 9 typ", "한 국 어 만 있 는 후 보"] {
        none.on_candidate(nonsense);
    }
    assert_eq!(none, Observations::default());
}

fn server(urls: &[&str]) -> IceServer {
    let urls = urls.iter().map(|url| (*url).to_owned()).collect();
    IceServer { urls, username: Some("u".to_owned()), credential: Some("c".to_owned()) }
}

#[test]
fn every_url_gets_its_own_check() {
    let urls = ["turn:t.example:3478", "turn:t.example:3478?transport=tcp", "turns:t.example:443?transport=tcp"];
    let plan = plan(&[server(&["stun:[2001:db8::1]:3478"]), server(&urls), server(&["http:nonsense", "junk"])]);
    let checks: Vec<_> = plan.iter().map(|(check, of)| (check.service.name(), check.server(), *of)).collect();
    assert_eq!(
        checks,
        [
            ("stun", "[2001:db8::1]:3478", 0),
            ("relay-udp", "t.example:3478", 1),
            ("relay-tcp", "t.example:3478", 1),
            ("relay-tls", "t.example:443", 1),
            ("unknown", "nonsense", 2),
            ("unknown", "", 2),
        ]
    );
    for (check, _) in plan {
        // A URL of another scheme need not be tried.
        let outcome = (check.service == Service::Unknown).then_some(Outcome::Unusable);
        assert_eq!(check.outcome, outcome, "{}", check.url);
    }
}

#[test]
fn missing_service_is_planned_as_not_configured() {
    let skipped = |plan: Vec<(ServerCheck, usize)>| {
        let checks = plan.into_iter().map(|(check, _)| check);
        let skipped = checks.filter(|check| check.outcome == Some(Outcome::NotConfigured));
        skipped.map(|check| (check.service.name(), check.url)).collect::<Vec<_>>()
    };
    let none = String::new();
    assert_eq!(skipped(plan(&[])), [("stun", none.clone()), ("relay", none.clone())]);
    assert_eq!(skipped(plan(&[server(&["stun:a"])])), [("relay", none.clone())]);
    assert_eq!(skipped(plan(&[server(&["turn:a"])])), [("stun", none)]);
}

#[test]
fn number_of_checks_is_bounded() {
    let urls = vec!["turn:a"; 1000];
    assert_eq!(plan(&[server(&["stun:a"]), server(&urls)]).len(), MAX_URLS);
}

fn checks(outcomes: &[(Service, Option<Outcome>)]) -> Vec<ServerCheck> {
    let check = |(service, outcome): &(Service, Option<Outcome>)| ServerCheck {
        service: *service,
        url: String::new(),
        outcome: *outcome,
    };
    outcomes.iter().map(check).collect()
}

#[test]
fn stun_server_whose_port_relays_over_udp_works() {
    let check = |url: &str, service, outcome| ServerCheck { service, url: url.to_owned(), outcome: Some(outcome) };
    let mut all = vec![
        check("stun:a:3478", Service::Stun, Outcome::Unreachable),
        check("stun:b:3478", Service::Stun, Outcome::Unreachable),
        check("turn:a:3478?transport=udp", RELAY, Outcome::Works),
        check("turn:b:3478?transport=tcp", Service::Turn(RelayProtocol::Tcp), Outcome::Works),
    ];
    reconcile(&mut all);
    let outcomes: Vec<_> = all.iter().map(|check| check.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Works, Outcome::Unreachable, Outcome::Works, Outcome::Works]);
}

#[test]
fn udp_is_blocked_if_only_other_protocols_work() {
    let tcp = (Service::Turn(RelayProtocol::Tcp), Some(Outcome::Works));
    let mut all = checks(&[
        (Service::Stun, Some(Outcome::Unreachable)),
        (RELAY, Some(Outcome::Silent)),
        (RELAY, Some(Outcome::Credentials)),
        tcp,
    ]);
    reconcile(&mut all);
    let outcomes: Vec<_> = all.iter().map(|check| check.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::UdpBlocked, Outcome::UdpBlocked, Outcome::Credentials, Outcome::Works]);
}

#[test]
fn udp_is_not_blocked_if_udp_works_or_nothing_works() {
    let tcp = Service::Turn(RelayProtocol::Tcp);
    for others in [
        &[(Service::Stun, Some(Outcome::Works)), (tcp, Some(Outcome::Works))][..],
        &[(Service::Stun, Some(Outcome::Unreachable)), (tcp, Some(Outcome::Unreachable))],
        &[(Service::Stun, None), (tcp, Some(Outcome::Works))],
        &[(tcp, None)],
    ] {
        let mut all = checks(&[&[(RELAY, Some(Outcome::Unreachable))], others].concat());
        let before = all.clone();
        reconcile(&mut all);
        assert_eq!(all, before);
    }
}

#[test]
fn reachability_follows_from_the_working_servers() {
    let check = |service, outcome| ServerCheck { service, url: String::new(), outcome: Some(outcome) };
    let (stun, relay) = (|outcome| check(Service::Stun, outcome), |outcome| check(RELAY, outcome));
    for unusable in [Outcome::NotConfigured, Outcome::Unreachable, Outcome::Unusable, Outcome::Credentials] {
        assert_eq!(reachability(&[stun(unusable), relay(unusable)]), Reachability::LocalOnly);
        assert_eq!(reachability(&[stun(Outcome::Works), relay(unusable)]), Reachability::DirectOnly);
        assert_eq!(reachability(&[stun(unusable), relay(Outcome::Works)]), Reachability::AnyNetwork);
    }
    assert_eq!(reachability(&[]), Reachability::LocalOnly);
}
