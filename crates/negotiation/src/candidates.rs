//! Which remote candidates may be added, and when. A candidate belongs to the description that names its ICE
//! user-name fragment (RFC 8839 §5.4); until that description is set it waits here, in order and whole. This knows
//! nothing of offers and answers: the state machine tells it which descriptions are set, ignored and taken back.

use vitrine_protocol::signaling::IceCandidate;

use crate::{Action, DropReason, Note};

/// Most candidates that wait at a time. A browser gathers a few dozen.
const MAX_WAITING: usize = 256;
/// Most fragments remembered as ignored, and as dead.
const MAX_REMEMBERED: usize = 64;

/// Priorities of one generation: sixteen bits of local preference (RFC 8445 §5.1.2.1), and some to spare.
const RANKS: u32 = 1 << 20;
/// The last generation that comes before the one before it.
const MAX_GENERATION: u32 = 100;

/// The remote candidates of one peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    /// Candidates that no set description names, oldest first.
    waiting: Vec<Waiting>,
    /// Candidates of the description in force that were added.
    added: Vec<Waiting>,
    /// Fragments of the remote description that is set.
    in_force: Option<Fragments>,
    /// Fragments of the remote description that is being set.
    coming: Fragments,
    /// What was in force before the latest change, to return to when that is taken back.
    before: Option<Fragments>,
    /// Fragments of the latest description received: those of candidates that name none.
    latest: Fragments,
    /// Fragments of descriptions that were ignored since a description was last set. The next description may still
    /// name them, so their candidates wait until then.
    ignored: Vec<String>,
    /// Fragments that no description to come will name.
    dead: Vec<(String, DropReason)>,
    /// How many times other fragments came in force than those before: how often the other side restarted ICE.
    generation: u32,
}

#[derive(Clone, Debug)]
struct Waiting {
    candidate: IceCandidate,
    /// `None` when neither the candidate nor a description before it names a fragment: any description will do.
    fragment: Option<String>,
}

type Fragments = Vec<String>;

impl Candidates {
    /// For a new connection in place of this one. What waits may belong to the other side's new connection; what was
    /// added here is needed again `if_kept`, if the other side keeps its connection.
    pub(crate) fn anew(&self, if_kept: bool) -> Self {
        let added = self.added.iter().filter(|_| if_kept);
        let mut waiting: Vec<Waiting> =
            added.chain(&self.waiting).filter(|candidate| candidate.fragment.is_some()).cloned().collect();
        waiting.drain(..waiting.len().saturating_sub(MAX_WAITING));
        Self { waiting, ..Self::default() }
    }

    /// A description came, whatever will become of it.
    pub(crate) fn description_received(&mut self, sdp: &str) {
        self.latest = fragments(sdp);
    }

    /// The description will not be set.
    pub(crate) fn description_ignored(&mut self, sdp: &str) {
        self.ignore(fragments(sdp));
    }

    /// The description is being set.
    pub(crate) fn description_begun(&mut self, sdp: &str) {
        self.coming = fragments(sdp);
    }

    /// The description that was being set could not be.
    pub(crate) fn description_failed(&mut self) {
        let coming = std::mem::take(&mut self.coming);
        self.ignore(coming);
    }

    /// The description that was being set is set.
    pub(crate) fn description_set(&mut self) {
        let coming = std::mem::take(&mut self.coming);
        self.added.retain(|added| added.fragment.as_ref().is_some_and(|fragment| coming.contains(fragment)));
        self.generation += u32::from(self.in_force.as_ref().is_some_and(|before| *before != coming));
        self.before = self.in_force.replace(coming);
        self.bury();
    }

    /// The description that was set last is taken back.
    pub(crate) fn description_rolled_back(&mut self) {
        self.before = std::mem::replace(&mut self.in_force, self.before.take());
        self.bury();
    }

    /// Keeps a candidate until [`Self::release`] finds that it may be added.
    pub(crate) fn push(&mut self, candidate: IceCandidate, actions: &mut Vec<Action>) {
        let fragment = named_fragment(&candidate).map(str::to_owned).or_else(|| self.latest.first().cloned());
        self.waiting.push(Waiting { candidate, fragment });
        if self.waiting.len() > MAX_WAITING {
            let oldest = self.waiting.remove(0);
            actions.push(dropped(oldest.candidate, DropReason::QueueFull));
        }
    }

