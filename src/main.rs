//! Starts the app: the engine, and the interface that shows its state.

use leptos::{mount::mount_to_renderer, prelude::document};
use vitrine::{
    browser::install_panic_screen,
    call::{Call, CallState},
    config::Config,
    ui::{app, reactive::Value},
};

fn main() {
    install_panic_screen();
    let Some(body) = document().body() else { return };
    let mounted = mount_to_renderer(&body, || {
        let state = Value::new(CallState::default());
        let call = Call::start(Config::from_page(), move |new| state.set(new));
        app(state, move |command| call.send(command))
    });
    // The app lives as long as its page.
    mounted.forget();
}
