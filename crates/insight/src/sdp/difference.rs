//! Two descriptions compared: an answer with its offer, or an offer with the one before. Sections are matched by their
//! name, or else by their place; lines within a section as a set, because their order rarely means anything.

use std::collections::HashMap;

use super::{Line, Sdp, Section};

/// What differs between two descriptions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// The lines above the sections.
    pub session: Vec<Change>,
    /// Each section of either description, in the later one's order.
    pub sections: Vec<SectionDifference>,
}

/// What differs between two sections.
#[derive(Clone, Debug, PartialEq)]
pub struct SectionDifference {
    /// The section's name; its place if it has none.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Only the later description has it.
    pub is_new: bool,
    /// Only the earlier description has it.
    pub is_gone: bool,
    /// The later description refuses it, and the earlier did not.
    pub is_refused: bool,
    /// ICE restarted: user name fragment or password is another one.
    pub restarts_ice: bool,
    /// The codec that is preferred now, if it is another one: before, and after.
    pub codec: Option<(String, String)>,
    /// The lines that came and went.
    pub changes: Vec<Change>,
}

/// A line that only one of the descriptions has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the later one has it.
    Added(Line),
    /// Only the earlier one has it.
    Removed(Line),
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        let is_same = |section: &SectionDifference| section.changes.is_empty() && !section.is_new && !section.is_gone;
        self.session.is_empty() && self.sections.iter().all(is_same)
    }
}

/// What differs between `before` and `after`.
pub fn difference(before: &Sdp, after: &Sdp) -> Difference {
    let mut unmatched: Vec<_> = before.sections.iter().enumerate().collect();
    let mut sections = Vec::new();
    for (index, section) in after.sections.iter().enumerate() {
        let place = unmatched.iter().position(|(old_index, old)| match (&old.mid, &section.mid) {
            (Some(old), Some(new)) => old == new,
            _ => *old_index == index && old.kind == section.kind,
        });
        let old = place.map(|place| unmatched.remove(place).1);
        sections.push(compare(index, old, Some(section)));
    }
    sections.extend(unmatched.into_iter().map(|(index, old)| compare(index, Some(old), None)));
    Difference { session: changes(&before.session, &after.session), sections }
}

fn compare(index: usize, before: Option<&Section>, after: Option<&Section>) -> SectionDifference {
    let lines = |section: Option<&Section>| section.map(|section| section.lines.clone()).unwrap_or_default();
    let ice = |section: Option<&Section>| section.and_then(|section| section.ice.clone());
    let codec = |section: Option<&Section>| {
        let media = section?.codecs.iter().find(|codec| !codec.is_auxiliary() && !codec.name.is_empty());
        media.map(|codec| codec.name.clone())
    };
    let is_rejected = |section: Option<&Section>| section.is_some_and(Section::is_rejected);
    let either = after.or(before);
    SectionDifference {
        name: either.and_then(|section| section.mid.clone()).unwrap_or_else(|| index.to_string()),
        kind: either.map(|section| section.kind.clone()).unwrap_or_default(),
        is_new: before.is_none(),
        is_gone: after.is_none(),
        is_refused: is_rejected(after) && !is_rejected(before),
        restarts_ice: before.is_some() && after.is_some() && ice(before) != ice(after),
        codec: codec(before).zip(codec(after)).filter(|(before, after)| before != after),
        changes: if before.is_some() && after.is_some() { changes(&lines(before), &lines(after)) } else { Vec::new() },
    }
}

/// The lines of one side only, those that went first. A line that both have the same number of times is no change.
fn changes(before: &[Line], after: &[Line]) -> Vec<Change> {
    let key = |line: &Line| (line.letter, line.value.clone());
    let mut left: HashMap<_, usize> = HashMap::new();
    for line in after {
        *left.entry(key(line)).or_default() += 1;
    }
    let mut is_unmatched = |line: &&Line| match left.get_mut(&key(line)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let removed: Vec<_> = before.iter().filter(&mut is_unmatched).cloned().map(Change::Removed).collect();
    // What is left now is new. Of equal lines, the last are.
    let mut added: Vec<_> = after.iter().rev().filter(|line| !is_unmatched(line)).cloned().map(Change::Added).collect();
    added.reverse();
    removed.into_iter().chain(added).collect()
}
