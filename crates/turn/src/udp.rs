//! Receives from clients on a UDP socket, and sends the replies.

use std::sync::Arc;

use crate::{
    client::{Listener, Route, Scratch, Sink},
    metrics::Tally,
    session::{Now, Transport},
    shared::{Change, Shared, Source},
};

/// The task of a UDP socket. Never completes.
pub(crate) async fn serve(shared: Arc<Shared>, listener: Arc<Listener>) {
    let receive = || {
        Scratch::with(|scratch| {
            let Scratch { batch, out, tally } = scratch;
            let now = Now::read();
            let all = listener.socket.receive(batch, |client, local, message| {
                handle(&shared, &listener, now, Route { client, local }, message, out, tally);
            });
            shared.counters.add(tally);
            all
        })
    };
    listener.socket.serve(receive).await;
}

fn handle(
    shared: &Arc<Shared>,
    listener: &Arc<Listener>,
    now: Now,
    route: Route,
    message: &[u8],
    out: &mut Vec<u8>,
    tally: &mut Tally,
) {
    let Route { client, local } = route;
    let current = listener.client(client);
    let sink = || Sink::Datagrams { listener: listener.clone(), route };
    let source = Source { client, transport: Transport::Datagram, local, sink: &sink };
    let (reply, change) = shared.receive(now, &source, current.as_ref(), message, out, tally);
    if let Change::Opened(opened) = change {
        listener.add(client, opened);
    }
    if let Some(reply) = reply
        && let Err(reason) = listener.send(&reply, route)
    {
        tally.drop(reason);
    }
}
