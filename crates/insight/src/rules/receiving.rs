//! Findings about what arrives: nothing, too little, too late, or more than this device can show.

use std::sync::Arc;

use vitrine_protocol::control;

use super::{
    facts::Facts,
    runs::{self, runs},
};
use crate::{
    finding::{Cause, Finding, FindingCode, Severity},
    intervals::Interval,
    rates::{gain, loss, per_second, ratio},
    reports::{all, selected_pair},
    stats::{CandidatePairStats, DataChannelStats, InboundRtpStats, OutboundRtpStats, TransportStats},
    trace::{EventKind, Sample},
};

/// How long something has to hold before it is told, in milliseconds (ObserveRTC).
const FOR: f64 = 5_000.0;
/// A picture that arrives at this rate has frames to decode, in bits a second; and how long none may be decoded.
const PICTURE_RATE: f64 = 10_000.0;
const STUCK_FOR: f64 = 4_000.0;
const STUCK_ROUND_TRIPS: f64 = 15.0;
/// The share of made-up sound that people hear, over so many milliseconds, and the share at which it is over (ObserveRTC).
const HEARD: f64 = 0.03;
const NOT_HEARD: f64 = 0.01;
const HEARD_FOR: f64 = 15_000.0;
/// The round-trip time that disturbs a conversation, in seconds, and for how long, in milliseconds (ITU-T G.114 counts the one
/// way; half of this is its 150 ms).
const SLOW: f64 = 0.3;
const SLOW_FOR: f64 = 10_000.0;
/// The delay of the jitter buffer that disturbs one, in seconds.
const BUFFERED: f64 = 0.2;
/// The share of packets whose loss makes a path lossy, and below which it is not the reason for dropped frames.
const LOSS: f64 = 0.05;
const LITTLE_LOSS: f64 = 0.02;
/// The share of dropped frames, and of a frame's time, above which decoding is behind (ObserveRTC).
const DROPPED: f64 = 0.1;
const BUDGET_SHARE: f64 = 0.8;

/// The findings on what arrives over one connection.
pub fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = other_page_slept(facts);
    findings.extend(nothing_at_all(facts));
    findings.extend(dry_tracks(facts));
    findings.extend(stuck_decoder(facts));
    findings.extend(concealment(facts));
    findings.extend(latency(facts));
    findings.extend(packet_loss(facts));
    findings.extend(decode_limited(facts));
    findings
}

/// R19: the other side's browser goes on while its page does nothing: over the control channel a page that is awake says
/// something twice a second.
fn other_page_slept(facts: &Facts<'_>) -> Vec<Finding> {
    let control = |sample: &Sample| {
        let channel = all::<DataChannelStats>(&sample.reports)
            .find(|channel| channel.label.as_deref() == Some(control::LABEL))?;
        Some((channel.messages_sent?, channel.messages_received?))
    };
    let received =
        |sample: &Sample| all(&sample.reports).find_map(|transport: &TransportStats| transport.bytes_received);
    let asleep = runs(&facts.intervals, FOR, |interval| {
        let (before, after) = (control(interval.before)?, control(interval.after)?);
        let is_up = facts.is_connected_during(interval.before.time, interval.after.time);
        let browser_goes_on = gain(received(interval.before), received(interval.after))? > 0.0;
        let page_says_nothing = before.1 > 0.0 && after.1 == before.1;
        (is_up && browser_goes_on && page_says_nothing).then_some((after.1, after.0 - before.0))
    });
    // A page that is told nothing need not answer.
    let asleep = asleep.into_iter().filter(|run| run.values.iter().any(|(_, (_, sent))| *sent > 0.0));
    runs::findings(asleep, FindingCode::PageSlept, Severity::Warning, Cause::Theirs, |(messages, _)| {
        ("messagesReceived of the control channel", format!("{messages}, unchanged"))
    })
}

/// R5, R10: a connection that is said to work, over which nothing arrives though this side sends.
fn nothing_at_all(facts: &Facts<'_>) -> Vec<Finding> {
    let sum = |values: &mut dyn Iterator<Item = f64>| values.reduce(|one, other| one + other);
    let received = |sample: &Sample| {
        let reports = &sample.reports;
        sum(&mut all(reports).filter_map(|transport: &TransportStats| transport.bytes_received))
            .or_else(|| sum(&mut all(reports).filter_map(|pair: &CandidatePairStats| pair.bytes_received)))
    };
    let sent =
        |sample: &Sample| sum(&mut all(&sample.reports).filter_map(|stream: &OutboundRtpStats| stream.packets_sent));
    let dead = runs(&facts.intervals, FOR, |interval| {
        let is_up = facts.is_connected_during(interval.before.time, interval.after.time);
        let nothing = gain(received(interval.before), received(interval.after))? == 0.0;
        let sends = gain(sent(interval.before), sent(interval.after)).is_some_and(|sent| sent > 0.0);
        (is_up && nothing && sends).then_some(())
    });
    runs::findings(dead, FindingCode::NoMediaReceived, Severity::Error, Cause::Between, |()| {
        ("bytesReceived of the connection", "unchanged".to_owned())
    })
}

