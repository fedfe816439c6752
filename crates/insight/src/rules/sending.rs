//! Findings about what this side sends: capture, encoder, upload.

use std::sync::Arc;

use super::{
    facts::Facts,
    runs::{self, runs},
};
use crate::{
    finding::{Cause, Finding, FindingCode, Severity},
    rates::{gain, per_second, ratio},
    reports::{all, selected_pair},
    stats::{MediaSourceStats, OutboundRtpStats, RemoteInboundRtpStats},
    trace::{EventKind, Sample},
};

/// How long something has to hold before it is told, in milliseconds.
const FOR: f64 = 5_000.0;
/// The same for a silent microphone (ObserveRTC), and the root mean square below which it is silent, of 1.
const SILENT_FOR: f64 = 30_000.0;
const SILENCE: f64 = 0.001;
/// The share of its best frame rate below which a camera is slow, and for how long, in milliseconds.
const CAMERA_SHARE: f64 = 0.5;
const CAMERA_FOR: f64 = 10_000.0;
/// Frames a second that cameras are usually asked for. A reading may be higher for a moment.
const USUAL_FRAMES: f64 = 30.0;
/// Frames a second below which nobody minds that there are fewer.
const FEW_FRAMES: f64 = 10.0;
/// The share of the camera's frames below which the encoder is behind, and of a frame's time above which it is busy
/// (ObserveRTC).
const ENCODED_SHARE: f64 = 0.7;
const BUDGET_SHARE: f64 = 0.8;
/// The share of packets whose loss makes a path lossy.
const LOSS: f64 = 0.05;
/// An upload that takes less is narrow, in bits a second: at this rate libwebrtc sends 640x360 (`simulcast.cc`). And for how
/// long, in milliseconds: an estimate begins below it.
const NARROW: f64 = 500_000.0;
const NARROW_FOR: f64 = 15_000.0;

/// The findings on what one connection sends.
pub fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = capture_ended(facts);
    findings.extend(silent_microphone(facts));
    findings.extend(not_sent(facts));
    let cpu = cpu_limited(facts);
    findings.extend(camera_limited(facts));
    findings.extend(congestion(facts));
    findings.extend(narrow(facts));
    findings.extend(upload_loss(facts));
    findings.extend(cpu);
    findings
}

fn source_of<'a>(sample: &'a Sample, outbound: &OutboundRtpStats) -> Option<&'a MediaSourceStats> {
    all::<MediaSourceStats>(&sample.reports).find(|source| source.id.is_some() && source.id == outbound.media_source_id)
}

/// R14: a captured track ended by itself.
fn capture_ended(facts: &Facts<'_>) -> Vec<Finding> {
    let ended = facts.connection.events.iter().filter_map(|event| match &event.kind {
        EventKind::TrackEnded { id } => Some((event.time, id)),
        _ => None,
    });
    ended
        .map(|(time, id)| {
            Finding::new(FindingCode::CaptureEnded, Severity::Warning, Cause::Ours, time, facts.end).because(
                time,
                "MediaStreamTrack.onended",
                id,
            )
        })
        .collect()
}

/// R14: the microphone delivers digital silence. Every real microphone has some noise.
fn silent_microphone(facts: &Facts<'_>) -> Vec<Finding> {
    let energy = |sample: &Sample| {
        let audio = all(&sample.reports).find(|source: &&MediaSourceStats| source.kind.as_deref() == Some("audio"))?;
        Some((audio.total_audio_energy?, audio.audio_level))
    };
    let silent = runs(&facts.intervals, SILENT_FOR, |interval| {
        let (before, after) = (energy(interval.before)?, energy(interval.after)?);
        // Energy is the square of the level, summed over time (webrtc-stats §6.3.1).
        let mean_square = per_second(Some(before.0), Some(after.0), interval.length())?;
        let level = mean_square.sqrt();
        (level < SILENCE && after.1.is_none_or(|level| level < SILENCE)).then_some(level)
    });
    runs::findings(silent, FindingCode::SilentMicrophone, Severity::Warning, Cause::Ours, |level| {
        ("media-source audioLevel", format!("{level:.5}"))
    })
}

/// R13: a track that has a source is not sent, though the path works.
fn not_sent(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for kind in ["audio", "video"] {
        for id in facts.stream_ids::<OutboundRtpStats>(kind) {
            let flat = runs(&facts.intervals, FOR, |interval| {
                let (before, after) = interval.stream::<OutboundRtpStats>(&id)?;
                let has_source = source_of(interval.after, after).is_some_and(|source| {
                    kind == "audio" || source.frames_per_second.is_some_and(|frames| frames > 0.0)
                });
                let is_active = after.active != Some(false);
                let is_up = facts.is_connected_during(interval.before.time, interval.after.time);
                let sent = gain(before.packets_sent, after.packets_sent)?;
                (has_source && is_active && is_up && sent == 0.0).then_some(())
            });
            findings.extend(runs::findings(flat, FindingCode::NoMediaSent, Severity::Warning, Cause::Ours, |()| {
                ("packetsSent", "unchanged".to_owned())
            }));
        }
    }
    findings
}

