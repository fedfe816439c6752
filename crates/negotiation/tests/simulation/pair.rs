//! Two participants of a mesh: the side of each, the two ways between them, and what each side knows of the ways. Here
//! are the rules by which the app sends, notices cuts, and starts a connection anew.

use std::collections::VecDeque;

use vitrine_negotiation::{Input, Negotiation, Note, Role};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

use crate::browser::Flavour;
use crate::journal;
use crate::side::{Mail, Side, Way};
use crate::tally::Tally;

pub const WAYS: [Way; 2] = [Way::Signaling, Way::Control];

/// What is under way to one side by one way. Descriptions keep their order; candidates do not; copies come any time.
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

/// What one side knows of the ways.
#[derive(Clone, Copy, Default)]
struct Knowledge {
    /// By [`Way`]: whether it takes it to be up.
    up: [bool; 2],
    /// The path of the media was cut since ICE was last restarted for that.
    stale_path: bool,
    /// The way that the latest offer came by.
    offer_came_by: Option<Way>,
}

pub struct Pair {
    /// Numbers of the two participants.
    pub members: [u32; 2],
    pub sides: [Side; 2],
    /// By [`Way`] and receiving side.
    lanes: [[Lane; 2]; 2],
    knows: [Knowledge; 2],
    /// Whether signaling carries anything between the two.
    signaling: bool,
    /// Whether the media's path carries anything.
    path: bool,
    /// The control channel of these two connections exists.
    control: bool,
    /// Fragments of whose candidates at least one was lost, by the side that gathered them.
    lost: [Vec<String>; 2],
    /// Both sides began with the same role.
    alike: bool,
    /// Connections made so far, for their ids.
    connections: u32,
    /// Of those, made because a side wanted to, and because the other side had.
    started: usize,
    followed: usize,
    /// No message was lost, and all went by one way.
    calm: bool,
    /// Of connections that are gone.
    past_offers: usize,
    past_glares: usize,
}

impl Pair {
    /// The first member was there before and offers. It is impolite, and if they are `alike`, so is the other.
    pub fn new(members: [u32; 2], tracks: [usize; 2], signaling: bool, alike: bool) -> Self {
        let side = |index: usize| {
            let role = if index == 0 || alike { Role::Impolite } else { Role::Polite };
            let id = format!("{}-{}:{index}", members[0], members[1]);
            with_tracks(Negotiation::tagged(role, id.clone()), id, tracks[index])
        };
        let knowledge = Knowledge { up: [signaling, false], ..Knowledge::default() };
        let mut pair = Self {
            members,
            sides: [side(0), side(1)],
            lanes: Default::default(),
            knows: [knowledge; 2],
            signaling,
            path: true,
            control: false,
            lost: Default::default(),
            alike,
            connections: 2,
            started: 0,
            followed: 0,
            calm: signaling,
            past_offers: 0,
            past_glares: 0,
        };
        pair.sides[0].want(Input::NegotiationNeeded);
        pair
    }

    fn carries(&self, way: Way) -> bool {
        match way {
            Way::Signaling => self.signaling,
            Way::Control => self.control && self.path,
        }
    }

