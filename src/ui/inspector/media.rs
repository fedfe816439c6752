//! Streams, captures and data channels.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::inspection::{Channel, Inspection, Source, Track, Way};

use super::{
    Shown,
    format::{bitrate, bytes, milliseconds, of_both, or_dash, percent, short},
    part,
    section::{Nothing, Table},
};
use crate::ui::{context::Ui, text::Locale};

/// The streams.
#[component]
pub fn Tracks(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let tracks = part(shown, Inspection::tracks);
    let places = move || 0..tracks.with(|tracks| tracks.as_ref().map_or(0, Vec::len));
    view! {
        <Show when=move || places().is_empty()>
            <Nothing words=td_string!(locale, inspect.no_samples) />
        </Show>
        <For each=places key=|place| *place let(place)>
            <TrackCard track=Memo::new(move |_| tracks.with(|tracks| tracks.as_ref()?.get(place).cloned())) />
        </For>
    }
}

#[component]
fn TrackCard(track: Memo<Option<Track>>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let title = move || {
        track.with(|track| {
            let track = track.as_ref()?;
            let way = match track.way {
                Way::Sent => td_string!(locale, inspect.sent),
                Way::Received => td_string!(locale, inspect.received),
            };
            let mid = track.mid.as_ref().map(|mid| format!(" ({mid})")).unwrap_or_default();
            Some(format!("{way} · {}{mid}", kind(locale, &track.kind)))
        })
    };
    let rows = move || track.get().map(|track| track_rows(locale, track)).unwrap_or_default();
    view! {
        <section class="sdp-card">
            <h4 prop:textContent=move || title().unwrap_or_default()></h4>
            <Facts rows=Signal::derive(rows) />
        </section>
    }
}

fn track_rows(locale: Locale, track: Track) -> Vec<(&'static str, String)> {
    let size = track.size.map(|(width, height)| format!("{width:.0} × {height:.0}"));
    let [none, cpu, bandwidth, other] = track.limitation_shares.unwrap_or_default().map(percent);
    let shares = track.limitation_shares.map(|_| {
        format!("{none} {}, {cpu} cpu, {bandwidth} bandwidth, {other} other", td_string!(locale, inspect.unlimited))
    });
    let implementation = track.implementation.map(|name| {
        let saves = track.is_power_efficient == Some(true);
        if saves { format!("{name} ({})", td_string!(locale, inspect.efficient)) } else { name }
    });
    let freezes = track.freezes.map(|(count, seconds)| format!("{} ({:.1} s)", short(count), seconds));
    let (nacks, pictures) = track.requests;
    let rows = [
        (td_string!(locale, inspect.codec), track.codec),
        (td_string!(locale, inspect.bitrate), track.bitrate.map(bitrate)),
        (td_string!(locale, inspect.size), size),
        (td_string!(locale, inspect.frames), track.frames.map(short)),
        (td_string!(locale, inspect.limitation), track.limitation),
        (td_string!(locale, inspect.limitation_shares), shares),
        (td_string!(locale, inspect.implementation), implementation),
        (td_string!(locale, inspect.lost), track.packets_lost.map(short)),
        (td_string!(locale, inspect.freezes), freezes),
        (td_string!(locale, inspect.concealed), track.concealed.map(percent)),
        (td_string!(locale, inspect.buffered), track.buffered.map(milliseconds)),
        (td_string!(locale, inspect.nacks), nacks.map(short)),
        (td_string!(locale, inspect.plis), pictures.map(short)),
    ];
    present(rows)
}

/// The rows that have a value.
pub fn present<const COUNT: usize>(rows: [(&'static str, Option<String>); COUNT]) -> Vec<(&'static str, String)> {
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Names with their values.
#[component]
pub fn Facts(
    /// The rows.
    #[prop(into)]
    rows: Signal<Vec<(&'static str, String)>>,
) -> impl IntoView {
    view! {
        <dl class="fact-rows">
            <For each=move || rows.get() key=Clone::clone let((name, value))>
                <div>
                    <dt>{name}</dt>
                    <dd translate="no">{value}</dd>
                </div>
            </For>
        </dl>
    }
}

fn kind(locale: Locale, kind: &str) -> String {
    match kind {
        "audio" => td_string!(locale, inspect.audio).to_owned(),
        "video" => td_string!(locale, inspect.video).to_owned(),
        other => other.to_owned(),
    }
}

/// What camera, microphone and screen deliver.
#[component]
pub fn Sources(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let sources = part(shown, Inspection::sources);
    move || {
        let sources = sources.get().unwrap_or_default();
        if sources.is_empty() {
            return view! { <Nothing words=td_string!(locale, inspect.no_sources) /> }.into_any();
        }
        let card = |source: Source| {
            let size = source.size.map(|(width, height)| format!("{width:.0} × {height:.0}"));
            let rows = [
                (td_string!(locale, inspect.size), size),
                (td_string!(locale, inspect.frames), source.frames.map(short)),
                (td_string!(locale, inspect.level), source.level.map(|level| format!("{level:.3}"))),
            ];
            view! {
                <section class="sdp-card">
                    <h4>{kind(locale, &source.kind)}</h4>
                    <Facts rows=present(rows) />
                </section>
            }
        };
        sources.into_iter().map(card).collect_view().into_any()
    }
}

/// The data channels.
#[component]
pub fn Channels(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let channels = part(shown, Inspection::channels);
    move || {
        let channels = channels.get().unwrap_or_default();
        if channels.is_empty() {
            return view! { <Nothing words=td_string!(locale, inspect.no_channels) /> }.into_any();
        }
        let row = |channel: Channel| {
            view! {
                <tr>
                    <td translate="no">{channel.label}</td>
                    <td translate="no">{channel.state}</td>
                    <td>{of_both(channel.messages, short)}</td>
                    <td>{of_both(channel.bytes, |size| or_dash(Some(size), bytes))}</td>
                </tr>
            }
        };
        let heads = vec![
            td_string!(locale, inspect.label),
            td_string!(locale, inspect.state),
            td_string!(locale, inspect.message_counts),
            td_string!(locale, inspect.bytes),
        ];
        view! {
            <Table caption=td_string!(locale, inspect.channels) heads>
                {channels.into_iter().map(row).collect_view()}
            </Table>
        }
        .into_any()
    }
}
