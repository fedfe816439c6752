use vitrine_negotiation::Role;
use vitrine_protocol::{
    client_event::{ClientEvent, Signal, ToPeer},
    signaling::{ErrorCode, LinkState, SessionAnnouncement, UserId},
};

use super::*;
use crate::call::state::Departure;

fn id(name: &str) -> UserId {
    UserId(name.to_owned())
}

/// A connected peer that the server lists under its own name; its session is the name too.
fn peer(key: u64, name: &str) -> Participant {
    Participant {
        key,
        id: id(name),
        next_id: None,
        session: Some(name.to_owned()),
        is_listed: true,
        is_absent: false,
        is_connected: true,
        is_new: false,
        is_offering: false,
        has_control: true,
    }
}

/// The same after the server was lost and does not list the peer.
fn absent(key: u64, name: &str) -> Participant {
    Participant { is_listed: false, is_absent: true, ..peer(key, name) }
}

fn enter() -> Input {
    Input::Enter { room: "tea".to_owned(), intent: Intent::Create, session: "own".to_owned() }
}

fn answered(request: u64, members: &[&str]) -> Input {
    Input::EntryAnswered { request, answer: EntryAnswer::Admitted(members.iter().map(|name| id(name)).collect()) }
}

fn announced(from: &str, session: &str, link: LinkState) -> Input {
    Input::SessionAnnounced { from: id(from), announcement: announcement(session, link) }
}

fn announcement(session: &str, link: LinkState) -> SessionAnnouncement {
    SessionAnnouncement { session_id: session.to_owned(), link }
}

/// A room that was entered with these other members at time 0.
fn room_with(members: &[&str]) -> Room {
    let mut room = Room::default();
    room.handle(Input::SignalingConnected(id("me")), &[], 0.0);
    room.handle(enter(), &[], 0.0);
    room.handle(answered(1, members), &[], 0.0);
    room
}

/// The same room after the server was lost at 10 s and has let this side in again, with members under new ids.
fn returned_room(peers: &[Participant], members: &[&str]) -> (Room, Vec<Action>) {
    let mut room = room_with(&["ada", "bob"]);
    room.handle(Input::SignalingLost, peers, 10_000.0);
    room.handle(Input::SignalingConnected(id("me-again")), peers, 12_000.0);
    room.handle(Input::TimerFired(Timer::Entry), peers, 12_250.0);
    let actions = room.handle(answered(2, members), peers, 12_300.0);
    (room, actions)
}

/// To whom the actions announce this side's session, and how.
fn announcements(actions: &[Action]) -> Vec<(&str, LinkState)> {
    let link = |action| match action {
        &Action::Server(ServerAction::Emit(ClientEvent::ToPeer(ToPeer {
            ref target,
            signal: Signal::Candidate(ref candidate),
        }))) => {
            let announcement = candidate.announcement.as_ref()?;
            assert_eq!(announcement.session_id, "own");
            Some((target.0.as_str(), announcement.link))
        }
        _ => None,
    };
    actions.iter().filter_map(link).collect()
}

fn connections(actions: &[Action]) -> Vec<(&str, Role)> {
    let connection = |action| match action {
        &Action::Connect { ref id, role } => Some((id.0.as_str(), role)),
        _ => None,
    };
    actions.iter().filter_map(connection).collect()
}

#[test]
fn entry_is_requested_once_signaling_is_connected() {
    let mut room = Room::default();
    assert_eq!(room.handle(enter(), &[], 0.0), []);
    assert_eq!(room.stage(), Stage::Entering);
    let actions = room.handle(Input::SignalingConnected(id("me")), &[], 0.0);
    assert_eq!(
        actions,
        [Action::Server(ServerAction::RequestEntry { request: 1, event: ClientEvent::CreateRoom("tea".to_owned()) })]
    );
}

#[test]
fn members_at_entry_are_waited_for_by_the_polite_side() {
    let mut room = Room::default();
    room.handle(Input::SignalingConnected(id("me")), &[], 0.0);
    room.handle(enter(), &[], 0.0);
    let actions = room.handle(answered(1, &["ada", "bob", "ada"]), &[], 0.0);
    assert_eq!(connections(&actions), [("ada", Role::Polite), ("bob", Role::Polite)]);
}

#[test]
fn answer_to_an_earlier_request_is_ignored() {
    let mut room = Room::default();
    room.handle(Input::SignalingConnected(id("me")), &[], 0.0);
    room.handle(enter(), &[], 0.0);
    room.handle(Input::Leave, &[], 0.0);
    room.handle(enter(), &[], 0.0);
    assert_eq!(room.handle(answered(1, &["ada"]), &[], 0.0), []);
    assert_eq!(room.stage(), Stage::Entering);
    assert!(room.awaits(2));
}

