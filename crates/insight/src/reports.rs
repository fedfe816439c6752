//! Looks reports up in one reading of `getStats()`: those of a type, a stream by its id, the candidate pair in use. Nothing
//! is measured or judged here.

use crate::stats::{
    CandidatePairStats, CandidateStats, DataChannelStats, InboundRtpStats, MediaSourceStats, OutboundRtpStats,
    RemoteInboundRtpStats, Stats, TransportStats,
};

/// Reports of one type.
pub(crate) trait Report {
    /// The report, if it is of this type.
    fn of(stats: &Stats) -> Option<&Self>;
}

macro_rules! report {
    ($($report:ident is $($variant:ident)|+),+) => {$(
        impl Report for $report {
            fn of(stats: &Stats) -> Option<&Self> {
                match stats {
                    $(Stats::$variant(report))|+ => Some(report),
                    _ => None,
                }
            }
        }
    )+};
}

report! {
    InboundRtpStats is InboundRtp,
    OutboundRtpStats is OutboundRtp,
    RemoteInboundRtpStats is RemoteInboundRtp,
    MediaSourceStats is MediaSource,
    DataChannelStats is DataChannel,
    TransportStats is Transport,
    CandidatePairStats is CandidatePair,
    CandidateStats is LocalCandidate | RemoteCandidate
}

/// Reports on streams.
pub(crate) trait Stream: Report {
    /// The report's id.
    fn id(&self) -> Option<&str>;
    /// `audio` or `video`.
    fn kind(&self) -> Option<&str>;
}

macro_rules! stream {
    ($($report:ident),+) => {$(
        impl Stream for $report {
            fn id(&self) -> Option<&str> {
                self.id.as_deref()
            }

            fn kind(&self) -> Option<&str> {
                self.kind.as_deref()
            }
        }
    )+};
}

stream!(InboundRtpStats, OutboundRtpStats);

/// All reports of a type.
pub(crate) fn all<T: Report + 'static>(reports: &[Stats]) -> impl Iterator<Item = &T> + Clone {
    reports.iter().filter_map(T::of)
}

/// The streams of a kind.
pub(crate) fn streams<'a, T: Stream + 'static>(
    reports: &'a [Stats],
    kind: &str,
) -> impl Iterator<Item = &'a T> + Clone {
    all::<T>(reports).filter(move |stream| stream.kind() == Some(kind))
}

/// The stream of this id.
pub(crate) fn stream<'a, T: Stream + 'static>(reports: &'a [Stats], id: &str) -> Option<&'a T> {
    all::<T>(reports).find(|stream| stream.id() == Some(id))
}

/// The candidate of this id, as a pair names it.
pub(crate) fn candidate<'a>(reports: &'a [Stats], id: Option<&String>) -> Option<&'a CandidateStats> {
    let id = id?;
    all::<CandidateStats>(reports).find(|candidate| candidate.id.as_ref() == Some(id))
}

/// The pair in use, by the browser's word; [`crate::path`] says how browsers differ.
pub(crate) fn selected_pair(reports: &[Stats]) -> Option<&CandidatePairStats> {
    let pairs = all::<CandidatePairStats>(reports);
    let is_named = |pair: &&CandidatePairStats| {
        pair.id.is_some()
            && all::<TransportStats>(reports).any(|transport| transport.selected_candidate_pair_id == pair.id)
    };
    let has_succeeded =
        |pair: &&CandidatePairStats| pair.nominated == Some(true) && pair.state.as_deref() == Some("succeeded");
    pairs
        .clone()
        .find(is_named)
        .or_else(|| pairs.clone().find(|pair| pair.selected == Some(true)))
        .or_else(|| pairs.filter(has_succeeded).last())
}
