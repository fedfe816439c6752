//! What the inspector shows of the running call: made from the records of the connections, every two seconds, and only while
//! somebody looks. What it means is decided in [`vitrine_insight`].

use std::sync::Arc;

use super::{device_event::MediaEvent, event::Event, mesh::Mesh, mesh_cell::MeshCell};
use crate::{
    browser::{CaptureError, CaptureResults, MediaKind, TrackChange, save_file, user_agent, wall_now},
    signaling::SignalingEvent,
};
use vitrine_insight::{
    finding::Finding,
    inspection::Inspection,
    rules::{Report, explain_parts},
    trace::{CaptureKind, CaptureStep, ConnectionTrace, Event as TraceEvent, EventKind, Redaction, Trace, export},
};

/// Ticks between two looks.
const TICKS: u32 = 8;
/// After how many looks the rules are asked again though nothing has happened.
const LOOKS_PER_REPORT: u32 = 2;
/// Most events of the page that are kept.
const MAX_PAGE_EVENTS: usize = 200;

/// What somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// The call as a whole.
    Call,
    /// The connection to the peer with this key.
    Peer(u64),
}

/// What the inspector shows. Two are equal if they were made at the same time.
#[derive(Clone, Debug)]
pub struct CallInspection {
    /// Another number each time.
    pub version: u64,
    /// The connection that is looked at, with its key.
    pub connection: Option<(u64, Arc<Inspection>)>,
    /// When the first thing was recorded, in milliseconds of the records' clock.
    pub start: f64,
    /// Findings of no single connection.
    pub findings: Vec<Finding>,
    /// How all connections of the room stand, as seen from each end.
    pub cells: Vec<MeshCell>,
}

impl PartialEq for CallInspection {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Inspector {
    /// What happened in the page besides its connections.
    page: Vec<TraceEvent>,
    is_signaling_up: bool,
    inspected: Option<Inspected>,
    wait: u32,
    version: u64,
    /// The last report, and what it was made from: looks and events.
    report: Report,
    looks: u32,
    events: usize,
    view: Option<CallInspection>,
}

impl Inspector {
    /// Notes what happens in the page. Returns what concerns every connection.
    pub fn see(&mut self, event: &Event) -> Option<EventKind> {
        match event {
            Event::Signaling(SignalingEvent::Online(_)) => self.signaling_changed(true),
            Event::Signaling(SignalingEvent::Offline(_)) => self.signaling_changed(false),
            Event::Media(MediaEvent::Captured(results)) => {
                self.captured(results);
                None
            }
            Event::Media(MediaEvent::TrackChanged(kind, _, TrackChange::Ended)) => {
                Some(EventKind::TrackEnded { id: kind.name().to_owned() })
            }
            _ => None,
        }
    }

    /// Somebody looks at this, or nobody looks any more.
    pub fn show(&mut self, inspected: Option<Inspected>, mesh: &mut Mesh, session: Option<&str>) {
        self.inspected = inspected;
        self.view = None;
        for peer in mesh.iter_mut() {
            let is_shown = inspected == Some(Inspected::Peer(peer.key()));
            peer.recorder_mut().set_inspected(is_shown);
        }
        self.look(mesh, session);
    }

    /// Called every 250 ms.
    pub fn tick(&mut self, mesh: &Mesh, session: Option<&str>) {
        self.wait = (self.wait + 1) % TICKS;
        if self.wait == 0 {
            self.look(mesh, session);
        }
    }

    /// What is shown, if somebody looks.
    pub fn view(&self) -> Option<CallInspection> {
        self.view.clone()
    }

    /// The record of the call as a file, for the user to keep.
    pub fn export(&self, mesh: &Mesh, redaction: Redaction) {
        let connections = mesh.all_traces().cloned().collect();
        let trace = Trace { connections, page: self.page.clone(), notes: Vec::new() };
        save_file("vitrine-call.rtcstats", &export(&trace, &user_agent(), redaction));
    }

    /// The call is over.
    pub fn reset(&mut self) {
        (self.inspected, self.view, self.report) = (None, None, Report::default());
    }

    fn look(&mut self, mesh: &Mesh, session: Option<&str>) {
        let Some(inspected) = self.inspected else { return };
        let (keys, traces): (Vec<_>, Vec<_>) = mesh.traces().unzip();
        self.explain(&traces);
        let place = keys.iter().position(|key| inspected == Inspected::Peer(*key));
        let connection = place.and_then(|place| {
            let inspection = Inspection::new(traces[place].clone(), self.report.connections.get(place)?.clone());
            Some((keys[place], Arc::new(inspection)))
        });
        self.version += 1;
        let starts = traces.iter().filter_map(|trace| trace.start()).chain(self.page.first().map(|event| event.time));
        let start = starts.reduce(f64::min).unwrap_or_default();
        let (findings, cells) = (self.report.findings.clone(), mesh.cells(session));
        self.view = Some(CallInspection { version: self.version, connection, start, findings, cells });
    }

    /// The rules look for what lasts seconds, and at everything that was recorded: they need not do so each time, unless
    /// something has happened.
    fn explain(&mut self, traces: &[&ConnectionTrace]) {
        let events = traces.iter().map(|trace| trace.events.len()).sum::<usize>() + self.page.len();
        let is_due = self.looks.is_multiple_of(LOOKS_PER_REPORT);
        if is_due || events != self.events || traces.len() != self.report.connections.len() {
            self.report = explain_parts(traces, &self.page, &[]);
            self.events = events;
        }
        self.looks = self.looks.wrapping_add(1);
    }

    fn signaling_changed(&mut self, is_up: bool) -> Option<EventKind> {
        let has_changed = std::mem::replace(&mut self.is_signaling_up, is_up) != is_up;
        has_changed.then_some(EventKind::SignalingServer(is_up))
    }

    fn captured(&mut self, results: &CaptureResults) {
        let results = [results.audio.as_ref(), results.video.as_ref()];
        let asked = results.map(|result| result.is_some());
        self.note(CaptureStep::Asked { audio: asked[0], video: asked[1] });
        for (kind, result) in [MediaKind::Audio, MediaKind::Video].into_iter().zip(results) {
            match result {
                Some(Ok(_)) => self.note(CaptureStep::Given),
                Some(Err(error)) => self.note(CaptureStep::Failed(format!("{}: {}", exception(error), kind.name()))),
                None => {}
            }
        }
    }

    fn note(&mut self, step: CaptureStep) {
        if self.page.len() >= MAX_PAGE_EVENTS {
            self.page.remove(0);
        }
        self.page.push(TraceEvent { time: wall_now(), kind: EventKind::Capture(CaptureKind::Devices, step) });
    }
}

/// The name of the exception of `getUserMedia()` (mediacapture-streams §10.2).
fn exception(error: &CaptureError) -> &str {
    match error {
        CaptureError::Refused | CaptureError::Insecure => "NotAllowedError",
        CaptureError::NotFound => "NotFoundError",
        CaptureError::Busy => "NotReadableError",
        CaptureError::Other(error) => &error.name,
    }
}
