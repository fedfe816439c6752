//! The owner of the call: the room, the peers, the local devices, the ICE servers and the signaling connection. Events come
//! in one at a time, and nothing else changes any of it. Each part decides within itself; the engine carries what one part
//! returns to the others.

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;
use vitrine_negotiation::{Negotiation, Role};
use vitrine_protocol::{
    server_event::ServerEvent,
    signaling::{JoinAck, SdpType, UserId},
};

use super::{
    chat::{self, Chat},
    connector::Connector,
    device_event::{MediaEvent, ScreenEvent},
    event::{Event, Events, Ticks, next_key},
    gestures::{HandOf, in_order},
    ice_service::{IceService, NamedServers},
    inspector::Inspector,
    links::LinkReport,
    media::Media,
    mesh::Mesh,
    peer::{Context, Peer, PeerEvent},
    publisher::Publisher,
    room::{Action, EntryAnswer, Input, Room},
    room_tasks::{RoomTasks, entry_answer},
    screen::Screen,
    self_report::SelfReport,
    state::{CallState, Command, Problem, Stage},
    status::Status,
};
use crate::{
    browser::{JsError, Listener, MediaKind, log, now, random_id},
    config::Config,
    signaling::{RequestError, Signaling, SignalingEvent},
};

/// See the module.
pub struct Engine {
    events: Events,
    signaling: Signaling,
    status: Status,
    media: Media,
    screen: Screen,
    connector: Connector,
    room: Room,
    mesh: Mesh,
    chat: Chat,
    ice: IceService,
    room_tasks: RoomTasks,
    ticks: Ticks,
    report: SelfReport,
    links: LinkReport,
    inspector: Inspector,
    _listeners: Vec<Listener>,
}

impl Engine {
    /// Connects to the signaling server and asks for microphone and camera.
    pub fn new(config: Config, events: Events) -> Self {
        let sink = events.clone();
        let signaling = Signaling::start(config.signaling_url, move |event| sink.send(Event::Signaling(event)));
        let status = Status::of_this_page();
        let mut media = Media::new(events.clone());
        if status.problem() != Some(&Problem::NoWebRtc) {
            media.ask_for_both();
        }
        Self {
            signaling,
            status,
            media,
            screen: Screen::new(events.clone()),
            connector: Connector::new(events.clone()),
            room: Room::default(),
            mesh: Mesh::default(),
            chat: Chat::default(),
            ice: IceService::new(config.ice_servers),
            room_tasks: RoomTasks::new(events.clone()),
            ticks: Ticks::default(),
            report: SelfReport::new(String::new()),
            links: LinkReport::default(),
            inspector: Inspector::default(),
            _listeners: events.listen_to_page(),
            events,
        }
    }

    /// Takes events until their senders are gone, and gives the state to `publish` when it has changed.
    pub async fn run(mut self, mut queue: UnboundedReceiver<Event>, publish: impl Fn(CallState)) {
        let mut publisher = Publisher::new(self.events.clone(), publish);
        while let Some(event) = queue.next().await {
            let is_urgent = event.is_urgent();
            self.handle(event);
            publisher.handled(is_urgent, || self.view());
        }
    }

    fn view(&mut self) -> CallState {
        self.media.fit_to_peers(self.mesh.len());
        self.screen.fit_to_peers(self.mesh.len());
        let peers = self.mesh.view();
        CallState {
            hands: in_order(self.report.hand().map(|since| (HandOf::Own, since)).into_iter().chain(self.mesh.hands())),
            own_reactions: self.report.reactions(),
            speaker: self.mesh.speaker(&peers, now()),
            stage: self.room.stage(),
            room: self.room.name().map(str::to_owned),
            signaling: self.status.signaling(),
            refusal: self.status.refusal(),
            local: self.media.view(),
            screen: self.screen.view(),
            devices: self.media.settings(),
            peers,
            departures: self.mesh.departures().to_vec(),
            relay_only: self.connector.is_relay_only(),
            problem: self.status.problem().cloned(),
            chat: self.chat.view(),
            check: self.ice.view(),
            inspection: self.inspector.view(),
        }
    }

