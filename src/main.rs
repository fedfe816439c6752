//! Starts the app: the engine, and the interface that shows its state. No logic of its own.

use leptos::{mount::mount_to_body, prelude::*};
use vitrine::{
    browser::install_panic_hook,
    call::{Call, CallState, CallStore, publish},
    config::Config,
    ui::{App, ExplainApp, is_explain_address},
};

fn main() {
    install_panic_hook();
    if is_explain_address() {
        return mount_to_body(|| view! { <ExplainApp /> });
    }
    mount_to_body(|| {
        let state = CallStore::new_local(CallState::default());
        let call = Call::start(Config::from_page(), move |new| publish(state, new));
        view! { <App state send=move |command| call.send(command) /> }
    });
}
