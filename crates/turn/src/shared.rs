//! What all sockets of a relay share: the rules, who has an allocation, and what is done about each message. The one
//! place where allocations are opened and closed.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, atomic::Ordering::Relaxed},
};

use tokio::time::sleep_until;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    client::{Client, Owner, Scratch, Sink},
    config::Limits,
    counts::{Counts, network_of},
    datagrams::Datagrams,
    metrics::{Counters, Tally},
    ports::Places,
    session::{AllocateRequest, Dropped, Exhausted, Now, Reply, Rules, Session, Step, Transport},
    stream::Admission,
};

/// Who has how many allocations.
#[derive(Default)]
struct Quotas {
    users: Counts<String>,
    /// By what [`network_of`] makes of an address.
    addresses: Counts<IpAddr>,
    total: usize,
}

impl Quotas {
    fn check(&self, owner: &Owner, limits: &Limits) -> Result<(), Exhausted> {
        if self.users.of(&owner.user) >= limits.allocations_per_user {
            return Err(Exhausted::User);
        }
        if self.addresses.of(&owner.network) >= limits.allocations_per_address {
            return Err(Exhausted::Address);
        }
        if self.total >= limits.allocations { Err(Exhausted::Relay) } else { Ok(()) }
    }

    fn add(&mut self, owner: &Owner) {
        self.users.add(&owner.user);
        self.addresses.add(&owner.network);
        self.total += 1;
    }

    fn remove(&mut self, owner: &Owner) {
        self.users.remove(&owner.user);
        self.addresses.remove(&owner.network);
        self.total -= 1;
    }
}

/// What all sockets of a relay share.
pub(crate) struct Shared {
    pub(crate) rules: Rules,
    pub(crate) counters: Counters,
    pub(crate) admission: Admission,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    places: Places,
    quotas: Mutex<Quotas>,
    /// Who has an allocation, by relayed address.
    allocations: RwLock<HashMap<SocketAddr, Arc<Client>>>,
}

/// Where a message came from.
pub(crate) struct Origin<'a> {
    pub(crate) client: SocketAddr,
    pub(crate) transport: Transport,
    /// The address that the client came to.
    pub(crate) local: IpAddr,
    pub(crate) sink: &'a dyn Fn() -> Sink,
}

/// What a message changed about who has an allocation.
pub(crate) enum Change {
    None,
    Opened(Arc<Client>),
    Closed,
}

impl Shared {
    pub(crate) fn new(rules: Rules, places: Places) -> Self {
        let admission = Admission::new(rules.limits.streams, rules.limits.streams_per_address);
        Self {
            rules,
            counters: Counters::default(),
            admission,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            places,
            quotas: Mutex::default(),
            allocations: RwLock::default(),
        }
    }

