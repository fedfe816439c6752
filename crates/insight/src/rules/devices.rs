//! Findings about cameras and microphones that the page did not get. They belong to no single connection.

use crate::{
    finding::{Cause, Finding, FindingCode, Severity},
    trace::{CaptureKind, CaptureStep, Event, EventKind},
};

/// The findings on the page's captures. A refused screen is no finding: the person thought better of it.
///
/// `end` is the end of the trace.
pub fn find(page: &[Event], end: Option<f64>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for event in page {
        let EventKind::Capture(CaptureKind::Devices, CaptureStep::Failed(error)) = &event.kind else { continue };
        let Some(code) = code(error) else { continue };
        // Until the device was got after all.
        let got = page.iter().find(|later| {
            later.time > event.time && later.kind == EventKind::Capture(CaptureKind::Devices, CaptureStep::Given)
        });
        let to = got.map_or(end.unwrap_or(event.time), |later| later.time).max(event.time);
        match findings.iter_mut().find(|finding| finding.code == code) {
            Some(known) => {
                known.to = known.to.max(to);
                *known = known.clone().because(event.time, "getUserMedia", error);
            }
            None => findings.push(Finding::new(code, Severity::Warning, Cause::Ours, event.time, to).because(
                event.time,
                "getUserMedia",
                error,
            )),
        }
    }
    findings
}

/// What the name of an exception of `getUserMedia()` means (mediacapture-streams §10.2, and older names).
fn code(error: &str) -> Option<FindingCode> {
    let is = |names: &[&str]| names.iter().any(|name| error.contains(name));
    if is(&["NotAllowedError", "PermissionDenied", "PermissionDismissed", "SecurityError"]) {
        Some(FindingCode::DeviceRefused)
    } else if is(&["NotReadableError", "TrackStartError", "AbortError", "SourceUnavailable"]) {
        Some(FindingCode::DeviceBusy)
    } else if is(&["NotFoundError", "DevicesNotFound", "OverconstrainedError", "ConstraintNotSatisfied"]) {
        Some(FindingCode::DeviceMissing)
    } else {
        None
    }
}
