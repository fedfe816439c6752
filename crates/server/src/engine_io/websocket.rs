//! The WebSocket transport: one task that reads, writes and keeps time for a session until it ends; and the upgrade from
//! long-polling to it.

use std::{ops::ControlFlow, pin::pin, sync::Arc, time::Duration};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt as _;
use tokio::time::{Instant, error::Elapsed, sleep, timeout};

use super::{EngineIo, PING, PONG_PROBE, Transport, session::Session};

/// How long a client may take to probe a WebSocket and change over to it.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// Carries a session until it ends, one way or another. The socket is boxed since it would have two places in the task's
/// memory, one before and one after it begins.
pub async fn carry(engine: Arc<EngineIo>, session: Arc<Session>, mut socket: Box<WebSocket>) {
    converse(&engine, &session, &mut socket).await;
    engine.close(&session);
    let patience = engine.timing.ping_timeout;
    if write(&mut socket, session.take(), patience).await.is_continue() {
        let _ = timeout(patience, socket.send(Message::Close(None))).await;
    }
    engine.forget(&session);
}

async fn converse(engine: &EngineIo, session: &Arc<Session>, socket: &mut WebSocket) {
    let timing = engine.timing;
    let mut clock = pin!(sleep(timing.ping_interval));
    let mut awaits_pong = false;
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(packet))) => {
                    if engine.receive(session, &packet).is_break() {
                        return;
                    }
                    if awaits_pong && session.take_pong() {
                        awaits_pong = false;
                        clock.as_mut().reset(Instant::now() + timing.ping_interval);
                    }
                }
                // Binary attachments belong to events that are refused. Pings of the WebSocket are answered below.
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            () = session.news.notified() => {
                let written = write(socket, session.take(), timing.ping_timeout).await;
                if session.is_closed() || written.is_break() {
                    return;
                }
            }
            () = &mut clock => {
                if awaits_pong || session.user().is_none() {
                    tracing::debug!("no answer to a ping, or no connection in time");
                    return;
                }
                session.take_pong();
                awaits_pong = true;
                clock.as_mut().reset(Instant::now() + timing.ping_timeout);
                // It waits its turn; when so much waits that it cannot even do that, no answer will come.
                let _ = session.send(PING);
            }
        }
    }
}

/// Writes all at once; breaks when that fails. Nothing is read meanwhile, so a client that does not read either has only
/// so much time for each packet.
async fn write(socket: &mut WebSocket, packets: Vec<Utf8Bytes>, patience: Duration) -> ControlFlow<()> {
    for packet in packets {
        done(timeout(patience, socket.feed(Message::Text(packet))).await)?;
    }
    done(timeout(patience, socket.flush()).await)
}

fn done(written: Result<Result<(), axum::Error>, Elapsed>) -> ControlFlow<()> {
    if matches!(written, Ok(Ok(()))) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// Tries a WebSocket for a session that goes by long-polling, and carries the session from then on if it works.
pub async fn upgrade(engine: Arc<EngineIo>, session: Arc<Session>, mut socket: Box<WebSocket>) {
    if !session.change_transport(Transport::Polling, Transport::Upgrading) {
        return;
    }
    let upgraded = timeout(UPGRADE_TIMEOUT, try_out(&mut socket)).await;
    if matches!(upgraded, Ok(ControlFlow::Continue(())))
        && session.change_transport(Transport::Upgrading, Transport::WebSocket)
    {
        // The last ping by long-polling may be almost an interval old, and the next one is a whole interval away.
        let _ = session.send(PING);
        carry(engine, session, socket).await;
    } else {
        session.change_transport(Transport::Upgrading, Transport::Polling);
    }
}

/// `2probe`, `3probe`, `5`.
async fn try_out(socket: &mut WebSocket) -> ControlFlow<()> {
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            Message::Text(packet) if packet == "2probe" => {
                if socket.send(Message::Text(PONG_PROBE)).await.is_err() {
                    break;
                }
            }
            Message::Text(packet) if packet == "5" => return ControlFlow::Continue(()),
            Message::Ping(_) | Message::Pong(_) => {}
            _ => break,
        }
    }
    ControlFlow::Break(())
}