#[test]
fn refused_entry_leads_back_to_the_lobby() {
    let mut room = Room::default();
    room.handle(Input::SignalingConnected(id("me")), &[], 0.0);
    room.handle(enter(), &[], 0.0);
    let problem = Problem::Refused(ErrorCode::RoomFull);
    let answer = EntryAnswer::Refused(problem.clone());
    assert_eq!(room.handle(Input::EntryAnswered { request: 1, answer }, &[], 0.0), [Action::ReportProblem(problem)]);
    assert_eq!(room.stage(), Stage::Lobby);
}

#[test]
fn late_grant_is_taken_back() {
    for problem in [Problem::RequestTimedOut, Problem::Refused(ErrorCode::AlreadyInRoom)] {
        let mut room = Room::default();
        room.handle(Input::SignalingConnected(id("me")), &[], 0.0);
        room.handle(enter(), &[], 0.0);
        let answer = EntryAnswer::Refused(problem);
        let actions = room.handle(Input::EntryAnswered { request: 1, answer }, &[], 0.0);
        assert_eq!(actions[0], Action::Server(ServerAction::Emit(ClientEvent::LeaveRoom)));
    }
}

#[test]
fn leaving_ends_the_stay_and_tells_the_server() {
    let mut room = room_with(&["ada"]);
    let actions = room.handle(Input::Leave, &[peer(1, "ada")], 0.0);
    assert_eq!(actions, [Action::EndStay, Action::Server(ServerAction::Emit(ClientEvent::LeaveRoom))]);
    assert_eq!(room.handle(Input::Leave, &[], 0.0), []);
}

#[test]
fn events_of_the_old_room_are_not_accepted_while_moving() {
    let mut room = room_with(&["ada"]);
    let input = Input::MoveTo { room: "coffee".to_owned(), session: "next".to_owned() };
    assert_eq!(
        room.handle(input, &[peer(1, "ada")], 0.0),
        [Action::EndStay, Action::Server(ServerAction::RequestLeave)]
    );
    assert!(!room.accepts_events());
    let actions = room.handle(Input::TimerFired(Timer::Entry), &[], 0.0);
    assert_eq!(
        actions,
        [Action::Server(ServerAction::RequestEntry { request: 2, event: ClientEvent::JoinRoom("coffee".to_owned()) })]
    );
    assert!(room.accepts_events());
}

#[test]
fn newcomer_is_offered_a_connection() {
    let mut room = room_with(&[]);
    let actions = room.handle(Input::UserJoined(id("ada")), &[], 0.0);
    assert_eq!(connections(&actions), [("ada", Role::Impolite)]);
}

#[test]
fn member_that_is_told_twice_is_connected_once() {
    let mut room = room_with(&[]);
    room.handle(Input::UserJoined(id("ada")), &[], 0.0);
    assert_eq!(room.handle(Input::UserJoined(id("ada")), &[peer(1, "ada")], 0.0), []);
}

#[test]
fn three_offers_are_under_way_at_a_time() {
    let mut room = room_with(&[]);
    let offering = |count: u64| -> Vec<_> {
        (0..count).map(|key| Participant { is_offering: true, ..peer(key, &format!("peer {key}")) }).collect()
    };
    assert_eq!(connections(&room.handle(Input::UserJoined(id("ada")), &offering(3), 0.0)), []);
    assert_eq!(connections(&room.handle(Input::Tick, &offering(3), 250.0)), []);
    assert_eq!(connections(&room.handle(Input::Tick, &offering(2), 500.0)), [("ada", Role::Impolite)]);
}

#[test]
fn newcomer_that_leaves_again_is_not_offered_a_connection() {
    let mut room = room_with(&[]);
    let offering: Vec<_> =
        (0..3).map(|key| Participant { is_offering: true, ..peer(key, &format!("peer {key}")) }).collect();
    room.handle(Input::UserJoined(id("ada")), &offering, 0.0);
    room.handle(Input::UserLeft(id("ada")), &offering, 0.0);
    assert_eq!(room.handle(Input::Tick, &[], 0.0), []);
}

#[test]
fn peer_that_only_lost_the_server_stays() {
    let mut room = room_with(&["ada", "bob"]);
    assert_eq!(room.handle(Input::UserLeft(id("ada")), &[peer(1, "ada")], 0.0), [Action::Peer(PeerAction::Unlist(1))]);
    let plain = Participant { has_control: false, session: None, ..peer(2, "bob") };
    let close = Action::Peer(PeerAction::Close { key: 2, why: Departure::Left });
    assert_eq!(room.handle(Input::UserLeft(id("bob")), &[plain], 0.0), [close]);
}

