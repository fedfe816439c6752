//! Streams, captures and data channels, as of the last sample, with the rates since the one before.

use std::sync::Arc;

use crate::{
    rates::{gain, per_second, ratio},
    reports::{all, stream},
    stats::{
        CodecStats, DataChannelStats, InboundRtpStats, MediaSourceStats, OutboundRtpStats, RemoteInboundRtpStats, Stats,
    },
    trace::{ConnectionTrace, Sample},
};

/// Which way a stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From here.
    Sent,
    /// To here.
    Received,
}

/// A stream of media. What was not measured is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Which way it goes.
    pub way: Way,
    /// `audio` or `video`.
    pub kind: String,
    /// Its media section.
    pub mid: Option<String>,
    /// The codec, such as `VP8`.
    pub codec: Option<String>,
    /// Encoder or decoder.
    pub implementation: Option<String>,
    /// The hardware does it, or another means that saves power.
    pub is_power_efficient: Option<bool>,
    /// Bits a second.
    pub bitrate: Option<f64>,
    /// Width and height of the picture.
    pub size: Option<(f64, f64)>,
    /// Frames a second.
    pub frames: Option<f64>,
    /// Why the encoder is held back; none if it is not.
    pub limitation: Option<String>,
    /// The share of time for each limitation, from 0 to 1: none, processor, bandwidth, other.
    pub limitation_shares: Option<[f64; 4]>,
    /// Packets lost, of all so far: those that did not arrive here, or that the other side misses.
    pub packets_lost: Option<f64>,
    /// Freezes of the picture, and their seconds.
    pub freezes: Option<(f64, f64)>,
    /// The share of sound that was made up and can be heard, from 0 to 1.
    pub concealed: Option<f64>,
    /// How long sound waits in the jitter buffer, in seconds.
    pub buffered: Option<f64>,
    /// Requests for lost packets, and for whole pictures.
    pub requests: (Option<f64>, Option<f64>),
}

/// What a camera, a microphone or a screen delivers.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// `audio` or `video`.
    pub kind: String,
    /// Width and height.
    pub size: Option<(f64, f64)>,
    /// Frames a second.
    pub frames: Option<f64>,
    /// How loud it is, from 0 to 1.
    pub level: Option<f64>,
}

/// A data channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Its label.
    pub label: String,
    /// The browser's name of its state.
    pub state: String,
    /// Messages sent and received.
    pub messages: (Option<f64>, Option<f64>),
    /// Bytes sent and received.
    pub bytes: (Option<f64>, Option<f64>),
}

/// The last sample, and the one before it.
fn last(connection: &ConnectionTrace) -> Option<(&Sample, Option<&Sample>)> {
    let (last, earlier) = connection.samples.split_last()?;
    Some((last, earlier.last().map(Arc::as_ref)))
}

/// All streams: those received, then those sent; sound first.
pub fn tracks(connection: &ConnectionTrace) -> Vec<Track> {
    let Some((after, before)) = last(connection) else { return Vec::new() };
    let milliseconds = before.map(|before| after.time - before.time).filter(|length| *length > 0.0);
    let received = all::<InboundRtpStats>(&after.reports).map(|now| {
        let then = before.and_then(|before| stream::<InboundRtpStats>(&before.reports, now.id.as_deref()?));
        received(now, then.zip(milliseconds), &after.reports)
    });
    let sent = all::<OutboundRtpStats>(&after.reports).map(|now| {
        let then = before.and_then(|before| stream::<OutboundRtpStats>(&before.reports, now.id.as_deref()?));
        sent(now, then.zip(milliseconds), &after.reports)
    });
    let mut tracks: Vec<_> = received.chain(sent).collect();
    tracks.sort_by_key(|track| (track.way == Way::Sent, track.kind != "audio"));
    tracks
}

fn codec(reports: &[Stats], id: Option<&String>) -> Option<String> {
    let codec = reports.iter().find_map(|report| match report {
        Stats::Codec(codec) if codec.id.is_some() && codec.id.as_ref() == id => Some(codec),
        _ => None,
    });
    let CodecStats { mime_type: Some(mime_type), .. } = codec? else { return None };
    Some(mime_type.rsplit('/').next().unwrap_or(mime_type).to_owned())
}

fn bits(bytes_per_second: Option<f64>) -> Option<f64> {
    bytes_per_second.map(|bytes| bytes * 8.0)
}