    fn handle(&mut self, event: Event) {
        if let Some(kind) = self.inspector.see(&event) {
            self.mesh.record(&kind);
        }
        match event {
            Event::Command(command) => self.command(command),
            Event::Signaling(event) => self.signaling_event(event),
            Event::EntryAnswered(request, result) => self.entry_answered(request, result),
            Event::RoomTimer(timer) => self.tell_room(Input::TimerFired(timer)),
            Event::IceServers(result) => {
                let named = self.ice.answered(result, self.connector.certificate(), &self.events);
                named.into_iter().for_each(|named| self.name_ice_servers(named));
            }
            Event::Media(event) => {
                let changed = self.media.handle(event);
                self.replace_tracks(&changed);
            }
            Event::Screen(event) => {
                self.screen.handle(event);
                let (context, mesh) = self.split();
                mesh.iter_mut().for_each(|peer| peer.send_screen(&context));
            }
            Event::Peer(key, event) => {
                let (context, mesh) = self.split();
                let event = mesh.get_mut(key).and_then(|peer| peer.handle(event, &context));
                self.peer_event(key, event);
            }
            Event::Check(key, event) => self.ice.check_event(key, event),
            Event::Certificate(certificate) => self.connector.set_certificate(certificate),
            Event::Tick => self.tick(),
            Event::NetworkChanged => {
                self.ice.list_mut().network_changed();
                self.mesh.iter_mut().for_each(Peer::try_again);
            }
            Event::PageHidden => self.leave(),
            Event::PublishDue => {}
        }
        self.media.attend(self.room.stage() == Stage::InCall);
        self.ticks.run_while(self.ice.is_checking() || self.room.stage() == Stage::InCall, &self.events);
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Enter { name, room, intent } => {
                if self.room.stage() == Stage::Lobby {
                    self.begin_stay(name, Input::Enter { room, intent, session: random_id() });
                }
            }
            Command::MoveTo { name, room } => self.begin_stay(name, Input::MoveTo { room, session: random_id() }),
            Command::Leave => self.leave(),
            Command::SetMicrophone(on) => {
                self.media.switch(MediaKind::Audio, on);
                self.mesh.iter_mut().for_each(|peer| peer.told_mut().request_answered());
                self.replace_tracks(&[MediaKind::Audio]);
            }
            Command::SetCamera(on) => {
                self.media.switch(MediaKind::Video, on);
                self.replace_tracks(&[MediaKind::Video]);
            }
            Command::Devices(command) => self.handle(Event::Media(MediaEvent::Command(command))),
            Command::Chat { to, text } => {
                self.tell_chat(chat::Input::Write { to, text, name: self.report.name().to_owned() })
            }
            Command::Screen(command) => self.handle(Event::Screen(ScreenEvent::Command(command))),
            Command::AnswerAsk(key) => drop(self.mesh.get_mut(key).map(|peer| peer.told_mut().request_answered())),
            Command::SetName(_) | Command::SetHand(_) | Command::React(_) | Command::AskToMute(_) => {
                let said = self.report.command(command, now());
                said.inspect(|(receiver, message)| self.mesh.send_to(*receiver, message));
            }
            Command::Retry(key) => {
                self.mesh.get_mut(key).into_iter().for_each(Peer::try_again);
                self.tick_peers();
            }
            // Connections keep what they were made with.
            Command::SetRelayOnly(on) if self.room.stage() == Stage::Lobby => self.connector.set_relay_only(on),
            Command::SetRelayOnly(_) => {}
            Command::DismissProblem => self.status.dismiss(),
            Command::Inspect(inspected) => self.inspector.show(inspected, &mut self.mesh, self.room.session()),
            Command::SaveRecord(redaction) => self.inspector.export(&self.mesh, redaction),
            Command::Check => self.ice.start_check(&self.signaling, &self.events),
            Command::EndCheck => self.ice.end_check(),
        }
    }

    fn begin_stay(&mut self, name: String, input: Input) {
        if let Err(error) = self.connector.prepare() {
            return self.cannot_connect(&error);
        }
        self.report = SelfReport::new(name);
        self.status.stay_begun();
        self.ice.end_check();
        self.tell_room(input);
    }

    /// Leaves the room, if this side is in one. The devices of a call are released with it; a preview goes on.
    fn leave(&mut self) {
        if self.room.stage() == Stage::InCall {
            self.media.release();
        }
        self.tell_room(Input::Leave);
        self.connector.release();
    }

    /// This browser makes no connections: there is nothing to enter with, and nothing to show a camera for.
    fn cannot_connect(&mut self, error: &JsError) {
        log(&format!("no peer connections: {error}"));
        self.leave();
        self.media.release();
        self.status.report(Problem::WebRtcRefused(error.to_string()));
    }

    fn replace_tracks(&mut self, kinds: &[MediaKind]) {
        let (context, mesh) = self.split();
        mesh.iter().for_each(|peer| peer.replace_tracks(kinds, &context));
    }

    /// What the peers need of the rest, and the peers.
    fn split(&mut self) -> (Context<'_>, &mut Mesh) {
        let context = Context {
            signaling: &self.signaling,
            is_online: self.room.is_listed(),
            media: self.media.outgoing(),
            screen: self.screen.outgoing(),
            hello: self.room.hello(self.report.name()),
            hand: self.report.raised_hand(now()),
            media_state: self.media.announcement(),
        };
        (context, &mut self.mesh)
    }

    fn tick(&mut self) {
        self.media.tick(self.mesh.iter().map(|peer| (peer.key(), peer.connection())).collect());
        self.report.tick(now());
        self.ice.tick(self.room.is_listed(), &self.signaling, self.connector.certificate(), &self.events);
        self.tick_peers();
    }

    fn tick_peers(&mut self) {
        let (context, mesh) = self.split();
        let events: Vec<_> = mesh.iter_mut().map(|peer| (peer.key(), peer.tick(&context))).collect();
        for (key, event) in events {
            self.peer_event(key, event);
        }
        self.tell_room(Input::Tick);
        self.tell_chat(chat::Input::Tick);
        self.links.tick(&self.mesh);
        self.inspector.tick(&self.mesh, self.room.session());
    }

    fn tell_chat(&mut self, input: chat::Input) {
        self.chat.handle(input, js_sys::Date::now(), &self.mesh);
    }

    fn signaling_event(&mut self, event: SignalingEvent) {
        match event {
            SignalingEvent::Online(id) => {
                self.status.connected();
                self.tell_room(Input::SignalingConnected(id));
            }
            SignalingEvent::Offline(_) => {
                self.status.lost(self.room.stage() == Stage::InCall);
                self.tell_room(Input::SignalingLost);
            }
            SignalingEvent::Refused(refusal) => self.status.refused(refusal),
            SignalingEvent::Received(event) if self.room.accepts_events() => self.server_event(event),
            SignalingEvent::Received(_) => {}
        }
    }

    fn server_event(&mut self, event: ServerEvent) {
        if let Some(input) = Input::of_server(&event) {
            self.tell_room(input);
        }
        if let ServerEvent::Refused(refused) = &event {
            self.status.log_refusal(refused);
        }
        let (context, mesh) = self.split();
        if let Some((key, event)) = mesh.receive(event, &context) {
            self.peer_event(key, Some(event));
        }
    }

    fn peer_event(&mut self, key: u64, event: Option<PeerEvent>) {
        match event {
            None => {}
            Some(PeerEvent::Identified) => self.tell_room(Input::PeerIdentified(key)),
            Some(PeerEvent::Chat(message)) => self.tell_chat(chat::Input::Received { key, message }),
            Some(PeerEvent::Returning(next_id)) => self.tell_room(Input::PeerReturning { key, next_id }),
            Some(PeerEvent::Ended(why)) => self.tell_room(Input::PeerEnded { key, why }),
            Some(PeerEvent::NeverHeard) => self.tell_room(Input::PeerNeverHeard(key)),
            Some(PeerEvent::IceServerNotResolved(url)) => self.ice.list_mut().leave_out(url, now()),
            Some(PeerEvent::Restarted(description)) => {
                let Some(peer) = self.mesh.get_mut(key) else { return };
                let (id, negotiation) = (peer.known().listing.id().clone(), peer.next_negotiation());
                self.connect(id.clone(), negotiation, description.kind != SdpType::Offer);
                let (context, mesh) = self.split();
                if let Some((key, event)) = mesh.receive_description(&id, description, &context) {
                    self.peer_event(key, Some(event));
                }
            }
        }
    }

    /// Gives `input` to the room, and does what it decides.
    fn tell_room(&mut self, input: Input) {
        let participants = self.mesh.participants();
        for action in self.room.handle(input, &participants, now()) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Peer(action) => {
                let (context, mesh) = self.split();
                mesh.act(action, &context);
            }
            Action::Server(action) => self.room_tasks.act(action, &self.signaling),
            Action::Connect { id, role } => {
                self.connect(id, Negotiation::tagged(role, random_id()), role == Role::Impolite);
            }
            Action::Reconnect { key, id } => {
                if let Some(negotiation) = self.mesh.get_mut(key).map(|peer| peer.next_negotiation()) {
                    self.connect(id, negotiation, true);
                }
            }
            Action::EndStay => {
                self.mesh.clear();
                self.inspector.reset();
                self.chat = Chat::default();
                self.screen.stop();
                self.room_tasks.clear();
                self.ice.list_mut().reset();
            }
            Action::ReportProblem(problem) => {
                self.status.report(problem);
                self.connector.release();
            }
        }
    }

    fn entry_answered(&mut self, request: u64, result: Result<JoinAck, RequestError>) {
        if !self.room.awaits(request) {
            return;
        }
        if let Some(ack) = result.as_ref().ok().filter(|ack| ack.success) {
            self.name_ice_servers((ack.ice_servers.clone(), ack.ice_servers_lifetime));
        }
        let mut answer = entry_answer(result);
        if self.lacks_relay() && self.room.stage() == Stage::Entering && matches!(answer, EntryAnswer::Admitted(_)) {
            answer = EntryAnswer::Refused(Problem::NoRelay);
        }
        self.tell_room(Input::EntryAnswered { request, answer });
        self.tell_chat(chat::Input::EntryAnswered { session: self.room.session().map(str::to_owned) });
    }

    /// Begins a connection with the participant of this id, in place of an earlier one.
    fn connect(&mut self, id: UserId, negotiation: Negotiation, offers: bool) {
        if self.room.stage() == Stage::Lobby {
            return;
        }
        let (key, events) = (next_key(), self.events.clone());
        match self.connector.connect(&self.ice.list().current(now()), events.of_peer(key)) {
            Ok(connection) => {
                let (context, mesh) = self.split();
                mesh.add(Peer::new(id, key, connection, negotiation, offers, &context, events));
            }
            Err(error) => {
                log(&format!("{id}: no peer connection: {error}"));
                self.status.report(Problem::NoConnection(error.to_string()));
                // Perhaps the browser makes none at all.
                if self.mesh.is_empty()
                    && let Err(error) = self.connector.prepare()
                {
                    self.cannot_connect(&error);
                }
            }
        }
    }

    /// Whether this side's address is to stay hidden, and there is no relay for that.
    fn lacks_relay(&self) -> bool {
        self.connector.is_relay_only() && !self.ice.list().has_relay()
    }

    fn name_ice_servers(&mut self, (named, lifetime): NamedServers) {
        self.ice.list_mut().set_named(named, lifetime, now());
        let servers = self.ice.list().current(now());
        self.mesh.iter().for_each(|peer| peer.use_ice_servers(&servers));
        if self.lacks_relay() && self.room.stage() == Stage::InCall {
            self.status.report(Problem::NoRelay);
        }
    }
}