#[test]
fn return_is_announced_to_the_peers_before_the_server_lists_it() {
    let mut room = room_with(&["ada"]);
    let peers = [peer(1, "ada")];
    room.handle(Input::SignalingLost, &peers, 10_000.0);
    assert!(!room.is_listed());
    let actions = room.handle(Input::SignalingConnected(id("me-again")), &peers, 10_100.0);
    let announced = Action::Peer(PeerAction::AnnounceReturn(id("me-again")));
    assert_eq!(actions, [announced.clone(), Action::Server(ServerAction::StartTimer(Timer::Entry, 900))]);

    room.handle(Input::SignalingLost, &peers, 20_000.0);
    let actions = room.handle(Input::SignalingConnected(id("later")), &peers, 30_000.0);
    assert_eq!(
        actions[1],
        Action::Server(ServerAction::StartTimer(Timer::Entry, 250)),
        "the server has noticed the loss by then"
    );
}

#[test]
fn refused_return_is_tried_again_and_the_call_goes_on() {
    let peers = [peer(1, "ada")];
    let mut room = room_with(&["ada"]);
    room.handle(Input::SignalingLost, &peers, 10_000.0);
    room.handle(Input::SignalingConnected(id("me-again")), &peers, 12_000.0);
    room.handle(Input::TimerFired(Timer::Entry), &peers, 12_250.0);
    let answer = EntryAnswer::Refused(Problem::Refused(ErrorCode::RoomFull));
    let actions = room.handle(Input::EntryAnswered { request: 2, answer }, &peers, 12_300.0);
    assert_eq!(actions, [Action::Server(ServerAction::StartTimer(Timer::Entry, 5_000))]);
    assert_eq!(room.stage(), Stage::InCall);
    let actions = room.handle(Input::TimerFired(Timer::Entry), &peers, 17_300.0);
    let event = ClientEvent::JoinRoom("tea".to_owned());
    assert_eq!(
        actions,
        [Action::Server(ServerAction::RequestEntry { request: 3, event })],
        "the room exists, though it was created"
    );
}

#[test]
fn returning_side_announces_its_session_to_unknown_members_and_connects_with_none() {
    let (_, actions) = returned_room(&[peer(1, "ada"), peer(2, "bob")], &["x", "y"]);
    assert_eq!(announcements(&actions), [("x", LinkState::Unknown), ("y", LinkState::Unknown)]);
    assert_eq!(connections(&actions), []);
    assert!(
        actions.contains(&Action::Peer(PeerAction::Unlist(1)))
            && actions.contains(&Action::Peer(PeerAction::Unlist(2)))
    );
}

#[test]
fn peer_is_found_under_its_announced_id() {
    let returning = Participant { next_id: Some(id("x")), ..peer(1, "ada") };
    let (_, actions) = returned_room(&[returning], &["x"]);
    assert!(actions.contains(&Action::Peer(PeerAction::Found { key: 1, id: id("x") })));
    assert_eq!(announcements(&actions), [("x", LinkState::Connected)]);
}

#[test]
fn new_member_may_be_an_absent_peer_until_its_time_is_up() {
    let peers = [absent(1, "ada")];
    let (mut room, _) = returned_room(&peers, &[]);
    let actions = room.handle(Input::UserJoined(id("x")), &peers, 0.0);
    assert_eq!(actions, [Action::Server(ServerAction::StartTimer(Timer::Announcement(id("x")), 1_500))]);
    let actions = room.handle(Input::TimerFired(Timer::Announcement(id("x"))), &peers, 1_500.0);
    assert_eq!(connections(&actions), [("x", Role::Impolite)]);
}

#[test]
fn absent_peer_is_found_by_its_session() {
    let peers = [absent(1, "ada"), absent(2, "bob")];
    let (mut room, _) = returned_room(&peers, &[]);
    room.handle(Input::UserJoined(id("x")), &peers, 0.0);
    let actions = room.handle(announced("x", "bob", LinkState::Unknown), &peers, 100.0);
    assert_eq!(actions[0], Action::Peer(PeerAction::Found { key: 2, id: id("x") }));
    assert_eq!(announcements(&actions), [("x", LinkState::Connected)]);
    let late = room.handle(Input::TimerFired(Timer::Announcement(id("x"))), &peers, 1_500.0);
    assert_eq!(late, [], "the member is known by then");
}

#[test]
fn peer_that_is_heard_cannot_be_impersonated_by_its_session() {
    let mut room = room_with(&["ada"]);
    let actions = room.handle(announced("mallory", "ada", LinkState::Unknown), &[peer(1, "ada")], 0.0);
    assert_eq!(connections(&actions), [("mallory", Role::Impolite)]);
    assert!(!actions.iter().any(|action| matches!(action, Action::Peer(PeerAction::Found { .. }))));
}