/// R13, R14: over one track nothing arrives any more, while other things do: the other side sends nothing over it.
fn dry_tracks(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let muted_at = |track: Option<&str>, time: f64| {
        let mut is_muted = false;
        for event in facts.connection.events.iter().take_while(|event| event.time <= time) {
            if let EventKind::TrackMuted { id, is_muted: muted } = &event.kind
                && Some(&**id) == track
            {
                is_muted = *muted;
            }
        }
        is_muted
    };
    for kind in ["audio", "video"] {
        for id in facts.stream_ids::<InboundRtpStats>(kind) {
            let dry = runs(&facts.intervals, FOR, |interval| {
                let (before, after) = interval.stream::<InboundRtpStats>(&id)?;
                // A track that never had anything is one that the other side never used.
                let had_some = before.packets_received.is_some_and(|packets| packets > 0.0);
                let is_up = facts.is_connected_during(interval.before.time, interval.after.time);
                let nothing = gain(before.bytes_received, after.bytes_received)? == 0.0;
                let (older, newer) =
                    (all::<TransportStats>(&interval.before.reports), all::<TransportStats>(&interval.after.reports));
                let others = newer.zip(older).any(|(after, before)| {
                    gain(before.bytes_received, after.bytes_received).is_some_and(|bytes| bytes > 0.0)
                });
                (had_some && is_up && nothing && others)
                    .then(|| muted_at(after.track_identifier.as_deref(), interval.after.time))
            });
            // A browser that says "muted" knows; without its word it is most likely, and no fault either.
            findings.extend(dry.into_iter().map(|run| {
                let is_muted = run.values.iter().any(|(_, is_muted)| *is_muted);
                let event = if is_muted { "MediaStreamTrack.onmute" } else { "bytesReceived" };
                Finding::new(FindingCode::MutedRemote, Severity::Info, Cause::Theirs, run.from, run.to).because(
                    run.to,
                    &format!("{kind} {event}"),
                    if is_muted { "muted" } else { "unchanged" },
                )
            }));
        }
    }
    findings
}

/// R13: a picture arrives, key frames are asked for, and none is decoded.
fn stuck_decoder(facts: &Facts<'_>) -> Vec<Finding> {
    let round_trip = |sample: &Sample| selected_pair(&sample.reports)?.current_round_trip_time;
    let round_trip = facts.connection.samples.iter().map(Arc::as_ref).filter_map(round_trip);
    let patience = STUCK_FOR.max(round_trip.fold(0.0, f64::max) * 1_000.0 * STUCK_ROUND_TRIPS);
    let mut findings = Vec::new();
    for id in facts.stream_ids::<InboundRtpStats>("video") {
        let stuck = runs(&facts.intervals, patience, |interval| {
            let (before, after) = interval.stream::<InboundRtpStats>(&id)?;
            let rate = per_second(before.bytes_received, after.bytes_received, interval.length())? * 8.0;
            let decoded = gain(before.frames_decoded, after.frames_decoded)?;
            let asks = gain(before.pli_count, after.pli_count).unwrap_or_default();
            (rate > PICTURE_RATE && decoded == 0.0).then_some((rate, asks))
        });
        let stuck = stuck.into_iter().filter(|run| run.values.iter().any(|(_, (_, asks))| *asks > 0.0));
        findings.extend(runs::findings(
            stuck,
            FindingCode::StuckDecoder,
            Severity::Error,
            Cause::Between,
            |(rate, asks)| {
                (
                    "framesDecoded unchanged",
                    format!("{} kbit/s arrive, {asks} key frames asked for", (rate / 1_000.0).round()),
                )
            },
        ));
    }
    findings
}

