//! Carries out what the room asks of the server and of the clock. Each answer and each timer comes back as an event. It
//! decides nothing.

use std::{collections::HashMap, future::Future, pin::pin};

use futures_util::future::select;
use gloo_timers::future::TimeoutFuture;
use vitrine_protocol::{
    client_event::ClientEvent,
    signaling::{Ack, JoinAck},
};

use super::{
    event::{Event, Events},
    room::{EntryAnswer, ServerAction, Timer},
    state::Problem,
};
use crate::{
    browser::{Task, wait_awake},
    signaling::{RequestError, Signaling},
};

/// How long the server may take to acknowledge `leave-room`, in milliseconds; a plain one never does.
const LEAVE_TIMEOUT: u32 = 1_000;

/// The room's requests and timers under way.
pub struct RoomTasks {
    events: Events,
    /// The entry request is among them, as [`Timer::Entry`].
    tasks: HashMap<Timer, Task>,
}

impl RoomTasks {
    /// None yet; the answers go to `events`.
    pub fn new(events: Events) -> Self {
        Self { events, tasks: HashMap::new() }
    }

    /// Does what the room decided about the server and the clock.
    pub fn act(&mut self, action: ServerAction, signaling: &Signaling) {
        match action {
            ServerAction::RequestEntry { request, event } => {
                let answer = signaling.request(event);
                self.start(Timer::Entry, async move { Event::EntryAnswered(request, answer.await) });
            }
            ServerAction::RequestLeave => {
                let answer = signaling.request::<Ack>(ClientEvent::LeaveRoom);
                self.start(Timer::Entry, async move {
                    drop(select(pin!(answer), pin!(wait_awake(LEAVE_TIMEOUT))).await);
                    Event::RoomTimer(Timer::Entry)
                });
            }
            ServerAction::Emit(event) => signaling.emit(event),
            ServerAction::StartTimer(timer, milliseconds) => self.start(timer.clone(), async move {
                match timer {
                    Timer::Entry => TimeoutFuture::new(milliseconds).await,
                    Timer::Announcement(_) | Timer::Reconnect(_) => wait_awake(milliseconds).await,
                }
                Event::RoomTimer(timer)
            }),
        }
    }

    /// Ends all requests and timers.
    pub fn clear(&mut self) {
        self.tasks.clear();
    }

    fn start(&mut self, timer: Timer, wait: impl Future<Output = Event> + 'static) {
        let events = self.events.clone();
        self.tasks.insert(timer, Task::spawn(async move { events.send(wait.await) }));
    }
}

/// What the server's answer to an entry request means.
pub fn entry_answer(result: Result<JoinAck, RequestError>) -> EntryAnswer {
    match result {
        Ok(ack) if ack.success => EntryAnswer::Admitted(ack.existing_users.unwrap_or_default()),
        Ok(ack) => EntryAnswer::Refused(match ack.error {
            Some(error) => Problem::Refused(error.code),
            None => Problem::RefusedWithoutReason,
        }),
        Err(RequestError::Offline) => EntryAnswer::NotConnected,
        Err(RequestError::Unreadable(_)) => EntryAnswer::Refused(Problem::RefusedWithoutReason),
        Err(RequestError::TimedOut) => EntryAnswer::Refused(Problem::RequestTimedOut),
    }
}
