//! Decides which remote candidates may be added, and when. A candidate belongs to the description that names its ICE
//! user-name fragment (RFC 8839 §5.4) and waits, in order and unchanged, until that description is set. This module knows
//! nothing of offers and answers: the state machine reports which descriptions are set, ignored and rolled back.

use vitrine_protocol::signaling::IceCandidate;

use crate::{Action, DropReason, Note};

/// Most candidates that wait. A browser gathers a few dozen.
const MAX_WAITING: usize = 256;
/// Most fragments remembered as ignored, and as many as retired.
const MAX_REMEMBERED: usize = 64;

/// Priorities per generation: sixteen bits of local preference (RFC 8445 §5.1.2.1) and some to spare.
const GENERATION_SPAN: u32 = 1 << 20;
/// Generations after this one share its priorities, so that types keep their order.
const MAX_GENERATION: u32 = 100;

/// The remote candidates of one peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    /// Candidates that the current description does not name, oldest first.
    waiting: Vec<Waiting>,
    /// Added candidates of the current description.
    added: Vec<Waiting>,
    /// Fragments of the remote description that is set.
    current: Option<Fragments>,
    /// Fragments of the remote description that is being set.
    pending: Fragments,
    /// `current` before its latest change, for a rollback.
    previous: Option<Fragments>,
    /// Fragments of the latest description received. Candidates without a fragment belong to it.
    latest: Fragments,
    /// Fragments of descriptions that were ignored since the last one was set. The next description may still name them,
    /// so their candidates wait until then.
    ignored: Vec<String>,
    /// Fragments that no further description will name.
    retired: Vec<(String, DropReason)>,
    /// How often the fragments changed: the number of the peer's ICE restarts.
    generation: u32,
}

#[derive(Clone, Debug)]
struct Waiting {
    candidate: IceCandidate,
    /// `None` if neither the candidate nor an earlier description names a fragment. Then any description will do.
    fragment: Option<String>,
}

type Fragments = Vec<String>;

impl Candidates {
    /// The candidates of a new connection in place of this one. Waiting candidates may belong to the peer's new connection.
    /// Added ones are needed again if the peer keeps its connection.
    pub(crate) fn next_connection(&self, peer_keeps: bool) -> Self {
        let added = self.added.iter().filter(|_| peer_keeps);
        let mut waiting: Vec<Waiting> =
            added.chain(&self.waiting).filter(|candidate| candidate.fragment.is_some()).cloned().collect();
        waiting.drain(..waiting.len().saturating_sub(MAX_WAITING));
        Self { waiting, ..Self::default() }
    }

    /// A description was received. It may yet be set or ignored.
    pub(crate) fn description_received(&mut self, sdp: &str) {
        self.latest = fragments(sdp);
    }

    /// The description will not be set.
    pub(crate) fn description_ignored(&mut self, sdp: &str) {
        self.ignore(fragments(sdp));
    }

    /// The description is being set.
    pub(crate) fn description_pending(&mut self, sdp: &str) {
        self.pending = fragments(sdp);
    }

    /// The pending description could not be set.
    pub(crate) fn description_failed(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.ignore(pending);
    }

    /// The pending description is set.
    pub(crate) fn description_set(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.added.retain(|added| added.fragment.as_ref().is_some_and(|fragment| pending.contains(fragment)));
        self.generation += u32::from(self.current.as_ref().is_some_and(|before| *before != pending));
        self.previous = self.current.replace(pending);
        self.retire();
    }

    /// The current description was rolled back.
    pub(crate) fn description_rolled_back(&mut self) {
        self.previous = std::mem::replace(&mut self.current, self.previous.take());
        self.retire();
    }

    /// Queues a candidate for [`Self::release`].
    pub(crate) fn push(&mut self, candidate: IceCandidate, actions: &mut Vec<Action>) {
        let fragment = named_fragment(&candidate).map(str::to_owned).or_else(|| self.latest.first().cloned());
        self.waiting.push(Waiting { candidate, fragment });
        if self.waiting.len() > MAX_WAITING {
            let oldest = self.waiting.remove(0);
            actions.push(dropped(oldest.candidate, DropReason::QueueFull));
        }
    }

    /// Adds, in order, the waiting candidates that the current description names. Drops those of retired fragments.
    pub(crate) fn release(&mut self, actions: &mut Vec<Action>) {
        let Some(current) = &self.current else {
            return;
        };
        for waiting in std::mem::take(&mut self.waiting) {
            let fragment = waiting.fragment.as_ref();
            if current.is_empty() || fragment.is_none_or(|fragment| current.contains(fragment)) {
                actions.push(Action::AddCandidate(ranked(&waiting.candidate, self.generation)));
                self.added.push(waiting);
            } else if let Some((_, reason)) = self.retired.iter().find(|(retired, _)| Some(retired) == fragment) {
                actions.push(dropped(waiting.candidate, *reason));
            } else {
                self.waiting.push(waiting);
            }
        }
        self.added.drain(..self.added.len().saturating_sub(MAX_WAITING));
    }

