//! Reads an `RTCStatsReport` into typed values. What they mean is decided in [`vitrine_insight`].

use serde_wasm_bindgen::Deserializer;
use vitrine_insight::stats::Stats;
use web_sys::RtcStatsReport;

/// The reports whose `type` is `wanted`. Those that cannot be read are left out.
pub fn read(report: &RtcStatsReport, wanted: impl Fn(&str) -> bool) -> Vec<Stats> {
    let mut reports = Vec::new();
    for entry in js_sys::Array::from(&report.values()).iter() {
        let name = js_sys::Reflect::get(&entry, &"type".into()).ok().and_then(|name| name.as_string());
        if let Some(name) = name.filter(|name| wanted(name)) {
            reports.extend(Stats::of_type(&name, Deserializer::from(entry)).ok().flatten());
        }
    }
    reports
}