    /// Does what one message of a client asks for. `current` is the client, if it has an allocation. Returns the reply.
    pub(crate) fn receive(
        self: &Arc<Self>,
        now: Now,
        origin: &Origin<'_>,
        current: Option<&Arc<Client>>,
        bytes: &[u8],
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> (Option<Vec<u8>>, Change) {
        let step = match current {
            Some(client) => client.session().handle(&self.rules, now, bytes),
            None => Session::new(origin.client, origin.transport).handle(&self.rules, now, bytes),
        };
        let (reply, change) = match (step, current) {
            (Step::Relay { peer, own: false, data }, Some(client)) => {
                client.send_to_peer(peer, data, tally);
                return (None, Change::None);
            }
            (Step::Relay { peer, own: true, data }, Some(client)) => {
                self.relay_inside(now, client, peer, data, out, tally);
                return (None, Change::None);
            }
            (Step::Drop(reason), _) => {
                tally.drop(reason);
                return (None, Change::None);
            }
            (Step::Relay { .. }, None) => return (None, Change::None),
            (Step::Reply(reply), _) => (reply, Change::None),
            (Step::Delete(reply), _) => (reply, Change::Closed),
            // Whatever there was has expired.
            (Step::Allocate(request), _) => self.open(now, origin, request),
        };
        if let (Some(client), Change::Closed | Change::Opened(_)) = (current, &change) {
            self.close(client);
        }
        if let Some(code) = reply.refused {
            self.counters.refuse(code);
        }
        (Some(reply.message), change)
    }

    /// Passes what `from` sends to the relay's own address `to` on to the allocation there, as if it had gone through
    /// the network.
    fn relay_inside(&self, now: Now, from: &Client, to: SocketAddr, data: &[u8], out: &mut Vec<u8>, tally: &mut Tally) {
        let target = self.allocations.read().unwrap_or_else(PoisonError::into_inner).get(&to).cloned();
        match target {
            Some(target) => {
                tally.to_peers.add(data.len());
                target.deliver(now, from.relayed, data, out, tally);
            }
            None => tally.drop(Dropped::NothingThere),
        }
    }

    fn open(self: &Arc<Self>, now: Now, origin: &Origin<'_>, request: AllocateRequest) -> (Reply, Change) {
        let mut session = Session::new(origin.client, origin.transport);
        // Held to the end, so that no two allocations are given the same port or the last free place.
        let mut quotas = self.quotas();
        let owner = Owner { user: request.user().to_owned(), network: network_of(origin.client.ip()) };
        let allowed = quotas.check(&owner, &self.rules.limits);
        let opened = allowed.and_then(|()| self.relay_socket(origin, &request));
        let (socket, relayed) = match opened {
            Ok(opened) => opened,
            Err(why) => return (session.exhausted(&request, why), Change::None),
        };
        quotas.add(&owner);
        let reply = session.allocated(&self.rules, now, request, relayed);
        let client = Arc::new(Client::new(session, socket, relayed, owner, (origin.sink)(), self.stop.child_token()));
        self.allocations.write().unwrap_or_else(PoisonError::into_inner).insert(relayed, client.clone());
        self.rules.policy.relayed_begins(relayed.ip());
        self.counters.allocations.fetch_add(1, Relaxed);
        self.counters.allocations_made.fetch_add(1, Relaxed);
        self.tasks.spawn(relay(self.clone(), client.clone()));
        (reply, Change::Opened(client))
    }

    fn relay_socket(
        &self,
        origin: &Origin<'_>,
        request: &AllocateRequest,
    ) -> Result<(Datagrams, SocketAddr), Exhausted> {
        let place = self.places.choose(origin.local, origin.client, request.wants_ipv6()).ok_or(Exhausted::Family)?;
        let allocations = self.allocations.read().unwrap_or_else(PoisonError::into_inner);
        let taken = |port| allocations.contains_key(&SocketAddr::new(place.advertised, port));
        let bound = self.places.bind(place.local, request.wants_even_port(), taken);
        let registered = bound.and_then(|bound| {
            bound.map(|(socket, port)| Datagrams::new(socket).map(|socket| (socket, port))).transpose()
        });
        match registered {
            Ok(Some((socket, port))) => Ok((socket, SocketAddr::new(place.advertised, port))),
            Ok(None) => Err(Exhausted::Relay),
            Err(error) => {
                tracing::warn!(%error, address = %place.local, "no TURN relay socket");
                Err(Exhausted::Relay)
            }
        }
    }

    /// Ends an allocation, once.
    pub(crate) fn close(&self, client: &Arc<Client>) {
        let mut quotas = self.quotas();
        let mut allocations = self.allocations.write().unwrap_or_else(PoisonError::into_inner);
        if !allocations.get(&client.relayed).is_some_and(|each| Arc::ptr_eq(each, client)) {
            return;
        }
        allocations.remove(&client.relayed);
        drop(allocations);
        quotas.remove(&client.owner);
        drop(quotas);
        self.rules.policy.relayed_ends(client.relayed.ip());
        self.counters.allocations.fetch_sub(1, Relaxed);
        client.closed.cancel();
        if let Sink::Datagrams { listener, route } = &client.sink {
            listener.forget(route.client, client);
        }
    }

    fn quotas(&self) -> MutexGuard<'_, Quotas> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of one allocation: what arrives at its relayed address, until it ends.
async fn relay(shared: Arc<Shared>, client: Arc<Client>) {
    let receive = client.socket.serve(|| {
        Scratch::with(|scratch| {
            let all = client.receive(scratch);
            shared.counters.add(&mut scratch.tally);
            all
        })
    });
    let expire = async {
        loop {
            let expires = client.session().expires();
            match expires.filter(|&expires| expires > Now::read().instant) {
                Some(expires) => sleep_until(expires.into()).await,
                None => break,
            }
        }
    };
    tokio::select! {
        () = receive => {}
        () = expire => {}
        () = client.closed.cancelled() => {}
    }
    shared.close(&client);
}