#[test]
fn connection_that_only_the_other_side_has_is_reported_as_missing() {
    let mut room = room_with(&[]);
    let actions = room.handle(announced("ada", "ada", LinkState::Connected), &[], 0.0);
    assert_eq!(announcements(&actions), [("ada", LinkState::Missing)]);
}

#[test]
fn missing_connection_is_made_anew_unless_it_was_just_begun() {
    let mut room = room_with(&["ada"]);
    let missing = || announced("ada", "ada", LinkState::Missing);
    let new = Participant { is_connected: false, is_new: true, ..peer(1, "ada") };
    assert_eq!(room.handle(missing(), &[new], 0.0), []);
    assert_eq!(room.handle(missing(), &[peer(1, "ada")], 0.0), [Action::Reconnect { key: 1, id: id("ada") }]);
    assert_eq!(connections(&room.handle(missing(), &[], 0.0)), [("ada", Role::Impolite)]);
}

#[test]
fn flood_of_announcements_is_not_answered() {
    let mut room = room_with(&["ada"]);
    let answered = (0..1_000).filter(|_| {
        let actions = room.handle(announced("ada", "other", LinkState::Connected), &[], 0.0);
        !actions.is_empty()
    });
    assert_eq!(answered.count(), 10);
    assert_ne!(room.handle(announced("bob", "bob", LinkState::Connected), &[], 0.0), [], "others are answered");
}

#[test]
fn member_whose_connection_ended_is_asked_for_another_if_it_stays() {
    let mut room = room_with(&["ada"]);
    let actions = room.handle(Input::PeerEnded { key: 1, why: Departure::Lost }, &[peer(1, "ada")], 0.0);
    let timer = Timer::Reconnect(id("ada"));
    let close = Action::Peer(PeerAction::Close { key: 1, why: Departure::Lost });
    assert_eq!(actions, [close, Action::Server(ServerAction::StartTimer(timer.clone(), 1_500))]);
    let actions = room.handle(Input::TimerFired(timer.clone()), &[], 1_500.0);
    assert_eq!(announcements(&actions), [("ada", LinkState::Missing)]);

    room.handle(Input::PeerEnded { key: 1, why: Departure::Left }, &[peer(1, "ada")], 0.0);
    room.handle(Input::UserLeft(id("ada")), &[], 100.0);
    assert_eq!(room.handle(Input::TimerFired(timer), &[], 1_500.0), [], "it left");
}

#[test]
fn late_description_for_a_connection_that_is_gone_is_answered_with_missing() {
    let mut room = room_with(&["ada"]);
    let received = |is_reply| Input::DescriptionReceived { from: id("ada"), is_reply };
    assert_eq!(announcements(&room.handle(received(true), &[], 0.0)), [("ada", LinkState::Missing)]);
    assert_eq!(connections(&room.handle(received(false), &[], 0.0)), [("ada", Role::Polite)]);
    assert_eq!(room.handle(received(true), &[peer(1, "ada")], 0.0), []);
}

#[test]
fn older_connection_of_the_same_session_is_closed_once_it_is_absent() {
    let mut room = room_with(&["x"]);
    let new = Participant { session: Some("ada".to_owned()), ..peer(2, "x") };
    assert_eq!(room.handle(Input::PeerIdentified(2), &[peer(1, "ada"), new.clone()], 0.0), []);
    let close = Action::Peer(PeerAction::Close { key: 1, why: Departure::Replaced });
    assert_eq!(room.handle(Input::PeerIdentified(2), &[absent(1, "ada"), new], 0.0), [close]);
}

#[test]
fn announced_id_is_expected_unless_a_member_has_it() {
    let mut room = room_with(&["ada", "bob"]);
    let peers = [peer(1, "ada"), peer(2, "bob")];
    let returning = |next| Input::PeerReturning { key: 1, next_id: id(next) };
    assert_eq!(
        room.handle(returning("x"), &peers, 0.0),
        [Action::Peer(PeerAction::ExpectReturn { key: 1, next_id: id("x") })]
    );
    assert_eq!(room.handle(returning("bob"), &peers, 0.0), []);
}

#[test]
fn there_are_at_most_sixty_four_peers() {
    let members: Vec<_> = (0..100).map(|number| format!("peer {number}")).collect();
    let names: Vec<_> = members.iter().map(String::as_str).collect();
    let mut room = Room::default();
    room.handle(Input::SignalingConnected(id("me")), &[], 0.0);
    room.handle(enter(), &[], 0.0);
    assert_eq!(connections(&room.handle(answered(1, &names), &[], 0.0)).len(), 64);
    let peers: Vec<_> = (0..64).map(|key| peer(key, &members[key as usize])).collect();
    assert_eq!(room.handle(Input::UserJoined(id("late")), &peers, 0.0), []);
}