    /// The next description, or word of the way itself, reaches the side; perhaps a copy follows later.
    pub fn deliver(&mut self, to: usize, way: Way, copy: bool, tally: &mut Tally) -> bool {
        let lane = &mut self.lanes[way as usize][to];
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

    /// One of the candidates under way reaches the side.
    pub fn deliver_candidate(&mut self, to: usize, way: Way, pick: usize, copy: bool, tally: &mut Tally) -> bool {
        let lane = &mut self.lanes[way as usize][to];
        if lane.candidates.is_empty() {
            return false;
        }
        let candidate = lane.candidates.swap_remove(pick % lane.candidates.len());
        if copy {
            lane.copies.push(Input::RemoteCandidate(candidate.clone()));
            tally.duplicated += 1;
        }
        self.sides[to].mailbox.push_back(Mail::Received(way, Input::RemoteCandidate(candidate)));
        true
    }

    /// One of the copies under way reaches the side.
    pub fn deliver_copy(&mut self, to: usize, way: Way, pick: usize) -> bool {
        let copies = &mut self.lanes[way as usize][to].copies;
        if copies.is_empty() {
            return false;
        }
        let input = copies.swap_remove(pick % copies.len());
        self.sides[to].mailbox.push_back(Mail::Received(way, input));
        true
    }

    /// The side's task takes the next event from its mailbox.
    pub fn work(&mut self, index: usize, tally: &mut Tally) {
        match self.sides[index].mailbox.pop_front() {
            None => {}
            Some(Mail::Local(input)) => self.feed(index, input, tally),
            Some(Mail::Gathered(candidate)) => self.send_candidate(index, candidate, tally),
            Some(Mail::Received(way, input)) => {
                if let Input::RemoteDescription(description) = &input {
                    if self.sides[index].machine.is_from_another_connection(description) {
                        self.followed += 1;
                        self.begin_anew(index, tally);
                    }
                    if description.kind == SdpType::Offer {
                        self.knows[index].offer_came_by = Some(way);
                    }
                }
                self.feed(index, input, tally);
            }
            Some(Mail::Up { way, again }) => {
                self.knows[index].up[way as usize] = true;
                if again {
                    self.healed(index, tally);
                }
            }
        }
    }

    /// After a way came back.
    fn healed(&mut self, index: usize, tally: &mut Tally) {
        self.feed(index, Input::OfferAgain, tally);
        if self.knows[index].stale_path || !self.control {
            self.knows[index].stale_path = !self.path;
            tally.restarts += 1;
            self.feed(index, Input::RestartIce, tally);
        }
    }

    fn feed(&mut self, index: usize, input: Input, tally: &mut Tally) {
        journal::write(self.members, || format!("side {index} <- {}", journal::told(&input)));
        let mut sent = None;
        self.sides[index].handle(input, |description| sent = Some(description));
        if let Some(description) = sent {
            self.send_description(index, description, tally);
        }
    }

    fn send_description(&mut self, from: usize, description: SessionDescription, tally: &mut Tally) {
        let answers_by = self.knows[from].offer_came_by.filter(|_| description.kind == SdpType::Answer);
        match self.choose_way(from, answers_by) {
            Some(way) => {
                let mail = Mail::Received(way, Input::RemoteDescription(description));
                self.lanes[way as usize][1 - from].ordered.push_back(mail);
            }
            None => tally.lost += 1,
        }
    }

    fn send_candidate(&mut self, from: usize, candidate: IceCandidate, tally: &mut Tally) {
        match self.choose_way(from, None) {
            Some(way) => self.lanes[way as usize][1 - from].candidates.push(candidate),
            None => self.lose(1 - from, &[candidate], tally),
        }
    }

    /// The way that the side takes, unless what it sends is lost. It prefers the control channel.
    fn choose_way(&self, from: usize, preferred: Option<Way>) -> Option<Way> {
        let known = |way: &Way| self.knows[from].up[*way as usize];
        let way = preferred.filter(known).or(Some(Way::Control).filter(known)).or(Some(Way::Signaling).filter(known))?;
        self.carries(way).then_some(way)
    }

    /// Candidates that were on their way to a side are lost.
    fn lose(&mut self, to: usize, candidates: &[IceCandidate], tally: &mut Tally) {
        tally.lost += candidates.len() as u64;
        self.lost[1 - to].extend(candidates.iter().filter_map(|candidate| candidate.username_fragment.clone()));
    }

    /// What is under way is lost.
    fn clear(&mut self, way: Way, tally: &mut Tally) {
        for to in [0, 1] {
            let lane = std::mem::take(&mut self.lanes[way as usize][to]);
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
        self.calm = false;
        journal::write(self.members, || format!("signaling is up: {up}"));
        if up { self.announce(Way::Signaling, true) } else { self.clear(Way::Signaling, tally) }
    }

    /// The path of the media, and with it of the control channel, breaks or returns.
    pub fn set_path(&mut self, up: bool, tally: &mut Tally) {
        if self.path == up {
            return;
        }
        self.path = up;
        journal::write(self.members, || format!("the path is up: {up}"));
        if !up {
            tally.cuts += 1;
            self.clear(Way::Control, tally);
            self.knows.iter_mut().for_each(|knowledge| knowledge.stale_path = true);
        } else if self.control {
            self.announce(Way::Control, true);
        } else {
            self.knows.iter_mut().for_each(|knowledge| knowledge.stale_path = false);
            tally.restarts += 2;
            self.sides.iter_mut().for_each(|side| side.want(Input::RestartIce));
        }
    }

    fn announce(&mut self, way: Way, again: bool) {
        for lane in &mut self.lanes[way as usize] {
            lane.ordered.push_back(Mail::Up { way, again });
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
        self.calm = false;
        journal::write(self.members, || "the control channel opens".to_owned());
        self.announce(Way::Control, false);
        true
    }

    /// The side finds out which ways are down.
    pub fn notice(&mut self, index: usize) {
        for way in WAYS {
            self.knows[index].up[way as usize] &= self.carries(way);
        }
    }

    /// The side's offer was unanswered for long enough.
    pub fn lose_patience(&mut self, index: usize, tally: &mut Tally) -> bool {
        let waits = self.sides[index].machine.awaits_answer();
        if waits {
            tally.offered_again += 1;
            self.sides[index].want(Input::OfferAgain);
        }
        waits
    }

    pub fn restart_ice(&mut self, index: usize, tally: &mut Tally) {
        tally.restarts += 1;
        self.sides[index].want(Input::RestartIce);
    }

    /// The side gives its connection up for a new one, and offers.
    pub fn start_anew(&mut self, index: usize, tally: &mut Tally) {
        self.started += 1;
        self.begin_anew(index, tally);
        self.sides[index].want(Input::NegotiationNeeded);
    }

    /// The side gives its connection up for a new one. What the old browser and the old control channel had to say
    /// goes with it.
    fn begin_anew(&mut self, index: usize, tally: &mut Tally) {
        tally.anew += 1;
        self.calm = false;
        self.connections += 1;
        let id = format!("{}-{}:{}", self.members[0], self.members[1], self.connections);
        journal::write(self.members, || format!("side {index} starts anew as {id}"));
        let side = &mut self.sides[index];
        let fresh = side.machine.anew(id.clone());
        let old = std::mem::replace(side, with_tracks(fresh, id, side.browser.tracks()));
        side.justified_offers = 1;
        self.past_offers += old.offers;
        self.past_glares += old.glares;
        let is_of_signaling =
            |mail: &Mail| matches!(mail, Mail::Received(Way::Signaling, _) | Mail::Up { way: Way::Signaling, .. });
        side.mailbox.extend(old.mailbox.into_iter().filter(is_of_signaling));
        self.control = false;
        self.clear(Way::Control, tally);
        self.knows[index].up[Way::Control as usize] = false;
        self.knows[index].stale_path = !self.path;
        self.lost[index].clear();
    }

    /// Where nothing is lost and nothing overtakes, every offer finds its answer.
    pub fn assert_answered_if_calm(&self) {
        let waits = self.sides.iter().any(|side| side.machine.awaits_answer());
        assert!(!(self.calm && waits), "an offer is not answered, though nothing was lost");
    }

    pub fn is_quiet(&self) -> bool {
        self.lanes.iter().flatten().all(Lane::is_empty) && self.sides.iter().all(Side::is_quiet)
    }

    pub fn assert_converged(&self, tally: &mut Tally) {
        journal::write(self.members, || "is at rest".to_owned());
        let [one, other] = &self.sides;
        assert_ne!(one.machine.role(), other.machine.role());
        one.assert_converged(other);
        other.assert_converged(one);
        assert!(self.control, "the control channel is open");
        let (started, followed) = (self.started, self.followed);
        assert!(
            followed <= started * if self.alike { 4 } else { 2 },
            "{started} times anew, and {followed} times in consequence"
        );
        for (index, side) in self.sides.iter().enumerate() {
            tally.sides += 1;
            side.assert_offers_bounded();
            let complaint = side.complaints.iter().find(|note| !is_bad_luck(note));
            assert_eq!(complaint, None);
            let fragment = side.browser.current_local.as_ref().map(|local| &local.fragment);
            if self.lost[index].iter().any(|lost| Some(lost) == fragment) {
                continue;
            }
            tally.complete += 1;
            let added = self.sides[1 - index].browser.added_candidates();
            assert!(side.in_use(&side.gathered).next().is_some(), "candidates were gathered");
            let missing = side.in_use(&side.gathered).find(|candidate| !added.contains(candidate));
            assert_eq!(missing, None, "a candidate of the generation in use that nothing lost");
        }
    }

    /// Adds to the report what this pair did.
    pub fn account(&self, tally: &mut Tally) {
        tally.pairs += 1;
        tally.offers += (self.past_offers + self.sides.iter().map(|side| side.offers).sum::<usize>()) as u64;
        tally.glares += (self.past_glares + self.sides.iter().map(|side| side.glares).sum::<usize>()) as u64;
    }
}

fn with_tracks(machine: Negotiation, connection: String, tracks: usize) -> Side {
    let mut side = Side::new(machine, connection, Flavour::ReadsFirst);
    (0..tracks).for_each(|_| side.browser.add_track());
    side
}

/// What a machine may tell when messages come late, twice, or by another way.
fn is_bad_luck(note: &Note) -> bool {
    matches!(note, Note::StaleAnswer | Note::DescriptionMisplaced { .. })
}
