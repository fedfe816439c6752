//! The mesh as a table: how each connection of the room stands, as seen from each of its ends.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_protocol::control::MeshLinkState;

use crate::{
    call::{CallStateStoreFields as _, MeshCell},
    ui::{
        context::Ui,
        text::{self, Locale, fill},
    },
};

/// The table. A row says how its participant sees the others.
#[component]
pub fn Mesh(
    /// What is known of the connections.
    #[prop(into)]
    cells: Signal<Vec<MeshCell>>,
) -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    // Name and id of everybody, this side first.
    let people = Memo::new(move |_| {
        let own = (None, td_string!(locale, call.you).to_owned(), String::new());
        let others = state.peers().with(|peers| {
            let person = |peer: &crate::call::PeerState| {
                (Some(peer.key), text::name_or_guest(locale, peer.name.as_deref(), &peer.id), peer.id.0.clone())
            };
            peers.iter().map(person).collect::<Vec<_>>()
        });
        std::iter::once(own).chain(others).collect::<Vec<_>>()
    });
    let table = move || {
        let (people, cells) = (people.get(), cells.get());
        let caption = td_string!(locale, inspect.mesh);
        let rows = people.iter().map(|(from, name, id)| {
            let row = people.iter().map(|(to, other, other_id)| {
                let cell = cells.iter().find(|cell| (cell.from, cell.to) == (*from, *to));
                view! { <Cell names=(name.clone(), other.clone()) ids=(id.clone(), other_id.clone()) is_self=from == to cell=cell.copied() /> }
            });
            view! {
                <tr>
                    <th scope="row" dir="auto" translate="no">{name.clone()}</th>
                    {row.collect_view()}
                </tr>
            }
        });
        view! {
            <div class="inspect-table mesh" tabindex="0" role="group" aria-label=caption>
                <table>
                    <caption class="visually-hidden">{caption}</caption>
                    <thead>
                        <tr>
                            <td></td>
                            {people.iter().map(|(_, name, _)| view! { <th scope="col" dir="auto" translate="no">{name.clone()}</th> }).collect_view()}
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
    };
    view! { {table} <p class="hint">{td_string!(locale, inspect.mesh_hint)}</p> }
}

#[component]
fn Cell(names: (String, String), ids: (String, String), is_self: bool, cell: Option<MeshCell>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    if is_self {
        return view! { <td class="mesh-self"></td> }.into_any();
    }
    let (name, words) =
        cell.map_or(("unknown", td_string!(locale, inspect.link_unknown)), |cell| state(locale, cell.state));
    let time = cell.and_then(|cell| cell.round_trip).map(|time| format!("{time} ms"));
    let title = fill(&fill(td_string!(locale, inspect.from_to), "from", &names.0), "to", &names.1);
    view! {
        <td data-testid="mesh-cell" data-from=ids.0 data-to=ids.1 data-state=name title=title>
            <span class="mesh-dot" aria-hidden="true"></span>
            {words}
            {time.map(|time| view! { <small>{time}</small> })}
        </td>
    }
    .into_any()
}

/// Stable name and words of a state.
fn state(locale: Locale, state: MeshLinkState) -> (&'static str, &'static str) {
    match state {
        MeshLinkState::DirectLocal => ("direct-local", td_string!(locale, inspect.link_local)),
        MeshLinkState::DirectInternet => ("direct-internet", td_string!(locale, inspect.link_internet)),
        MeshLinkState::RelayUdp => ("relay-udp", td_string!(locale, inspect.link_relay_udp)),
        MeshLinkState::RelayTcp => ("relay-tcp", td_string!(locale, inspect.link_relay_tcp)),
        MeshLinkState::RelayTls => ("relay-tls", td_string!(locale, inspect.link_relay_tls)),
        MeshLinkState::Relay => ("relay", td_string!(locale, inspect.link_relay)),
        MeshLinkState::Connected => ("connected", td_string!(locale, inspect.link_connected)),
        MeshLinkState::Connecting => ("connecting", td_string!(locale, inspect.link_connecting)),
        MeshLinkState::Reconnecting => ("reconnecting", td_string!(locale, inspect.link_reconnecting)),
        MeshLinkState::Failed => ("failed", td_string!(locale, inspect.link_failed)),
        MeshLinkState::Unknown => ("unknown", td_string!(locale, inspect.link_unknown)),
    }
}
