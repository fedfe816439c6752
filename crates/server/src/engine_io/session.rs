//! One Engine.IO session: what waits to be sent, by which transport it goes, and signs of life. It knows nothing of
//! sockets and requests; those who carry it take from it what it has to say and tell it what they hear.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::{extract::ws::Utf8Bytes, http::uri::Authority};
use tokio::sync::Notify;

use crate::{connection_limiter::Permit, id::Id};

/// Packets that may wait for one slow connection. A full room's burst of offers and candidates fits several times.
const MOST_WAITING: usize = 1024;

/// Bytes of text that may wait.
const MOST_WAITING_BYTES: usize = 2 * 1024 * 1024;

/// How a session's packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By HTTP long-polling.
    Polling,
    /// By long-polling still, while a WebSocket is being tried.
    Upgrading,
    /// By WebSocket.
    WebSocket,
}

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// The session has ended.
    #[error("the connection has ended")]
    Closed,
    /// Too much waits already.
    #[error("the connection reads too slowly")]
    Full {
        /// Something was sent in vain for the first time.
        first: bool,
    },
}

/// A session, for as long as somebody carries it.
#[derive(Debug)]
pub struct Session {
    /// What its client shows in its requests. Nobody else knows it.
    pub sid: Id,
    /// What it may do.
    pub permit: Permit,
    /// The name by which its client reached the server.
    pub host: Option<Authority>,
    /// There is something to send, or the session has ended, or its transport changes.
    pub news: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    waiting: Vec<Utf8Bytes>,
    waiting_bytes: usize,
    transport: Transport,
    closed: bool,
    /// Something was not sent since too much waited.
    overrun: bool,
    /// A request waits for packets.
    polled: bool,
    /// A request brings packets.
    posted: bool,
    /// A ping was answered.
    ponged: bool,
    user: Option<Id>,
    /// The first that there was.
    first_user: Option<Id>,
}

impl Session {
    /// A session that begins.
    pub fn new(sid: Id, permit: Permit, host: Option<Authority>, transport: Transport) -> Self {
        let state = State {
            waiting: Vec::new(),
            waiting_bytes: 0,
            transport,
            closed: false,
            overrun: false,
            polled: false,
            posted: false,
            ponged: false,
            user: None,
            first_user: None,
        };
        Self { sid, permit, host, news: Notify::new(), state: Mutex::new(state) }
    }

    /// Sends a packet, after those that wait already.
    ///
    /// # Errors
    /// [`Unsent`]; the packet is lost then.
    pub fn send(&self, packet: impl Into<Utf8Bytes>) -> Result<(), Unsent> {
        let packet = packet.into();
        let mut state = self.state();
        if state.closed {
            return Err(Unsent::Closed);
        }
        if state.waiting.len() >= MOST_WAITING || state.waiting_bytes + packet.len() > MOST_WAITING_BYTES {
            return Err(Unsent::Full { first: !std::mem::replace(&mut state.overrun, true) });
        }
        state.waiting_bytes += packet.len();
        state.waiting.push(packet);
        drop(state);
        self.news.notify_one();
        Ok(())
    }

    /// Takes all that waits. It is the taker's to deliver.
    pub fn take(&self) -> Vec<Utf8Bytes> {
        let mut state = self.state();
        state.waiting_bytes = 0;
        // With its memory: most of the time, nothing waits.
        std::mem::take(&mut state.waiting)
    }

    /// Ends the session; what waits may still be delivered. False if it had ended before.
    pub fn close(&self) -> bool {
        let was_open = !std::mem::replace(&mut self.state().closed, true);
        self.news.notify_one();
        was_open
    }

    /// Whether the session has ended.
    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// How its packets go.
    pub fn transport(&self) -> Transport {
        self.state().transport
    }

    /// Goes from one transport to the next, unless it has left the first already; whether it went.
    pub fn change_transport(&self, from: Transport, to: Transport) -> bool {
        let mut state = self.state();
        let goes = state.transport == from && !state.closed;
        if goes {
            state.transport = to;
            drop(state);
            self.news.notify_one();
        }
        goes
    }

    /// A request begins to wait for packets; `None` while another one does.
    pub fn poll(&self) -> Option<Turn<'_>> {
        self.turn(|state| &mut state.polled)
    }

    /// A request begins to bring packets; `None` while another one does.
    pub fn post(&self) -> Option<Turn<'_>> {
        self.turn(|state| &mut state.posted)
    }

    fn turn(&self, taken: fn(&mut State) -> &mut bool) -> Option<Turn<'_>> {
        let was_taken = std::mem::replace(taken(&mut self.state()), true);
        // Made only where it is given out: dropped, it gives the turn back.
        (!was_taken).then(|| Turn { session: self, taken })
    }

    /// A ping was answered.
    pub fn pong(&self) {
        self.state().ponged = true;
    }

    /// Whether a ping was answered since this was last asked.
    pub fn take_pong(&self) -> bool {
        std::mem::take(&mut self.state().ponged)
    }

    /// The participant whose Socket.IO connection it carries.
    pub fn user(&self) -> Option<Id> {
        self.state().user
    }

    /// Whom TURN credentials are issued to: the first participant, also when the connection was ended and another one
    /// begun. Each would have a quota of its own otherwise, and one session could use up the relay.
    pub fn turn_user(&self) -> Option<Id> {
        self.state().first_user
    }

    /// It carries the connection of `user` from now on, unless it has ended; whether it does.
    pub fn begin_user(&self, user: Id) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        state.first_user.get_or_insert(user);
        state.user = Some(user);
        true
    }

    /// It carries no connection any more; returns whose it was.
    pub fn end_user(&self) -> Option<Id> {
        self.state().user.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of a request to wait for packets, or to bring some.
pub struct Turn<'a> {
    session: &'a Session,
    taken: fn(&mut State) -> &mut bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *(self.taken)(&mut self.session.state()) = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::HeaderMap;

    use super::*;
    use crate::{Config, connection_limiter::ConnectionLimiter};

    fn session() -> Session {
        let limiter = Arc::new(ConnectionLimiter::new(&Config::default(), Arc::default(), Arc::default()));
        let permit = limiter.try_acquire(([127, 0, 0, 1], 5000).into(), &HeaderMap::new()).unwrap();
        Session::new(Id::random().unwrap(), permit, None, Transport::Polling)
    }

    #[test]
    fn that_it_reads_too_slowly_is_said_once() {
        let session = session();
        for first in [true, false] {
            for _ in 0..MOST_WAITING {
                assert_eq!(session.send("2"), Ok(()));
            }
            assert_eq!(session.send("2"), Err(Unsent::Full { first }));
            assert_eq!(session.send("2"), Err(Unsent::Full { first: false }));
            session.take();
        }
    }
}
