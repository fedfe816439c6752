//! What a recorded connection measured over time, for plots: one value for each sample, and none where the page slept or a
//! counter began again.

use crate::{
    intervals::{Interval, intervals},
    rates::{gain, loss, per_second, ratio},
    reports::{Stream, all, selected_pair},
    stats::{InboundRtpStats, OutboundRtpStats, RemoteInboundRtpStats},
    trace::ConnectionTrace,
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// What arrives, in bits a second.
    BitrateReceived,
    /// What is sent, in bits a second.
    BitrateSent,
    /// What the browser believes that the path bears, in bits a second.
    BitrateAvailable,
    /// What the encoders aim at, in bits a second.
    BitrateTarget,
    /// The round-trip time, in seconds.
    RoundTripTime,
    /// The share of packets that did not arrive here, from 0 to 1.
    LossReceived,
    /// The share of packets that did not arrive there, from 0 to 1.
    LossSent,
    /// How long sound waits in the jitter buffer, in seconds.
    JitterBuffer,
    /// Frames shown, each second.
    FramesReceived,
    /// Frames sent, each second.
    FramesSent,
    /// Height of the picture that arrives, in pixels.
    HeightReceived,
    /// Height of the picture that is sent, in pixels.
    HeightSent,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::BitrateReceived,
        Self::BitrateSent,
        Self::BitrateAvailable,
        Self::BitrateTarget,
        Self::RoundTripTime,
        Self::LossReceived,
        Self::LossSent,
        Self::JitterBuffer,
        Self::FramesReceived,
        Self::FramesSent,
        Self::HeightReceived,
        Self::HeightSent,
    ];
}

/// A value at a time, in milliseconds of the trace's clock; `None` where there is a gap.
pub type Point = (f64, Option<f64>);

/// The values of one quantity over the whole trace. Empty if it was never measured.
pub fn series(connection: &ConnectionTrace, quantity: Quantity) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for interval in intervals(&connection.samples) {
        let value = if interval.is_gap { None } else { measure(&interval, quantity) };
        points.push((interval.after.time, value.filter(|value| value.is_finite())));
    }
    if points.iter().all(|(_, value)| value.is_none()) { Vec::new() } else { points }
}

/// The times in which an encoder was held back, each with the browser's reason (`cpu`, `bandwidth` or `other`).
pub fn limitations(connection: &ConnectionTrace) -> Vec<(f64, f64, String)> {
    let mut bands: Vec<(f64, f64, String)> = Vec::new();
    for Interval { before, after, .. } in intervals(&connection.samples).filter(|interval| !interval.is_gap) {
        let reasons =
            all::<OutboundRtpStats>(&after.reports).filter_map(|stream| stream.quality_limitation_reason.as_deref());
        let Some(reason) = reasons.filter(|reason| *reason != "none").min() else { continue };
        match bands.last_mut().filter(|(_, to, known)| *to == before.time && known == reason) {
            Some(band) => band.1 = after.time,
            None => bands.push((before.time, after.time, reason.to_owned())),
        }
    }
    bands
}

/// The streams that are in both samples, of all kinds or of one.
fn both<'a, T: Stream + 'static>(interval: &Interval<'a>, kind: Option<&str>) -> Vec<(&'a T, &'a T)> {
    let later = all::<T>(&interval.after.reports).filter(|stream| kind.is_none() || stream.kind() == kind);
    later.filter_map(|stream| interval.stream(stream.id()?)).collect()
}

fn measure(interval: &Interval<'_>, quantity: Quantity) -> Option<f64> {
    let (after, milliseconds) = (&interval.after.reports, interval.length());
    let received = |kind| both::<InboundRtpStats>(interval, kind);
    let sent = |kind| both::<OutboundRtpStats>(interval, kind);
    let sum = |values: Vec<Option<f64>>| values.into_iter().flatten().reduce(|one, other| one + other);
    let largest = |values: Vec<Option<f64>>| values.into_iter().flatten().reduce(f64::max);
    match quantity {
        Quantity::BitrateReceived => {
            let rate = |(one, two): (&InboundRtpStats, &InboundRtpStats)| {
                per_second(one.bytes_received, two.bytes_received, milliseconds)
            };
            sum(received(None).into_iter().map(rate).collect()).map(|bytes| bytes * 8.0)
        }
        Quantity::BitrateSent => {
            let rate = |(one, two): (&OutboundRtpStats, &OutboundRtpStats)| {
                per_second(one.bytes_sent, two.bytes_sent, milliseconds)
            };
            sum(sent(None).into_iter().map(rate).collect()).map(|bytes| bytes * 8.0)
        }
        Quantity::BitrateAvailable => selected_pair(after)?.available_outgoing_bitrate,
        Quantity::BitrateTarget => sum(all(after).map(|stream: &OutboundRtpStats| stream.target_bitrate).collect()),
        Quantity::RoundTripTime => selected_pair(after)?.current_round_trip_time,
        Quantity::LossReceived => {
            let streams = received(None);
            let total = |value: fn(&InboundRtpStats) -> Option<f64>| {
                let one = sum(streams.iter().map(|(one, _)| value(one)).collect());
                (one, sum(streams.iter().map(|(_, two)| value(two)).collect()))
            };
            loss(total(|stream| stream.packets_lost), total(|stream| stream.packets_received))
        }
        Quantity::LossSent => largest(all(after).map(|report: &RemoteInboundRtpStats| report.fraction_lost).collect()),
        Quantity::JitterBuffer => {
            let delay = |(one, two): (&InboundRtpStats, &InboundRtpStats)| {
                ratio(
                    (one.jitter_buffer_delay, two.jitter_buffer_delay),
                    (one.jitter_buffer_emitted_count, two.jitter_buffer_emitted_count),
                )
            };
            largest(received(Some("audio")).into_iter().map(delay).collect())
        }
        Quantity::FramesReceived => {
            let rate = |(one, two): (&InboundRtpStats, &InboundRtpStats)| {
                Some(gain(one.frames_decoded, two.frames_decoded)? * 1_000.0 / milliseconds)
            };
            largest(received(Some("video")).into_iter().map(rate).collect())
        }
        Quantity::FramesSent => {
            let rate = |(one, two): (&OutboundRtpStats, &OutboundRtpStats)| {
                Some(gain(one.frames_encoded, two.frames_encoded)? * 1_000.0 / milliseconds)
            };
            largest(sent(Some("video")).into_iter().map(rate).collect())
        }
        Quantity::HeightReceived => largest(all(after).map(|stream: &InboundRtpStats| stream.frame_height).collect()),
        Quantity::HeightSent => largest(all(after).map(|stream: &OutboundRtpStats| stream.frame_height).collect()),
    }
}
