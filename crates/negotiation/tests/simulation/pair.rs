//! Two participants of a mesh: their sides, the two routes between them, and each side's view of the routes. It follows
//! the rules by which the app sends, notices cuts, and replaces a connection.

use std::collections::VecDeque;

use vitrine_negotiation::{Input, Negotiation, Note, Role};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

use crate::browser::RollbackOrder;
use crate::journal;
use crate::side::{Mail, Route, Side};
use crate::tally::Tally;

pub const ROUTES: [Route; 2] = [Route::Signaling, Route::Control];

/// Messages in transit to one side by one route. Descriptions keep their order; candidates and copies do not.
#[derive(Default)]
struct Lane {
    ordered: VecDeque<Mail>,
    candidates: Vec<IceCandidate>,
    copies: Vec<Input>,
}

impl Lane {
    fn is_empty(&self) -> bool {
        self.ordered.is_empty() && self.candidates.is_empty() && self.copies.is_empty()
    }
}

/// One side's view of the routes.
#[derive(Clone, Copy, Default)]
struct RouteView {
    /// By [`Route`]: whether the side believes it is up.
    up: [bool; 2],
    /// The media path was cut since the last ICE restart.
    needs_restart: bool,
    /// The route by which the latest offer arrived.
    offer_route: Option<Route>,
}

pub struct Pair {
    /// Numbers of the two participants.
    pub members: [u32; 2],
    pub sides: [Side; 2],
    /// By [`Route`] and receiving side.
    lanes: [[Lane; 2]; 2],
    views: [RouteView; 2],
    /// Whether signaling works between the two.
    signaling: bool,
    /// Whether the media path works.
    path: bool,
    /// Whether the control channel of these two connections exists.
    control: bool,
    /// By gathering side: fragments that lost at least one candidate.
    lost: [Vec<String>; 2],
    /// Both sides began with the same role.
    same_role: bool,
    /// Connections made so far, for their ids.
    connections: u32,
    /// Connections replaced by choice, and in response to the other side.
    initiated: usize,
    followed: usize,
    /// No message was lost, and all took one route.
    undisturbed: bool,
    /// Counts of replaced connections.
    past_offers: usize,
    past_glares: usize,
}

impl Pair {
    /// The first member was present before and offers. It is impolite; with `same_role`, so is the other.
    pub fn new(members: [u32; 2], tracks: [usize; 2], signaling: bool, same_role: bool) -> Self {
        let side = |index: usize| {
            let role = if index == 0 || same_role { Role::Impolite } else { Role::Polite };
            let id = format!("{}-{}:{index}", members[0], members[1]);
            with_tracks(Negotiation::tagged(role, id.clone()), id, tracks[index])
        };
        let view = RouteView { up: [signaling, false], ..RouteView::default() };
        let mut pair = Self {
            members,
            sides: [side(0), side(1)],
            lanes: Default::default(),
            views: [view; 2],
            signaling,
            path: true,
            control: false,
            lost: Default::default(),
            same_role,
            connections: 2,
            initiated: 0,
            followed: 0,
            undisturbed: signaling,
            past_offers: 0,
            past_glares: 0,
        };
        pair.sides[0].push_local(Input::NegotiationNeeded);
        pair
    }

    fn carries(&self, route: Route) -> bool {
        match route {
            Route::Signaling => self.signaling,
            Route::Control => self.control && self.path,
        }
    }

    /// Delivers the next description or route event to the side. With `copy`, a copy stays in transit.
    pub fn deliver(&mut self, to: usize, route: Route, copy: bool, tally: &mut Tally) -> bool {
        let lane = &mut self.lanes[route as usize][to];
        let Some(mail) = lane.ordered.pop_front() else { return false };
        if let Mail::Received(_, input) = &mail
            && copy
        {
            lane.copies.push(input.clone());
            tally.duplicated += 1;
        }
        self.sides[to].mailbox.push_back(mail);
        true
    }

    /// Delivers one of the candidates in transit.
    pub fn deliver_candidate(&mut self, to: usize, route: Route, pick: usize, copy: bool, tally: &mut Tally) -> bool {
        let lane = &mut self.lanes[route as usize][to];
        if lane.candidates.is_empty() {
            return false;
        }
        let candidate = lane.candidates.swap_remove(pick % lane.candidates.len());
        if copy {
            lane.copies.push(Input::RemoteCandidate(candidate.clone()));
            tally.duplicated += 1;
        }
        self.sides[to].mailbox.push_back(Mail::Received(route, Input::RemoteCandidate(candidate)));
        true
    }

    /// Delivers one of the copies in transit.
    pub fn deliver_copy(&mut self, to: usize, route: Route, pick: usize) -> bool {
        let copies = &mut self.lanes[route as usize][to].copies;
        if copies.is_empty() {
            return false;
        }
        let input = copies.swap_remove(pick % copies.len());
        self.sides[to].mailbox.push_back(Mail::Received(route, input));
        true
    }

