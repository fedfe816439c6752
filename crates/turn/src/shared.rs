//! The state shared by all sockets of a relay: rules, quotas and allocations. It executes the steps of sessions, and is
//! the only place that opens and closes allocations.

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
    counts::{Counts, address_key},
    datagrams::Datagrams,
    metrics::{Counters, Tally},
    ports::RelayAddresses,
    session::{AllocateRequest, Dropped, Exhausted, Now, Reply, Rules, Session, Step, Transport},
    stream_limiter::StreamLimiter,
};

/// Counts allocations for the quotas.
#[derive(Default)]
struct Quotas {
    users: Counts<String>,
    /// By [`address_key`].
    addresses: Counts<IpAddr>,
    total: usize,
}

impl Quotas {
    fn check(&self, owner: &Owner, limits: &Limits) -> Result<(), Exhausted> {
        if self.users.get(&owner.user) >= limits.allocations_per_user {
            return Err(Exhausted::User);
        }
        if self.addresses.get(&owner.network) >= limits.allocations_per_address {
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

/// The state shared by all sockets of a relay.
pub(crate) struct Shared {
    pub(crate) rules: Rules,
    pub(crate) counters: Counters,
    pub(crate) stream_limiter: StreamLimiter,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    relay_addresses: RelayAddresses,
    quotas: Mutex<Quotas>,
    /// Clients with an allocation, by relayed address.
    allocations: RwLock<HashMap<SocketAddr, Arc<Client>>>,
}

/// The source of a message.
pub(crate) struct Source<'a> {
    pub(crate) client: SocketAddr,
    pub(crate) transport: Transport,
    /// The local address that the client sent to.
    pub(crate) local: IpAddr,
    pub(crate) sink: &'a dyn Fn() -> Sink,
}

/// The effect of a message on the client's allocation.
pub(crate) enum Change {
    None,
    Opened(Arc<Client>),
    Closed,
}

impl Shared {
    pub(crate) fn new(rules: Rules, relay_addresses: RelayAddresses) -> Self {
        let stream_limiter = StreamLimiter::new(rules.limits.streams, rules.limits.streams_per_address);
        Self {
            rules,
            counters: Counters::default(),
            stream_limiter,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            relay_addresses,
            quotas: Mutex::default(),
            allocations: RwLock::default(),
        }
    }

    /// Handles one message of a client. `current` is the client, if it has an allocation. Returns the reply.
    pub(crate) fn receive(
        self: &Arc<Self>,
        now: Now,
        source: &Source<'_>,
        current: Option<&Arc<Client>>,
        bytes: &[u8],
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> (Option<Vec<u8>>, Change) {
        let step = match current {
            Some(client) => client.session().handle(&self.rules, now, bytes),
            None => Session::new(source.client, source.transport).handle(&self.rules, now, bytes),
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
            // An earlier allocation has expired.
            (Step::Allocate(request), _) => self.open(now, source, request),
        };
        if let (Some(client), Change::Closed | Change::Opened(_)) = (current, &change) {
            self.close(client);
        }
        if let Some(code) = reply.refused {
            self.counters.refuse(code);
        }
        (Some(reply.message), change)
    }

    /// Delivers data that `from` sends to the relay's own address `to` to the allocation there, as if through the
    /// network.
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

    fn open(self: &Arc<Self>, now: Now, source: &Source<'_>, request: AllocateRequest) -> (Reply, Change) {
        let mut session = Session::new(source.client, source.transport);
        // Locked until the end, so that no two allocations get the same port or the last place of a quota.
        let mut quotas = self.quotas();
        let owner = Owner { user: request.user().to_owned(), network: address_key(source.client.ip()) };
        let allowed = quotas.check(&owner, &self.rules.limits);
        let opened = allowed.and_then(|()| self.relay_socket(source, &request));
        let (socket, relayed) = match opened {
            Ok(opened) => opened,
            Err(why) => return (session.exhausted(&request, why), Change::None),
        };
        quotas.add(&owner);
        let reply = session.allocated(&self.rules, now, request, relayed);
        let client = Arc::new(Client::new(session, socket, relayed, owner, (source.sink)(), self.stop.child_token()));
        self.allocations.write().unwrap_or_else(PoisonError::into_inner).insert(relayed, client.clone());
        self.rules.policy.add_relayed(relayed.ip());
        self.counters.allocations.fetch_add(1, Relaxed);
        self.counters.allocations_made.fetch_add(1, Relaxed);
        self.tasks.spawn(relay(self.clone(), client.clone()));
        (reply, Change::Opened(client))
    }

    fn relay_socket(
        &self,
        source: &Source<'_>,
        request: &AllocateRequest,
    ) -> Result<(Datagrams, SocketAddr), Exhausted> {
        let address =
            self.relay_addresses.choose(source.local, source.client, request.wants_ipv6()).ok_or(Exhausted::Family)?;
        let allocations = self.allocations.read().unwrap_or_else(PoisonError::into_inner);
        let taken = |port| allocations.contains_key(&SocketAddr::new(address.advertised, port));
        let bound = self.relay_addresses.bind(address.local, request.wants_even_port(), taken);
        let registered = bound.and_then(|bound| {
            bound.map(|(socket, port)| Datagrams::new(socket).map(|socket| (socket, port))).transpose()
        });
        match registered {
            Ok(Some((socket, port))) => Ok((socket, SocketAddr::new(address.advertised, port))),
            Ok(None) => Err(Exhausted::Relay),
            Err(error) => {
                tracing::warn!(%error, address = %address.local, "no TURN relay socket");
                Err(Exhausted::Relay)
            }
        }
    }

    /// Closes an allocation. Closing it again has no effect.
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
        self.rules.policy.remove_relayed(client.relayed.ip());
        self.counters.allocations.fetch_sub(1, Relaxed);
        client.closed.cancel();
        if let Sink::Datagrams { listener, route } = &client.sink {
            listener.remove(route.client, client);
        }
    }

    fn quotas(&self) -> MutexGuard<'_, Quotas> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of one allocation: relays packets that arrive at its relayed address until it closes.
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
