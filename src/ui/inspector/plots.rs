//! What was measured, as curves over time, with the times in which an encoder was held back behind them. Each has a table for
//! screen readers.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::series::{Point, Quantity};

use super::{
    Shown,
    format::{bitrate, milliseconds, percent, short, since},
    part,
    section::Nothing,
};
use crate::ui::{
    context::Ui,
    text::{Locale, fill},
};

/// Width and height of a chart, in its own units.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 84.0;
/// Rows of a chart's table: more would be no overview.
const ROWS: usize = 12;

/// What belongs into one chart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Chart {
    Bitrate,
    RoundTrip,
    Loss,
    JitterBuffer,
    Frames,
    Height,
}

impl Chart {
    const ALL: [Self; 6] = [Self::Bitrate, Self::RoundTrip, Self::Loss, Self::JitterBuffer, Self::Frames, Self::Height];

    fn quantities(self) -> &'static [Quantity] {
        match self {
            Self::Bitrate => {
                &[Quantity::BitrateReceived, Quantity::BitrateSent, Quantity::BitrateTarget, Quantity::BitrateAvailable]
            }
            Self::RoundTrip => &[Quantity::RoundTripTime],
            Self::Loss => &[Quantity::LossReceived, Quantity::LossSent],
            Self::JitterBuffer => &[Quantity::JitterBuffer],
            Self::Frames => &[Quantity::FramesReceived, Quantity::FramesSent],
            Self::Height => &[Quantity::HeightReceived, Quantity::HeightSent],
        }
    }

    fn words(self, locale: Locale) -> &'static str {
        match self {
            Self::Bitrate => td_string!(locale, inspect.bitrate),
            Self::RoundTrip => td_string!(locale, inspect.round_trip),
            Self::Loss => td_string!(locale, inspect.loss),
            Self::JitterBuffer => td_string!(locale, inspect.buffered),
            Self::Frames => td_string!(locale, inspect.frames),
            Self::Height => td_string!(locale, inspect.height),
        }
    }

    /// A value with its unit.
    fn value(self, value: f64) -> String {
        match self {
            Self::Bitrate => bitrate(value),
            Self::RoundTrip | Self::JitterBuffer => milliseconds(value),
            Self::Loss => percent(value),
            Self::Frames => short(value),
            Self::Height => format!("{value:.0} px"),
        }
    }

    /// The least value at the top of the chart, so that little does not look like much.
    fn least_top(self) -> f64 {
        match self {
            Self::Bitrate => 100_000.0,
            Self::RoundTrip | Self::JitterBuffer => 0.05,
            Self::Loss => 0.02,
            Self::Frames => 15.0,
            Self::Height => 240.0,
        }
    }

    /// Whether an encoder that is held back shows in it.
    fn has_bands(self) -> bool {
        matches!(self, Self::Bitrate | Self::Frames | Self::Height)
    }
}

fn quantity_words(locale: Locale, quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::BitrateReceived | Quantity::LossReceived | Quantity::FramesReceived | Quantity::HeightReceived => {
            td_string!(locale, inspect.received)
        }
        Quantity::BitrateSent | Quantity::LossSent | Quantity::FramesSent | Quantity::HeightSent => {
            td_string!(locale, inspect.sent)
        }
        Quantity::BitrateAvailable => td_string!(locale, inspect.available),
        Quantity::BitrateTarget => td_string!(locale, inspect.target),
        Quantity::RoundTripTime => td_string!(locale, inspect.round_trip),
        Quantity::JitterBuffer => td_string!(locale, inspect.buffered),
    }
}

/// The charts of what was measured.
#[component]
pub fn Plots(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let is_measured = part(shown, |shown| !shown.plots.is_empty());
    view! {
        <Show
            when=move || is_measured.get() == Some(true)
            fallback=move || view! { <Nothing words=td_string!(locale, inspect.no_samples) /> }
        >
            <div class="plots">{Chart::ALL.map(|chart| view! { <Plot chart shown /> }).collect_view()}</div>
        </Show>
    }
}

/// The curves of one chart, ready to be drawn.
#[derive(Clone, PartialEq)]
struct Curves {
    start: f64,
    from: f64,
    to: f64,
    top: f64,
    curves: Vec<(Quantity, Vec<Point>)>,
    bands: Vec<(f64, f64, String)>,
}

