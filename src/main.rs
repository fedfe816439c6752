//! Starts the app: the engine, and the interface that shows its state.

use leptos::{mount::mount_to_body, prelude::*};
use vitrine::{
    browser::install_panic_screen,
    call::{Call, CallState},
    config::Config,
    ui::{App, Dispatch},
};

fn main() {
    install_panic_screen();
    mount_to_body(|| {
        let state = RwSignal::new_local(CallState::default());
        let call = Call::start(Config::from_page(), move |new| {
            let _ = state.try_set(new);
        });
        let dispatch = Dispatch::new(move |command| call.send(command));
        view! { <App state dispatch /> }
    });
}