/// R15: the camera delivers less than half of the frames that it delivered at its best.
fn camera_limited(facts: &Facts<'_>) -> Vec<Finding> {
    let frames = |sample: &Sample| {
        all::<MediaSourceStats>(&sample.reports)
            .filter(|source| source.kind.as_deref() == Some("video"))
            .find_map(|source| source.frames_per_second)
    };
    let best = facts
        .connection
        .samples
        .iter()
        .map(Arc::as_ref)
        .filter_map(frames)
        .reduce(f64::max)
        .unwrap_or_default()
        .min(USUAL_FRAMES);
    let slow = runs(&facts.intervals, CAMERA_FOR, |interval| {
        let now = frames(interval.after)?;
        let is_slow = now > 0.0 && now < best * CAMERA_SHARE && best > FEW_FRAMES;
        is_slow.then_some(now)
    });
    runs::findings(slow, FindingCode::CameraLimited, Severity::Warning, Cause::Ours, |frames| {
        ("media-source framesPerSecond", format!("{frames} of {best}"))
    })
}

/// R15: the encoder says so, is behind the camera without being held back by the network, or needs most of a frame's time.
fn cpu_limited(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for id in facts.stream_ids::<OutboundRtpStats>("video") {
        let busy = runs(&facts.intervals, FOR, |interval| {
            let (before, after) = interval.stream::<OutboundRtpStats>(&id)?;
            if after.quality_limitation_reason.as_deref() == Some("cpu") {
                return Some(("qualityLimitationReason", "cpu".to_owned()));
            }
            let frames = gain(before.frames_encoded, after.frames_encoded)?;
            let encode = ratio(
                (before.total_encode_time, after.total_encode_time),
                (before.frames_encoded, after.frames_encoded),
            );
            let rate = frames * 1_000.0 / interval.length();
            if let Some(seconds) = encode.filter(|seconds| rate > 1.0 && *seconds > BUDGET_SHARE / rate) {
                return Some(("totalEncodeTime", format!("{} ms a frame", (seconds * 1_000.0).round())));
            }
            let source = source_of(interval.after, after)?.frames_per_second?;
            let is_free = after.quality_limitation_reason.as_deref() == Some("none");
            let is_behind = is_free && source > FEW_FRAMES && rate > 0.0 && rate < source * ENCODED_SHARE;
            is_behind.then(|| ("framesEncoded", format!("{} of {source} frames a second", rate.round())))
        });
        findings.extend(runs::findings(busy, FindingCode::CpuLimited, Severity::Warning, Cause::Ours, Clone::clone));
    }
    findings
}

/// R16: the encoder is held back by the bandwidth while the round-trip time is far from what it was.
fn congestion(facts: &Facts<'_>) -> Vec<Finding> {
    const AVERAGE_OVER: f64 = 30_000.0;
    let mut average: Option<f64> = None;
    let full = runs(&facts.intervals, FOR, |interval| {
        let round_trip = selected_pair(&interval.after.reports)?.current_round_trip_time? * 1_000.0;
        let usual = *average.get_or_insert(round_trip);
        let weight = 1.0 - (-interval.length() / AVERAGE_OVER).exp();
        average = Some(usual + weight * (round_trip - usual));
        let is_held_back = all::<OutboundRtpStats>(&interval.after.reports)
            .any(|stream| stream.quality_limitation_reason.as_deref() == Some("bandwidth"));
        let is_far = (round_trip - usual).abs() > (usual * 0.33).clamp(50.0, 150.0);
        (is_held_back && is_far).then_some(round_trip)
    });
    runs::findings(full, FindingCode::Congestion, Severity::Warning, Cause::Between, |round_trip| {
        ("currentRoundTripTime, limited by bandwidth", format!("{} ms", round_trip.round()))
    })
}

/// R16: the encoder is held back by the bandwidth, which is narrow, however long packets take: an estimate that keeps the queue
/// short leaves no other sign.
fn narrow(facts: &Facts<'_>) -> Vec<Finding> {
    let narrow = runs(&facts.intervals, NARROW_FOR, |interval| {
        let reports = &interval.after.reports;
        let estimate = selected_pair(reports)?.available_outgoing_bitrate?;
        let is_held_back = all::<OutboundRtpStats>(reports)
            .any(|stream| stream.quality_limitation_reason.as_deref() == Some("bandwidth"));
        (is_held_back && estimate < NARROW).then_some(estimate)
    });
    runs::findings(narrow, FindingCode::Congestion, Severity::Warning, Cause::Between, |estimate| {
        ("availableOutgoingBitrate, limited by bandwidth", format!("{} kbit/s", (estimate / 1_000.0).round()))
    })
}

/// R16: the other side reports that more than five of a hundred packets did not arrive.
fn upload_loss(facts: &Facts<'_>) -> Vec<Finding> {
    let lossy = runs(&facts.intervals, FOR, |interval| {
        let reports = all::<RemoteInboundRtpStats>(&interval.after.reports);
        let worst = reports.filter_map(|report| report.fraction_lost).reduce(f64::max)?;
        (worst > LOSS).then_some(worst)
    });
    runs::findings(lossy, FindingCode::PacketLoss, Severity::Warning, Cause::Between, |lost| {
        ("fractionLost, as the other side reports", format!("{} %", (lost * 100.0).round()))
    })
}
