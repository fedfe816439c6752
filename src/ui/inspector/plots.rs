//! What was measured, as curves over time, with the times in which an encoder was held back behind them. Each has a table for
//! screen readers.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{
    inspection::Inspection,
    series::{Point, Quantity},
};

use super::{
    Shown,
    format::{bitrate, milliseconds, percent, short, since},
    part,
    section::{Nothing, Table, is_details_open},
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
    let is_measured = part(shown, Inspection::is_measured);
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
    /// By place in [`Chart::quantities`].
    curves: Vec<Vec<Point>>,
    bands: Vec<(f64, f64, String)>,
}

#[component]
fn Plot(chart: Chart, shown: Shown) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let curves = part(shown, move |shown| {
        let curves = chart.quantities().iter().map(|quantity| shown.plot(*quantity)).collect::<Vec<_>>();
        let times = || curves.iter().flat_map(|points| points.iter().map(|(time, _)| *time));
        let values = curves.iter().flat_map(|points| points.iter().filter_map(|(_, value)| *value));
        let top = values.fold(chart.least_top(), f64::max);
        let bands = if chart.has_bands() { shown.limitations() } else { Vec::new() };
        let (from, to) = (times().fold(f64::INFINITY, f64::min), times().fold(f64::NEG_INFINITY, f64::max));
        Curves { start: shown.start(), from, to, top, curves, bands }
    });
    let with =
        move |read: &dyn Fn(&Curves) -> String| curves.with(|curves| curves.as_ref().map(read).unwrap_or_default());
    let is_measured = move || {
        curves
            .with(|curves| curves.as_ref().is_some_and(|curves| curves.curves.iter().any(|points| !points.is_empty())))
    };
    let lines = move || {
        let line = |place| {
            view! {
                <path
                    class="curve"
                    data-curve=place
                    d=move || with(&|curves| curves.line(place))
                    vector-effect="non-scaling-stroke"
                ></path>
            }
        };
        (0..chart.quantities().len()).map(line).collect_view()
    };
    let bands = move || {
        let band = |reason: &'static str| {
            view! { <path class="band" data-reason=reason d=move || with(&|curves| curves.band(reason))></path> }
        };
        LIMITATIONS.map(band).collect_view()
    };
    let legend = move || {
        let entry = |(place, quantity): (usize, &Quantity)| {
            let latest =
                move || with(&|curves| curves.latest(place).map(|value| chart.value(value)).unwrap_or_default());
            view! {
                <li data-curve=place hidden=move || latest().is_empty()>
                    {quantity_words(locale, *quantity)} " " <strong prop:textContent=latest></strong>
                </li>
            }
        };
        chart.quantities().iter().enumerate().map(entry).collect_view()
    };
    let limits = move || {
        let entry = |reason: &'static str| {
            let words = fill(td_string!(locale, inspect.limited_by), "reason", reason);
            view! { <li data-reason=reason hidden=move || with(&|curves| curves.band(reason)).is_empty()>{words}</li> }
        };
        LIMITATIONS.map(entry).collect_view()
    };
    view! {
        <Show when=is_measured>
            <figure class="plot" data-testid="plot">
                <figcaption>
                    <span>{chart.words(locale)}</span>
                    <small prop:textContent=move || with(&|curves| chart.value(curves.top))></small>
                </figcaption>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                    {bands()}
                    {lines()}
                </svg>
                <ul class="legend">{legend()} {limits()}</ul>
                <Numbers chart curves />
            </figure>
        </Show>
    }
}

/// Why an encoder may be held back (`RTCQualityLimitationReason`).
const LIMITATIONS: [&str; 3] = ["cpu", "bandwidth", "other"];

impl Curves {
    fn x(&self, time: f64) -> f64 {
        ((time - self.from) / (self.to - self.from).max(1.0)).clamp(0.0, 1.0) * WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - (value / self.top).clamp(0.0, 1.0) * (HEIGHT - 2.0) - 1.0
    }

    /// The curve at this place, as the data of an SVG path; interrupted where nothing was measured.
    fn line(&self, place: usize) -> String {
        let (mut path, mut is_down) = (String::new(), false);
        for (time, value) in self.curves.get(place).into_iter().flatten() {
            let Some(value) = value else {
                is_down = false;
                continue;
            };
            let letter = if is_down { 'L' } else { 'M' };
            path.push_str(&format!("{letter}{:.1} {:.1}", self.x(*time), self.y(*value)));
            is_down = true;
        }
        path
    }

    /// The times in which this held an encoder back, as the data of an SVG path.
    fn band(&self, reason: &str) -> String {
        let of_reason = self.bands.iter().filter(|(.., of)| of == reason);
        let band = |(from, to, _): &(f64, f64, String)| {
            format!(
                "M{:.1} 0H{:.1}V{HEIGHT}H{:.1}Z",
                self.x(*from),
                self.x(*to).max(self.x(*from) + 1.0),
                self.x(*from)
            )
        };
        of_reason.map(band).collect()
    }

    fn latest(&self, place: usize) -> Option<f64> {
        self.curves.get(place)?.iter().rev().find_map(|(_, value)| *value)
    }
}

/// The same in numbers, for those who do not see the curves, while it is open: at most [`ROWS`] samples, evenly spread.
#[component]
fn Numbers(chart: Chart, curves: Memo<Option<Curves>>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let is_open = RwSignal::new(false);
    let rows = move || {
        let curves = curves.get()?;
        let times: Vec<f64> =
            curves.curves.iter().max_by_key(|points| points.len())?.iter().map(|(time, _)| *time).collect();
        let step = times.len().div_ceil(ROWS).max(1);
        let row = |time: &f64| {
            let cell = |points: &Vec<Point>| {
                let value = points.iter().find(|(at, _)| at == time).and_then(|(_, value)| *value);
                view! { <td>{value.map(|value| chart.value(value))}</td> }
            };
            let cells = curves.curves.iter().map(cell).collect_view();
            view! { <tr><th scope="row">{since(curves.start, *time)}</th>{cells}</tr> }
        };
        Some(times.iter().step_by(step).map(row).collect_view())
    };
    let heads = move || {
        let mut heads = vec![td_string!(locale, inspect.time)];
        heads.extend(chart.quantities().iter().map(|quantity| quantity_words(locale, *quantity)));
        heads
    };
    view! {
        <details class="numbers" on:toggle=move |event| is_open.set(is_details_open(&event))>
            <summary>
                {td_string!(locale, inspect.numbers)}
                <span class="visually-hidden">{format!(": {}", chart.words(locale))}</span>
            </summary>
            <Show when=move || is_open.get()>
                <Table caption=chart.words(locale) heads=heads()>{rows}</Table>
            </Show>
        </details>
    }
}