/// R17: sound that was lost and made up, other than silence, is heard.
fn concealment(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for id in facts.stream_ids::<InboundRtpStats>("audio") {
        let mut is_bad = false;
        let audible = runs(&facts.intervals, 0.0, |interval| {
            let (before, after) = interval.stream::<InboundRtpStats>(&id)?;
            let total =
                gain(before.total_samples_received, after.total_samples_received).filter(|total| *total > 0.0)?;
            let concealed = gain(before.concealed_samples, after.concealed_samples)?;
            let silent = gain(before.silent_concealed_samples, after.silent_concealed_samples).unwrap_or_default();
            let share = (concealed - silent).max(0.0) / total;
            is_bad = share > if is_bad { NOT_HEARD } else { HEARD };
            is_bad.then_some((share, interval.length()))
        });
        // The mean has to be heard, not a single moment; a shorter stretch has good sound around it.
        let audible = audible.into_iter().filter(|run| {
            let whole: f64 = run.values.iter().map(|(_, (share, length))| share * length).sum();
            let length = run.to - run.from;
            length >= FOR && whole / length.max(HEARD_FOR) > HEARD
        });
        findings.extend(runs::findings(
            audible,
            FindingCode::AudibleConcealment,
            Severity::Warning,
            Cause::Between,
            |(share, _)| ("concealedSamples", format!("{:.1} % of the sound", share * 100.0)),
        ));
    }
    findings
}

/// R20, R17: the way takes long, or the jitter buffer holds much.
fn latency(facts: &Facts<'_>) -> Vec<Finding> {
    let slow = runs(&facts.intervals, SLOW_FOR, |interval| {
        let round_trip = selected_pair(&interval.after.reports)?.current_round_trip_time?;
        (round_trip > SLOW).then_some(("currentRoundTripTime", round_trip))
    });
    let mut findings =
        runs::findings(slow, FindingCode::HighLatency, Severity::Warning, Cause::Between, |(name, seconds)| {
            (name, format!("{} ms", (seconds * 1_000.0).round()))
        });
    for id in facts.stream_ids::<InboundRtpStats>("audio") {
        let buffered = runs(&facts.intervals, SLOW_FOR, |interval| {
            let (before, after) = interval.stream::<InboundRtpStats>(&id)?;
            let delay = ratio(
                (before.jitter_buffer_delay, after.jitter_buffer_delay),
                (before.jitter_buffer_emitted_count, after.jitter_buffer_emitted_count),
            )?;
            (delay > BUFFERED).then_some(delay)
        });
        findings.extend(runs::findings(
            buffered,
            FindingCode::HighLatency,
            Severity::Warning,
            Cause::Between,
            |seconds| ("jitterBufferDelay", format!("{} ms", (seconds * 1_000.0).round())),
        ));
    }
    findings
}

fn lost(interval: &Interval<'_>, id: &str) -> Option<f64> {
    let (before, after) = interval.stream::<InboundRtpStats>(id)?;
    loss((before.packets_lost, after.packets_lost), (before.packets_received, after.packets_received))
}

/// R16: more than five of a hundred packets do not arrive.
fn packet_loss(facts: &Facts<'_>) -> Vec<Finding> {
    let ids: Vec<_> =
        ["audio", "video"].into_iter().flat_map(|kind| facts.stream_ids::<InboundRtpStats>(kind)).collect();
    let lossy = runs(&facts.intervals, FOR, |interval| {
        let worst = ids.iter().filter_map(|id| lost(interval, id)).reduce(f64::max)?;
        (worst > LOSS).then_some(worst)
    });
    runs::findings(lossy, FindingCode::PacketLoss, Severity::Warning, Cause::Between, |share| {
        ("packetsLost", format!("{} % of what was sent to this side", (share * 100.0).round()))
    })
}

/// R18: frames are dropped, or decoding takes most of a frame's time, and the network is not the reason.
fn decode_limited(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for id in facts.stream_ids::<InboundRtpStats>("video") {
        let behind = runs(&facts.intervals, FOR, |interval| {
            let (before, after) = interval.stream::<InboundRtpStats>(&id)?;
            if lost(interval, &id).is_some_and(|share| share >= LITTLE_LOSS) {
                return None;
            }
            let dropped =
                ratio((before.frames_dropped, after.frames_dropped), (before.frames_received, after.frames_received));
            if let Some(share) = dropped.filter(|share| *share > DROPPED) {
                return Some(("framesDropped", format!("{} % of the frames", (share * 100.0).round())));
            }
            let frames = gain(before.frames_decoded, after.frames_decoded)?;
            let rate = frames * 1_000.0 / interval.length();
            let decode = ratio(
                (before.total_decode_time, after.total_decode_time),
                (before.frames_decoded, after.frames_decoded),
            )?;
            (rate > 1.0 && decode > BUDGET_SHARE / rate)
                .then(|| ("totalDecodeTime", format!("{} ms a frame", (decode * 1_000.0).round())))
        });
        findings.extend(runs::findings(
            behind,
            FindingCode::DecodeLimited,
            Severity::Warning,
            Cause::Ours,
            Clone::clone,
        ));
    }
    findings
}