#[component]
fn Plot(chart: Chart, shown: Shown) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let curves = part(shown, move |shown| {
        let of_chart = |(quantity, _): &&(Quantity, Vec<Point>)| chart.quantities().contains(quantity);
        let curves: Vec<_> = shown.plots.iter().filter(of_chart).cloned().collect();
        let times = || curves.iter().flat_map(|(_, points)| points.iter().map(|(time, _)| *time));
        let values = curves.iter().flat_map(|(_, points)| points.iter().filter_map(|(_, value)| *value));
        let top = values.fold(chart.least_top(), f64::max);
        let bands = if chart.has_bands() { shown.limitations.clone() } else { Vec::new() };
        let (from, to) = (times().fold(f64::INFINITY, f64::min), times().fold(f64::NEG_INFINITY, f64::max));
        Curves { start: shown.start, from, to, top, curves, bands }
    });
    move || {
        let curves = curves.get().filter(|curves| !curves.curves.is_empty())?;
        Some(view! { <figure class="plot" data-testid="plot">{drawn(locale, chart, &curves)}</figure> })
    }
}

fn drawn(locale: Locale, chart: Chart, curves: &Curves) -> impl IntoView + use<> {
    let length = (curves.to - curves.from).max(1.0);
    let x = |time: f64| ((time - curves.from) / length).clamp(0.0, 1.0) * WIDTH;
    let y = |value: f64| HEIGHT - (value / curves.top).clamp(0.0, 1.0) * (HEIGHT - 2.0) - 1.0;
    let path = |points: &[Point]| {
        let (mut path, mut is_down) = (String::new(), false);
        for (time, value) in points {
            let Some(value) = value else {
                is_down = false;
                continue;
            };
            let letter = if is_down { 'L' } else { 'M' };
            path.push_str(&format!("{letter}{:.1} {:.1}", x(*time), y(*value)));
            is_down = true;
        }
        path
    };
    let bands = curves.bands.iter().map(|(from, to, reason)| {
        let (left, width) = (x(*from), (x(*to) - x(*from)).max(1.0));
        view! { <rect class="band" data-reason=reason.clone() x=left y="0" width=width height=HEIGHT></rect> }
    });
    let place = |quantity: &Quantity| chart.quantities().iter().position(|one| one == quantity).unwrap_or_default();
    let lines = curves.curves.iter().map(|(quantity, points)| {
        view! { <path class="curve" data-curve=place(quantity) d=path(points) vector-effect="non-scaling-stroke"></path> }
    });
    let latest = |points: &[Point]| points.iter().rev().find_map(|(_, value)| *value);
    let legend = curves.curves.iter().map(|(quantity, points)| {
        let value = latest(points).map(|value| chart.value(value)).unwrap_or_default();
        view! {
            <li data-curve=place(quantity)>
                {quantity_words(locale, *quantity)} " " <strong>{value}</strong>
            </li>
        }
    });
    let mut reasons: Vec<_> = curves.bands.iter().map(|(_, _, reason)| reason.clone()).collect();
    reasons.sort();
    reasons.dedup();
    let limits = reasons.into_iter().map(|reason| {
        let words = fill(td_string!(locale, inspect.limited_by), "reason", &reason);
        view! { <li class="band-words" data-reason=reason>{words}</li> }
    });
    view! {
        <figcaption>
            <span>{chart.words(locale)}</span>
            <small>{chart.value(curves.top)}</small>
        </figcaption>
        <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
            {bands.collect_view()}
            {lines.collect_view()}
        </svg>
        <ul class="legend">{legend.collect_view()} {limits.collect_view()}</ul>
        {table(locale, chart, curves)}
    }
}

/// The same in numbers: at most [`ROWS`] of the samples, evenly spread.
fn table(locale: Locale, chart: Chart, curves: &Curves) -> impl IntoView + use<> {
    let times: Vec<f64> =
        curves.curves.first().map(|(_, points)| points.iter().map(|(time, _)| *time).collect()).unwrap_or_default();
    let step = times.len().div_ceil(ROWS).max(1);
    let heads =
        curves.curves.iter().map(|(quantity, _)| view! { <th scope="col">{quantity_words(locale, *quantity)}</th> });
    let rows = times.iter().step_by(step).map(|time| {
        let cells = curves.curves.iter().map(|(_, points)| {
            let value = points.iter().find(|(at, _)| at == time).and_then(|(_, value)| *value);
            view! { <td>{value.map(|value| chart.value(value))}</td> }
        });
        view! { <tr><th scope="row">{since(curves.start, *time)}</th>{cells.collect_view()}</tr> }
    });
    view! {
        <table class="visually-hidden">
            <caption>{chart.words(locale)}</caption>
            <thead><tr><th scope="col">{td_string!(locale, inspect.time)}</th>{heads.collect_view()}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