    /// Adds, in order, the candidates that the description in force names; drops those that none can name any more.
    pub(crate) fn release(&mut self, actions: &mut Vec<Action>) {
        let Some(in_force) = &self.in_force else {
            return;
        };
        for waiting in std::mem::take(&mut self.waiting) {
            let fragment = waiting.fragment.as_ref();
            if in_force.is_empty() || fragment.is_none_or(|fragment| in_force.contains(fragment)) {
                actions.push(Action::AddCandidate(ranked(&waiting.candidate, self.generation)));
                self.added.push(waiting);
            } else if let Some((_, reason)) = self.dead.iter().find(|(dead, _)| Some(dead) == fragment) {
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

    /// After a change of the description in force: what it does not name, of all named so far, is dead.
    fn bury(&mut self) {
        let replaced = self.before.iter().flatten().cloned();
        self.dead.extend(replaced.map(|fragment| (fragment, DropReason::OldGeneration)));
        self.dead.extend(self.ignored.drain(..).map(|fragment| (fragment, DropReason::IgnoredDescription)));
        self.dead.retain(|(fragment, _)| !self.in_force.iter().flatten().any(|named| named == fragment));
        keep_newest(&mut self.dead);
    }
}

/// The candidate with a priority by which those of a generation come before all of the same type before them, and within a
/// generation in the order that the other side gave them. After a restart of ICE the pairs of the new generation replace
/// those of the old (RFC 8445 §9). Chromium lets them compete instead, and leaves a path with a higher priority only after
/// three and a half seconds without a packet. Priorities of remote candidates serve this side alone.
///
/// The types stay in their order within a generation, and apart from what only the browser knows of: peer-reflexive
/// candidates have the type preference 110. Below it stay those that do not name their generation, as only libwebrtc does.
/// A check that comes before its candidate makes a peer-reflexive one for a moment; were that worth less than what was
/// there before the restart, Chromium would never try the pair. From another Chromium it hears over either; Firefox still
/// answers checks to the candidates from before, but takes no media that comes so.
fn ranked(candidate: &IceCandidate, generation: u32) -> IceCandidate {
    let mut ranked = candidate.clone();
    let mut words: Vec<&str> = candidate.candidate.split_ascii_whitespace().collect();
    let names_generation = words.contains(&"generation");
    // RFC 8839 §5.1: foundation, component, transport, priority, address, port, "typ", type.
    if let [_, _, "udp" | "UDP", priority, _, _, _, kind, ..] = &mut words[..]
        && let Ok(given) = priority.parse::<u32>()
        && let Some(place) = place(kind, generation.min(MAX_GENERATION), names_generation)
    {
        let ranked_priority = (place + given / 256 % RANKS).to_string();
        *priority = &ranked_priority;
        ranked.candidate = words.join(" ");
    }
    ranked
}

/// The lowest priority of a type of candidates in a generation. A relay comes before the NATs' addresses of the generation
/// before. The first relays are left alone, because one's own and the other side's are told apart by nothing but their
/// priorities: were the other side's worth more to both, each would send through the other's.
fn place(kind: &str, generation: u32, names_generation: bool) -> Option<u32> {
    match kind {
        "host" => Some((if names_generation { 111 << 24 } else { 103 << 24 }) + generation * RANKS),
        "srflx" => Some((92 << 24) + (2 * generation + 1) * RANKS),
        "relay" if generation > 0 => Some((92 << 24) + 2 * generation * RANKS),
        _ => None,
    }
}

fn dropped(candidate: IceCandidate, reason: DropReason) -> Action {
    Action::Note(Note::CandidateDropped { candidate, reason })
}

fn keep_newest<T>(queue: &mut Vec<T>) {
    queue.drain(..queue.len().saturating_sub(MAX_REMEMBERED));
}

/// The values of the description's `a=ice-ufrag` lines (RFC 8839 §5.4), each once.
fn fragments(sdp: &str) -> Fragments {
    let mut fragments = Fragments::new();
    for fragment in sdp.lines().filter_map(|line| line.strip_prefix("a=ice-ufrag:")).map(str::trim) {
        if fragments.len() < MAX_REMEMBERED && !fragments.iter().any(|known| known == fragment) {
            fragments.push(fragment.to_owned());
        }
    }
    fragments
}

/// The fragment that the candidate names: as a member, or as the `ufrag` extension that browsers write into the
/// candidate attribute (RFC 8839 §5.1).
fn named_fragment(candidate: &IceCandidate) -> Option<&str> {
    let member = candidate.username_fragment.as_deref().filter(|fragment| !fragment.is_empty());
    member.or_else(|| {
        let mut words = candidate.candidate.split_ascii_whitespace();
        words.find(|word| *word == "ufrag")?;
        words.next()
    })
}