    fn ignore(&mut self, fragments: Fragments) {
        self.ignored.extend(fragments);
        keep_newest(&mut self.ignored);
    }

    /// After a change of the current description: retires all earlier fragments that it does not name.
    fn retire(&mut self) {
        let replaced = self.previous.iter().flatten().cloned();
        self.retired.extend(replaced.map(|fragment| (fragment, DropReason::OldGeneration)));
        self.retired.extend(self.ignored.drain(..).map(|fragment| (fragment, DropReason::IgnoredDescription)));
        self.retired.retain(|(fragment, _)| !self.current.iter().flatten().any(|named| named == fragment));
        keep_newest(&mut self.retired);
    }
}

/// The candidate with a rewritten priority: newer generations rank above older ones of the same type; within a generation
/// the peer's order stays. After an ICE restart the new pairs should replace the old (RFC 8445 §9). Chromium lets them
/// compete instead, and leaves a pair of higher priority only after 3.5 s without a packet. Priorities of remote
/// candidates affect this side alone.
///
/// Types keep their order within a generation. They also stay apart from peer-reflexive candidates, which only the browser
/// knows and which have type preference 110. Host candidates without a `generation` attribute, which only libwebrtc
/// writes, stay below it. A check that arrives before its candidate makes a short-lived peer-reflexive one. If that ranked
/// below the pairs from before the restart, Chromium would never try the new pair. Chromium receives media over either.
/// Firefox still answers checks to the old candidates, but takes no media over those pairs.
fn ranked(candidate: &IceCandidate, generation: u32) -> IceCandidate {
    let mut ranked = candidate.clone();
    let mut words: Vec<&str> = candidate.candidate.split_ascii_whitespace().collect();
    let names_generation = words.contains(&"generation");
    // RFC 8839 §5.1: foundation, component, transport, priority, address, port, "typ", type.
    if let [_, _, "udp" | "UDP", priority, _, _, _, kind, ..] = &mut words[..]
        && let Ok(given) = priority.parse::<u32>()
        && let Some(base) = base_priority(kind, generation.min(MAX_GENERATION), names_generation)
    {
        let ranked_priority = (base + given / 256 % GENERATION_SPAN).to_string();
        *priority = &ranked_priority;
        ranked.candidate = words.join(" ");
    }
    ranked
}

/// The lowest priority of a candidate type in a generation. A relay ranks above the server-reflexive candidates of the
/// generation before. The first generation's relays stay unchanged: only their priorities tell own and remote relays
/// apart. If each side ranked the other's relay higher, each would send through the other's.
fn base_priority(kind: &str, generation: u32, names_generation: bool) -> Option<u32> {
    match kind {
        "host" => Some((if names_generation { 111 << 24 } else { 103 << 24 }) + generation * GENERATION_SPAN),
        "srflx" => Some((92 << 24) + (2 * generation + 1) * GENERATION_SPAN),
        "relay" if generation > 0 => Some((92 << 24) + 2 * generation * GENERATION_SPAN),
        _ => None,
    }
}

fn dropped(candidate: IceCandidate, reason: DropReason) -> Action {
    Action::Note(Note::CandidateDropped { candidate, reason })
}

fn keep_newest<T>(queue: &mut Vec<T>) {
    queue.drain(..queue.len().saturating_sub(MAX_REMEMBERED));
}

/// The distinct values of the description's `a=ice-ufrag` lines (RFC 8839 §5.4).
fn fragments(sdp: &str) -> Fragments {
    let mut fragments = Fragments::new();
    for fragment in sdp.lines().filter_map(|line| line.strip_prefix("a=ice-ufrag:")).map(str::trim) {
        if fragments.len() < MAX_REMEMBERED && !fragments.iter().any(|known| known == fragment) {
            fragments.push(fragment.to_owned());
        }
    }
    fragments
}

/// The candidate's fragment: its own member, or the `ufrag` extension that browsers write into the candidate attribute
/// (RFC 8839 §5.1).
fn named_fragment(candidate: &IceCandidate) -> Option<&str> {
    let member = candidate.username_fragment.as_deref().filter(|fragment| !fragment.is_empty());
    member.or_else(|| {
        let mut words = candidate.candidate.split_ascii_whitespace();
        words.find(|word| *word == "ufrag")?;
        words.next()
    })
}
