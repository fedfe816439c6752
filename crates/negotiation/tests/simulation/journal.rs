//! A journal of one mesh, line by line. It is written only to explain a failure.

use std::cell::RefCell;

use vitrine_negotiation::Input;
use vitrine_protocol::signaling::DescriptionTag;

thread_local! {
    static LINES: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

struct Line {
    members: [u32; 2],
    text: String,
}

/// Writes a line about the pair of these two members, while a journal is kept.
pub fn write(members: [u32; 2], text: impl FnOnce() -> String) {
    LINES.with_borrow_mut(|lines| {
        if let Some(lines) = lines {
            lines.push(Line { members, text: text() });
        }
    });
}

/// Runs `work`. Returns the lines of the last pair written about; after a failure, that is the pair that failed.
pub fn of_last_pair(work: impl FnOnce()) -> String {
    LINES.set(Some(Vec::new()));
    work();
    let lines = LINES.take().unwrap_or_default();
    let Some(members) = lines.last().map(|line| line.members) else { return String::new() };
    let of_pair = lines.iter().filter(|line| line.members == members);
    of_pair.map(|line| format!("  {members:?} {}\n", line.text)).collect()
}

/// A short description of an input.
pub fn summary(input: &Input) -> String {
    match input {
        Input::RemoteDescription(description) => match &description.tag {
            Some(DescriptionTag { connection, to, serial, polite, answers }) => {
                let polite = if *polite { "polite " } else { "" };
                format!("{:?} {serial} of {polite}{connection} to {to:?}, answers {answers:?}", description.kind)
            }
            None => format!("{:?}", description.kind),
        },
        Input::RemoteCandidate(candidate) => format!("candidate of {:?}", candidate.username_fragment),
        Input::LocalDescriptionSet(description) => format!("local {:?} is set", description.kind),
        other => format!("{other:?}"),
    }
}