    /// The side's task handles the next event of its mailbox.
    pub fn work(&mut self, index: usize, tally: &mut Tally) {
        match self.sides[index].mailbox.pop_front() {
            None => {}
            Some(Mail::Local(input)) => self.feed(index, input, tally),
            Some(Mail::Gathered(candidate)) => self.send_candidate(index, candidate, tally),
            Some(Mail::Received(route, input)) => {
                if let Input::RemoteDescription(description) = &input {
                    if self.sides[index].machine.is_from_another_connection(description) {
                        self.followed += 1;
                        self.begin_connection(index, tally);
                    }
                    if description.kind == SdpType::Offer {
                        self.views[index].offer_route = Some(route);
                    }
                }
                self.feed(index, input, tally);
            }
            Some(Mail::RouteUp { route, again }) => {
                self.views[index].up[route as usize] = true;
                if again {
                    self.on_route_restored(index, tally);
                }
            }
        }
    }

    /// A route was restored.
    fn on_route_restored(&mut self, index: usize, tally: &mut Tally) {
        self.feed(index, Input::OfferAgain, tally);
        if self.views[index].needs_restart || !self.control {
            self.views[index].needs_restart = !self.path;
            tally.restarts += 1;
            self.feed(index, Input::RestartIce, tally);
        }
    }

    fn feed(&mut self, index: usize, input: Input, tally: &mut Tally) {
        journal::write(self.members, || format!("side {index} <- {}", journal::summary(&input)));
        let mut sent = None;
        self.sides[index].handle(input, |description| sent = Some(description));
        if let Some(description) = sent {
            self.send_description(index, description, tally);
        }
    }

    fn send_description(&mut self, from: usize, description: SessionDescription, tally: &mut Tally) {
        let answers_by = self.views[from].offer_route.filter(|_| description.kind == SdpType::Answer);
        match self.choose_route(from, answers_by) {
            Some(route) => {
                let mail = Mail::Received(route, Input::RemoteDescription(description));
                self.lanes[route as usize][1 - from].ordered.push_back(mail);
            }
            None => tally.lost += 1,
        }
    }

    fn send_candidate(&mut self, from: usize, candidate: IceCandidate, tally: &mut Tally) {
        match self.choose_route(from, None) {
            Some(route) => self.lanes[route as usize][1 - from].candidates.push(candidate),
            None => self.lose(1 - from, &[candidate], tally),
        }
    }

    /// The route that the side sends by; `None` if the message is lost. It prefers the control channel.
    fn choose_route(&self, from: usize, preferred: Option<Route>) -> Option<Route> {
        let known = |route: &Route| self.views[from].up[*route as usize];
        let route =
            preferred.filter(known).or(Some(Route::Control).filter(known)).or(Some(Route::Signaling).filter(known))?;
        self.carries(route).then_some(route)
    }

    /// Candidates in transit to a side are lost.
    fn lose(&mut self, to: usize, candidates: &[IceCandidate], tally: &mut Tally) {
        tally.lost += candidates.len() as u64;
        self.lost[1 - to].extend(candidates.iter().filter_map(|candidate| candidate.username_fragment.clone()));
    }

    /// All messages in transit are lost.
    fn clear(&mut self, route: Route, tally: &mut Tally) {
        for to in [0, 1] {
            let lane = std::mem::take(&mut self.lanes[route as usize][to]);
            let messages = lane.ordered.iter().filter(|mail| matches!(mail, Mail::Received(..)));
            tally.lost += messages.count() as u64;
            self.lose(to, &lane.candidates, tally);
        }
    }

    /// Signaling between the two breaks or returns.
    pub fn set_signaling(&mut self, up: bool, tally: &mut Tally) {
        if self.signaling == up {
            return;
        }
        self.signaling = up;
        self.undisturbed = false;
        journal::write(self.members, || format!("signaling is up: {up}"));
        if up { self.announce(Route::Signaling, true) } else { self.clear(Route::Signaling, tally) }
    }

    /// The media path, and with it the control channel, breaks or returns.
    pub fn set_path(&mut self, up: bool, tally: &mut Tally) {
        if self.path == up {
            return;
        }
        self.path = up;
        journal::write(self.members, || format!("the path is up: {up}"));
        if !up {
            tally.cuts += 1;
            self.clear(Route::Control, tally);
            self.views.iter_mut().for_each(|view| view.needs_restart = true);
        } else if self.control {
            self.announce(Route::Control, true);
        } else {
            self.views.iter_mut().for_each(|view| view.needs_restart = false);
            tally.restarts += 2;
            self.sides.iter_mut().for_each(|side| side.push_local(Input::RestartIce));
        }
    }

    fn announce(&mut self, route: Route, again: bool) {
        for lane in &mut self.lanes[route as usize] {
            lane.ordered.push_back(Mail::RouteUp { route, again });
        }
    }

    /// The control channel opens once the two connections have completed a negotiation.
    pub fn open_control(&mut self) -> bool {
        let [one, other] = &self.sides;
        let negotiated = one.browser.current_local.is_some() && other.browser.current_local.is_some();
        if self.control || !self.path || !negotiated || !one.agrees_with(other) || !other.agrees_with(one) {
            return false;
        }
        self.control = true;
        self.undisturbed = false;
        journal::write(self.members, || "the control channel opens".to_owned());
        self.announce(Route::Control, false);
        true
    }