fn received(now: &InboundRtpStats, then: Option<(&InboundRtpStats, f64)>, reports: &[Stats]) -> Track {
    let rate = |value: fn(&InboundRtpStats) -> Option<f64>| {
        then.and_then(|(then, milliseconds)| per_second(value(then), value(now), milliseconds))
    };
    // What can be heard: made-up sound that is no silence (webrtc-stats, `silentConcealedSamples`).
    let audible =
        |stats: &InboundRtpStats| Some(stats.concealed_samples? - stats.silent_concealed_samples.unwrap_or(0.0));
    let concealed = then.and_then(|(then, _)| {
        let samples = gain(then.total_samples_received, now.total_samples_received).filter(|samples| *samples > 0.0)?;
        Some((gain(audible(then), audible(now))? / samples).clamp(0.0, 1.0))
    });
    let buffered = then.and_then(|(then, _)| {
        ratio(
            (then.jitter_buffer_delay, now.jitter_buffer_delay),
            (then.jitter_buffer_emitted_count, now.jitter_buffer_emitted_count),
        )
    });
    Track {
        way: Way::Received,
        kind: now.kind.clone().unwrap_or_default(),
        mid: now.mid.clone(),
        codec: codec(reports, now.codec_id.as_ref()),
        implementation: now.decoder_implementation.clone(),
        is_power_efficient: now.power_efficient_decoder,
        bitrate: bits(rate(|stats| stats.bytes_received)),
        size: now.frame_width.zip(now.frame_height),
        frames: rate(|stats| stats.frames_decoded).or(now.frames_per_second),
        limitation: None,
        limitation_shares: None,
        packets_lost: now.packets_lost,
        freezes: now.freeze_count.zip(now.total_freezes_duration),
        concealed,
        buffered,
        requests: (now.nack_count, now.pli_count),
    }
}

fn sent(now: &OutboundRtpStats, then: Option<(&OutboundRtpStats, f64)>, reports: &[Stats]) -> Track {
    let rate = |value: fn(&OutboundRtpStats) -> Option<f64>| {
        then.and_then(|(then, milliseconds)| per_second(value(then), value(now), milliseconds))
    };
    let reported = now
        .remote_id
        .as_ref()
        .and_then(|id| all::<RemoteInboundRtpStats>(reports).find(|report| report.id.as_ref() == Some(id)));
    let shares = now.quality_limitation_durations.and_then(|spent| {
        let parts = [spent.none, spent.cpu, spent.bandwidth, spent.other].map(|seconds| seconds.unwrap_or(0.0));
        let total: f64 = parts.iter().sum();
        (total > 0.0).then(|| parts.map(|part| part / total))
    });
    Track {
        way: Way::Sent,
        kind: now.kind.clone().unwrap_or_default(),
        mid: now.mid.clone(),
        codec: codec(reports, now.codec_id.as_ref()),
        implementation: now.encoder_implementation.clone(),
        is_power_efficient: now.power_efficient_encoder,
        bitrate: bits(rate(|stats| stats.bytes_sent)),
        size: now.frame_width.zip(now.frame_height),
        frames: rate(|stats| stats.frames_encoded).or(now.frames_per_second),
        limitation: now.quality_limitation_reason.clone().filter(|reason| reason != "none"),
        limitation_shares: shares,
        packets_lost: reported.and_then(|report| report.packets_lost),
        freezes: None,
        concealed: None,
        buffered: None,
        requests: (now.nack_count, now.pli_count),
    }
}

/// What is captured.
pub fn sources(connection: &ConnectionTrace) -> Vec<Source> {
    let Some((sample, _)) = last(connection) else { return Vec::new() };
    let source = |source: &MediaSourceStats| Source {
        kind: source.kind.clone().unwrap_or_default(),
        size: source.width.zip(source.height),
        frames: source.frames_per_second,
        level: source.audio_level,
    };
    all::<MediaSourceStats>(&sample.reports).map(source).collect()
}

/// The data channels.
pub fn channels(connection: &ConnectionTrace) -> Vec<Channel> {
    let Some((sample, _)) = last(connection) else { return Vec::new() };
    let channel = |report: &Stats| match report {
        Stats::DataChannel(DataChannelStats {
            label,
            state,
            messages_sent,
            messages_received,
            bytes_sent,
            bytes_received,
            ..
        }) => Some(Channel {
            label: label.clone().unwrap_or_default(),
            state: state.clone().unwrap_or_default(),
            messages: (*messages_sent, *messages_received),
            bytes: (*bytes_sent, *bytes_received),
        }),
        _ => None,
    };
    sample.reports.iter().filter_map(channel).collect()
}
