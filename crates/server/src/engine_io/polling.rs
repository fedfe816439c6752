//! HTTP long-polling, which socket.io-client begins with: packets come in the bodies of POST requests, and go out in
//! the answers to GET requests, which wait for them.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use tokio::time::sleep;

use super::{
    BAD_REQUEST, EngineIo, HARD_LIMIT_BYTES, NOOP, PING, Transport, UNKNOWN_SESSION, refuse, session::Session,
};

/// What stands between packets (Engine.IO v4, "HTTP long-polling").
const SEPARATOR: char = '\u{1e}';

/// Answers with packets.
pub fn answer(text: String) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=UTF-8")], text).into_response()
}

/// Waits until there is something to send.
pub async fn send(engine: &EngineIo, session: &Session) -> Response {
    let Some(_turn) = session.poll() else {
        engine.close(session);
        return refuse(BAD_REQUEST);
    };
    loop {
        let packets = session.take();
        if !packets.is_empty() {
            let packets: Vec<&str> = packets.iter().map(|packet| packet.as_str()).collect();
            return answer(packets.join(&SEPARATOR.to_string()));
        }
        // The client waits for this request to end before it goes on by WebSocket.
        if session.is_closed() || session.transport() != Transport::Polling {
            return answer(NOOP.to_owned());
        }
        session.news.notified().await;
    }
}

/// Takes what a client sends.
pub async fn receive(engine: &EngineIo, session: &Arc<Session>, body: Body) -> Response {
    // One at a time, as it is sent: so no more than one body waits to come whole.
    let Some(_turn) = session.post() else {
        engine.close(session);
        return refuse(BAD_REQUEST);
    };
    let Ok(body) = to_bytes(body, HARD_LIMIT_BYTES).await else {
        engine.close(session);
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Ok(text) = std::str::from_utf8(&body) else {
        engine.close(session);
        return refuse(BAD_REQUEST);
    };
    if session.is_closed() {
        return refuse(UNKNOWN_SESSION);
    }
    for packet in text.split(SEPARATOR) {
        if engine.receive(session, packet).is_break() {
            engine.close(session);
            break;
        }
    }
    answer("ok".to_owned())
}

/// Pings a session for as long as it goes by long-polling, and ends it when it does not answer.
pub async fn keep_time(engine: Weak<EngineIo>, session: Weak<Session>, interval: Duration, patience: Duration) {
    // Neither is held while nothing happens.
    let polling = || Some((engine.upgrade()?, session.upgrade()?)).filter(|(_, session)| is_polling(session));
    let mut until_ping = interval;
    loop {
        sleep(until_ping).await;
        let Some((_, session)) = polling() else { return };
        session.take_pong();
        let _ = session.send(PING);
        drop(session);
        sleep(patience).await;
        let Some((engine, session)) = polling() else { return };
        if !session.take_pong() || session.user().is_none() {
            tracing::debug!("no answer to a ping, or no connection in time");
            engine.close(&session);
            return;
        }
        // The client expects a ping every `interval`, and gives up `patience` later.
        until_ping = interval.saturating_sub(patience);
    }
}

fn is_polling(session: &Session) -> bool {
    !session.is_closed() && session.transport() != Transport::WebSocket
}