    /// The side notices which routes are down.
    pub fn notice(&mut self, index: usize) {
        for route in ROUTES {
            self.views[index].up[route as usize] &= self.carries(route);
        }
    }

    /// The side's answer timeout has passed. Returns whether it awaited an answer.
    pub fn time_out_answer(&mut self, index: usize, tally: &mut Tally) -> bool {
        let waits = self.sides[index].machine.awaits_answer();
        if waits {
            tally.offered_again += 1;
            self.sides[index].push_local(Input::OfferAgain);
        }
        waits
    }

    pub fn restart_ice(&mut self, index: usize, tally: &mut Tally) {
        tally.restarts += 1;
        self.sides[index].push_local(Input::RestartIce);
    }

    /// The side replaces its connection by choice, and offers.
    pub fn replace_connection(&mut self, index: usize, tally: &mut Tally) {
        self.initiated += 1;
        self.begin_connection(index, tally);
        self.sides[index].push_local(Input::NegotiationNeeded);
    }

    /// Replaces the side's connection. Events of the old browser and the old control channel are lost.
    fn begin_connection(&mut self, index: usize, tally: &mut Tally) {
        tally.replaced += 1;
        self.undisturbed = false;
        self.connections += 1;
        let id = format!("{}-{}:{}", self.members[0], self.members[1], self.connections);
        journal::write(self.members, || format!("side {index} replaces its connection by {id}"));
        let side = &mut self.sides[index];
        let fresh = side.machine.next_connection(id.clone());
        let old = std::mem::replace(side, with_tracks(fresh, id, side.browser.tracks()));
        side.justified_offers = 1;
        self.past_offers += old.offers;
        self.past_glares += old.glares;
        let is_of_signaling = |mail: &Mail| {
            matches!(mail, Mail::Received(Route::Signaling, _) | Mail::RouteUp { route: Route::Signaling, .. })
        };
        side.mailbox.extend(old.mailbox.into_iter().filter(is_of_signaling));
        self.control = false;
        self.clear(Route::Control, tally);
        self.views[index].up[Route::Control as usize] = false;
        self.views[index].needs_restart = !self.path;
        self.lost[index].clear();
    }

    /// If no message was lost or overtaken, every offer is answered.
    pub fn assert_answered_if_undisturbed(&self) {
        let waits = self.sides.iter().any(|side| side.machine.awaits_answer());
        assert!(!(self.undisturbed && waits), "an offer is unanswered, though no message was lost");
    }

    pub fn is_quiet(&self) -> bool {
        self.lanes.iter().flatten().all(Lane::is_empty) && self.sides.iter().all(Side::is_quiet)
    }

    pub fn assert_converged(&self, tally: &mut Tally) {
        journal::write(self.members, || "has settled".to_owned());
        let [one, other] = &self.sides;
        assert_ne!(one.machine.role(), other.machine.role());
        one.assert_converged(other);
        other.assert_converged(one);
        assert!(self.control, "the control channel is not open");
        let (initiated, followed) = (self.initiated, self.followed);
        assert!(
            followed <= initiated * if self.same_role { 4 } else { 2 },
            "{initiated} connections replaced by choice, but {followed} in response"
        );
        for (index, side) in self.sides.iter().enumerate() {
            tally.sides += 1;
            side.assert_offers_bounded();
            let note = side.unexpected_notes.iter().find(|note| !is_expected(note));
            assert_eq!(note, None);
            let fragment = side.browser.current_local.as_ref().map(|local| &local.fragment);
            if self.lost[index].iter().any(|lost| Some(lost) == fragment) {
                continue;
            }
            tally.complete += 1;
            let added = self.sides[1 - index].browser.added_candidates();
            assert!(side.in_use(&side.gathered).next().is_some(), "no candidates were gathered");
            let missing = side.in_use(&side.gathered).find(|candidate| !added.contains(candidate));
            assert_eq!(missing, None, "a candidate of the current generation is missing");
        }
    }

    /// Adds this pair's counts to the tally.
    pub fn account(&self, tally: &mut Tally) {
        tally.pairs += 1;
        tally.offers += (self.past_offers + self.sides.iter().map(|side| side.offers).sum::<usize>()) as u64;
        tally.glares += (self.past_glares + self.sides.iter().map(|side| side.glares).sum::<usize>()) as u64;
    }
}

fn with_tracks(machine: Negotiation, connection: String, tracks: usize) -> Side {
    let mut side = Side::new(machine, connection, RollbackOrder::ReadsFirst);
    (0..tracks).for_each(|_| side.browser.add_track());
    side
}

/// Whether late, duplicated or rerouted messages explain the note.
fn is_expected(note: &Note) -> bool {
    matches!(note, Note::StaleAnswer | Note::DescriptionRejected { .. })
}
