//! The screen that this side shares: what the user wants, what the browser gave, and how much of it is sent. It sends
//! nothing itself.

use web_sys::MediaStream;

use super::{
    device_event::ScreenEvent,
    event::{Event, Events},
    peer::SharedScreen,
    state::{ScreenCommand, ScreenProblem, ScreenState, Sharing},
};
use crate::browser::{
    MediaKind, OutgoingScreen, ScreenCapture, ScreenContent, ScreenError, SendLimits, Task, TrackChange,
};

/// Owner of the shared screen.
pub struct Screen {
    events: Events,
    /// Never played: its id tells the peers which tracks are the screen's. `None` only where the browser has no streams.
    outbound: Option<MediaStream>,
    state: State,
    content: ScreenContent,
    peers: usize,
    limits: SendLimits,
    problem: Option<ScreenProblem>,
    /// Tells the events of the current request and capture from those of earlier ones.
    serial: u32,
    version: u32,
}

enum State {
    Idle,
    Asking(#[expect(dead_code, reason = "owns the request")] Task),
    Sharing(ScreenCapture),
}

impl Screen {
    pub fn new(events: Events) -> Self {
        let content = ScreenContent::default();
        Self {
            events,
            outbound: MediaStream::new().ok(),
            state: State::Idle,
            content,
            peers: 0,
            limits: limits(content, 0),
            problem: None,
            serial: 0,
            version: 0,
        }
    }

    /// Takes an event.
    pub fn handle(&mut self, event: ScreenEvent) {
        match event {
            // The handler of the click has asked the browser.
            ScreenEvent::Command(ScreenCommand::Share) => {}
            ScreenEvent::Command(ScreenCommand::Stop) => self.stop(),
            ScreenEvent::Command(ScreenCommand::DismissProblem) => self.problem = None,
            ScreenEvent::Command(ScreenCommand::SetContent(content)) => {
                self.content = content;
                self.limit(true);
            }
            ScreenEvent::Requested(request) if matches!(self.state, State::Idle) => {
                self.serial += 1;
                self.problem = None;
                let (events, serial) = (self.events.clone(), self.serial);
                self.state = State::Asking(Task::spawn(async move {
                    events.send(Event::Screen(ScreenEvent::Answered(serial, request.answer().await)));
                }));
            }
            ScreenEvent::Answered(serial, answer) if serial == self.serial => self.answered(answer),
            ScreenEvent::Changed(serial, kind, TrackChange::Ended) if serial == self.serial => self.ended(kind),
            // What an outdated event carries is stopped.
            ScreenEvent::Requested(_) | ScreenEvent::Answered(..) | ScreenEvent::Changed(..) => {}
        }
    }

    fn answered(&mut self, answer: Result<ScreenCapture, ScreenError>) {
        if !matches!(self.state, State::Asking(_)) {
            return;
        }
        self.state = State::Idle;
        match answer {
            Ok(mut capture) => {
                let (events, serial) = (self.events.clone(), self.serial);
                let on_change = |kind| {
                    let events = events.clone();
                    move |change| events.send(Event::Screen(ScreenEvent::Changed(serial, kind, change)))
                };
                capture.video.on_change(on_change(MediaKind::Video));
                if let Some(audio) = &mut capture.audio {
                    audio.on_change(on_change(MediaKind::Audio));
                }
                capture.set_content(self.content, self.limits.frames_per_second);
                self.state = State::Sharing(capture);
                self.version += 1;
            }
            // The user knows.
            Err(ScreenError::Cancelled) => {}
            Err(ScreenError::Refused) => self.problem = Some(ScreenProblem::Refused),
            Err(ScreenError::Unsupported) => self.problem = Some(ScreenProblem::Unsupported),
            Err(ScreenError::Failed(error)) => self.problem = Some(ScreenProblem::Failed(error.to_string())),
        }
    }

    /// The user ended it in the browser's own bar, or what was shared is gone. Sound that ends alone ends alone.
    fn ended(&mut self, kind: MediaKind) {
        match (&mut self.state, kind) {
            (State::Sharing(capture), MediaKind::Audio) => {
                capture.audio = None;
                self.version += 1;
            }
            _ => self.stop(),
        }
    }

    /// Stops sharing, and asking.
    pub fn stop(&mut self) {
        if let State::Sharing(_) = std::mem::replace(&mut self.state, State::Idle) {
            self.version += 1;
        }
    }

    /// Sends no more than so many peers can be sent.
    pub fn fit_to_peers(&mut self, peers: usize) {
        self.peers = peers;
        self.limit(false);
    }

    fn limit(&mut self, is_other_content: bool) {
        let limits = limits(self.content, self.peers);
        if limits == self.limits && !is_other_content {
            return;
        }
        self.limits = limits;
        if let State::Sharing(capture) = &self.state {
            capture.set_content(self.content, limits.frames_per_second);
            self.version += 1;
        }
    }

    /// What is sent to every peer now.
    pub fn outgoing(&self) -> SharedScreen {
        SharedScreen { screen: self.outgoing_screen(), version: self.version }
    }

    fn outgoing_screen(&self) -> Option<OutgoingScreen> {
        let State::Sharing(capture) = &self.state else { return None };
        Some(OutgoingScreen {
            stream: self.outbound.clone()?,
            video: Clone::clone(capture.video.track()),
            audio: capture.audio.as_ref().map(|audio| Clone::clone(audio.track())),
            limits: self.limits,
        })
    }

    /// What the interface shows.
    pub fn view(&self) -> ScreenState {
        let sharing = match &self.state {
            State::Idle => Sharing::Off,
            State::Asking(_) => Sharing::Asking,
            State::Sharing(capture) => Sharing::On { surface: capture.surface(), sound: capture.audio.is_some() },
        };
        ScreenState { sharing, content: self.content, problem: self.problem.clone() }
    }
}

/// What may be sent to each of so many peers: each gets an encoding of its own over the same uplink, from the same
/// processor.
fn limits(content: ScreenContent, peers: usize) -> SendLimits {
    let (frames, total, most, least) = match content {
        ScreenContent::Detail => ([15, 10, 5], 6_000_000, 2_500_000, 500_000),
        ScreenContent::Motion => ([30, 24, 15], 8_000_000, 4_000_000, 600_000),
    };
    let peers = u32::try_from(peers).unwrap_or(u32::MAX).max(1);
    let frames_per_second = match peers {
        1 | 2 => frames[0],
        3 | 4 => frames[1],
        _ => frames[2],
    };
    SendLimits { frames_per_second, bits_per_second: (total / peers).clamp(least, most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_peers_get_less_each() {
        for content in [ScreenContent::Detail, ScreenContent::Motion] {
            for peers in 0..20 {
                let (few, many) = (limits(content, peers), limits(content, peers + 1));
                assert!(many.bits_per_second <= few.bits_per_second && many.bits_per_second >= 500_000);
                assert!(many.frames_per_second <= few.frames_per_second && many.frames_per_second >= 5);
            }
        }
    }

    #[test]
    fn film_has_more_frames_than_text() {
        let (text, film) = (limits(ScreenContent::Detail, 1), limits(ScreenContent::Motion, 1));
        assert!(film.frames_per_second > text.frames_per_second && film.bits_per_second > text.bits_per_second);
    }
}
