//! That the laboratory's networks are what they say: where a socket is seen to be from outside, who can reach it there,
//! and what passes. Without browsers, by datagrams and connections.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    process::Command,
    time::Duration,
};

use vitrine_e2e::{
    Namespace,
    nat::{Host, Kind, NatLaboratory, Network, ServerPlace},
};

use crate::stage::{Probes, first, second};

/// What passes comes at once; only what does not pass is waited for in vain.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection is tried that cannot come about. What says that it did not is the listener, not the time.
const IN_VAIN: Duration = Duration::from_millis(200);

pub type Test = fn(&NatLaboratory, &Probes) -> io::Result<()>;

pub const TESTS: [(&str, Test); 13] = [
    ("a_home_router_keeps_a_socket_s_port_whomever_it_talks_to", a_home_router_keeps_ports),
    ("a_symmetric_nat_takes_another_port_for_every_destination", a_symmetric_nat_changes_ports),
    ("routers_drop_what_nobody_inside_has_asked_for", routers_drop_what_was_not_asked_for),
    ("two_homes_can_punch_holes", two_homes_can_punch_holes),
    ("nobody_can_punch_a_hole_to_a_symmetric_nat", nobody_can_punch_to_a_symmetric_nat),
    ("where_udp_is_blocked_tcp_passes", where_udp_is_blocked_tcp_passes),
    ("where_only_port_443_is_open_tcp_to_it_passes", only_port_443_passes),
    ("an_ipv6_only_network_has_no_ipv4_and_no_translation", ipv6_only),
    ("the_hosts_of_one_network_reach_each_other", hosts_of_one_network_reach_each_other),
    ("a_host_has_one_interface_and_it_leads_to_its_router", a_host_has_one_interface),
    ("a_server_in_a_cloud_has_its_public_address_outside_alone", a_cloud_translates_one_to_one),
    ("a_server_in_a_cloud_does_not_reach_itself_by_its_public_address", a_cloud_has_no_hairpin),
    ("what_a_killed_laboratory_has_left_the_next_one_removes", remains_are_removed),
];

/// A UDP socket in a namespace.
fn udp(namespace: &Namespace, address: impl Into<IpAddr>, port: u16) -> io::Result<UdpSocket> {
    let address = SocketAddr::new(address.into(), port);
    let socket = namespace.inside(|| UdpSocket::bind(address))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// Sends a datagram that has to arrive, and returns where it comes from as seen there.
fn seen_from(socket: &UdpSocket, receiver: &UdpSocket, at: SocketAddr) -> io::Result<SocketAddr> {
    socket.send_to(b"seen from?", at)?;
    let (text, source) = receive(receiver)?;
    assert_eq!(text, b"seen from?");
    Ok(source)
}

/// Sends something that arrives, so that what is sent next is not held up for want of a neighbour's address while what
/// others send passes it.
fn knows_the_way(socket: &UdpSocket, probes: &Probes) -> io::Result<()> {
    let place = &probes.other;
    let receiver = udp(&place.namespace, place.own, 3481)?;
    seen_from(socket, &receiver, SocketAddr::from((place.public, 3481))).map(drop)
}

fn receive(socket: &UdpSocket) -> io::Result<(Vec<u8>, SocketAddr)> {
    let mut buffer = [0; 100];
    let (length, source) = socket.recv_from(&mut buffer)?;
    Ok((buffer[..length].to_vec(), source))
}

/// Asserts that nothing has come; what must not pass was sent before something that did.
fn nothing_has_come(socket: &UdpSocket) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let came = receive(socket);
    assert!(matches!(&came, Err(error) if error.kind() == ErrorKind::WouldBlock), "came: {came:?}");
    Ok(())
}

/// A host's socket, and the port at which a server sees each of several destinations of its own spoken to.
fn mapped(host: &Host, probes: &Probes) -> io::Result<(SocketAddr, Vec<SocketAddr>)> {
    let socket = udp(&host.namespace, host.address, 0)?;
    let mut seen = Vec::new();
    for place in [&probes.one, &probes.other] {
        for port in [3478, 3479, 3480] {
            let server = udp(&place.namespace, place.own, port)?;
            seen.push(seen_from(&socket, &server, SocketAddr::from((place.public, port)))?);
        }
    }
    Ok((socket.local_addr()?, seen))
}

fn a_home_router_keeps_ports(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let network = laboratory.network(first(Kind::Home));
    let (socket, seen) = mapped(network.host(0), probes)?;
    let expected = SocketAddr::new(network.public_address(0), socket.port());
    assert!(seen.iter().all(|address| *address == expected), "{socket} is seen as {seen:?}");
    Ok(())
}

fn a_symmetric_nat_changes_ports(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let network = laboratory.network(first(Kind::Symmetric));
    let (socket, seen) = mapped(network.host(0), probes)?;
    assert!(seen.iter().all(|address| address.ip() == network.public_address(0)), "{socket} is seen as {seen:?}");
    // Random ports: two of six may be equal, once in thousands of runs.
    let mut ports: Vec<u16> = seen.iter().map(SocketAddr::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert!(ports.len() >= 4, "{socket} is seen as {seen:?}");
    Ok(())
}

fn routers_drop_what_was_not_asked_for(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    for kind in [Kind::Home, Kind::Symmetric] {
        let host = laboratory.network(first(kind)).host(0);
        let socket = udp(&host.namespace, host.address, 0)?;
        let server = udp(&probes.one.namespace, probes.one.own, 3478)?;
        let other_port = udp(&probes.one.namespace, probes.one.own, 3479)?;
        let stranger = udp(&probes.other.namespace, probes.other.own, 3478)?;
        let mapped = seen_from(&socket, &server, SocketAddr::from((probes.one.public, 3478)))?;
        for sender in [&stranger, &other_port] {
            knows_the_way(sender, probes)?;
            sender.send_to(b"unasked", mapped)?;
        }
        server.send_to(b"asked", mapped)?;
        assert_eq!(receive(&socket)?.0, b"asked", "{kind}");
        nothing_has_come(&socket)?;
    }
    Ok(())
}

/// Two hosts learn their addresses outside from a server and send to each other's, twice; returns their sockets.
fn punch(laboratory: &NatLaboratory, probes: &Probes, kinds: [Kind; 2]) -> io::Result<[UdpSocket; 2]> {
    let [one, other] = kinds;
    let networks = [first(one), if one == other { second(other) } else { first(other) }];
    let server = udp(&probes.one.namespace, probes.one.own, 3478)?;
    let open = |network| -> io::Result<_> {
        let host = laboratory.network(network).host(0);
        let socket = udp(&host.namespace, host.address, 0)?;
        let mapped = seen_from(&socket, &server, SocketAddr::from((probes.one.public, 3478)))?;
        Ok((socket, mapped))
    };
    let [(one, one_at), (other, other_at)] = [open(networks[0])?, open(networks[1])?];
    for _ in 0..2 {
        one.send_to(b"punch", other_at)?;
        other.send_to(b"punch", one_at)?;
    }
    // What comes later than everything else.
    server.send_to(b"end", one_at)?;
    server.send_to(b"end", other_at)?;
    Ok([one, other])
}

fn two_homes_can_punch_holes(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let sockets = punch(laboratory, probes, [Kind::Home, Kind::Home])?;
    for socket in &sockets {
        assert_eq!(receive(socket)?.0, b"punch");
    }
    Ok(())
}

fn nobody_can_punch_to_a_symmetric_nat(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    for kinds in [[Kind::Home, Kind::Symmetric], [Kind::Symmetric, Kind::Symmetric]] {
        for socket in punch(laboratory, probes, kinds)? {
            assert_eq!(receive(&socket)?.0, b"end", "{kinds:?}");
        }
    }
    Ok(())
}

/// Listens on TCP ports of a place.
fn listen(place: &ServerPlace, ports: &[u16]) -> io::Result<Vec<TcpListener>> {
    ports.iter().map(|port| place.namespace.inside(|| TcpListener::bind((place.own, *port)))).collect()
}

fn connect(host: &Host, to: (Ipv4Addr, u16), within: Duration) -> io::Result<TcpStream> {
    host.namespace.inside(|| TcpStream::connect_timeout(&SocketAddr::from(to), within))
}

/// Nobody has connected, though somebody tried.
fn nobody_has_come(listener: &TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let came = listener.accept();
    assert!(matches!(&came, Err(error) if error.kind() == ErrorKind::WouldBlock), "came: {came:?}");
    Ok(())
}

fn where_udp_is_blocked_tcp_passes(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let place = &probes.one;
    let host = laboratory.network(first(Kind::UdpBlocked)).host(0);
    let socket = udp(&host.namespace, host.address, 0)?;
    let server = udp(&place.namespace, place.own, 3478)?;
    socket.send_to(b"blocked", (place.public, 3478))?;
    let listeners = listen(place, &[443, 3478])?;
    for listener in &listeners {
        connect(host, (place.public, listener.local_addr()?.port()), PATIENCE)?;
        listener.accept()?;
    }
    nothing_has_come(&server)
}

fn only_port_443_passes(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let place = &probes.one;
    let host = laboratory.network(first(Kind::Only443)).host(0);
    let listeners = listen(place, &[443, 80, 3478])?;
    let servers = [443, 3478].map(|port| udp(&place.namespace, place.own, port));
    let socket = udp(&host.namespace, host.address, 0)?;
    for port in [443, 3478] {
        socket.send_to(b"blocked", (place.public, port))?;
    }
    for port in [80, 3478] {
        assert!(connect(host, (place.public, port), IN_VAIN).is_err(), "port {port}");
    }
    connect(host, (place.public, 443), PATIENCE)?;
    listeners[0].accept()?;
    listeners[1..].iter().try_for_each(nobody_has_come)?;
    servers.into_iter().try_for_each(|server| nothing_has_come(&server?))
}

fn ipv6_only(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let place = &probes.one;
    let ipv6 = place.ipv6.ok_or(ErrorKind::AddrNotAvailable)?;
    let networks = [first(Kind::Ipv6Only), second(Kind::Ipv6Only)].map(|number| laboratory.network(number));
    let [here, there] = networks.map(|network| network.host(0));
    let socket = udp(&here.namespace, here.address, 0)?;
    let server = udp(&place.namespace, ipv6, 3478)?;
    assert_eq!(seen_from(&socket, &server, SocketAddr::from((ipv6, 3478)))?, socket.local_addr()?);
    let no_route = connect(here, (place.public, 443), PATIENCE).err().map(|error| error.kind());
    assert_eq!(no_route, Some(ErrorKind::NetworkUnreachable));
    // Both addresses are public, and still nobody is reached who has not sent before.
    let other = udp(&there.namespace, there.address, 0)?;
    seen_from(&other, &server, SocketAddr::from((ipv6, 3478)))?;
    other.send_to(b"unasked", socket.local_addr()?)?;
    server.send_to(b"asked", socket.local_addr()?)?;
    assert_eq!(receive(&socket)?.0, b"asked");
    socket.send_to(b"now asked", other.local_addr()?)?;
    assert_eq!(receive(&other)?.0, b"now asked");
    other.send_to(b"asked", socket.local_addr()?)?;
    assert_eq!(receive(&socket)?.0, b"asked");
    Ok(())
}

fn hosts_of_one_network_reach_each_other(laboratory: &NatLaboratory, _: &Probes) -> io::Result<()> {
    for network in [first(Kind::Home), first(Kind::Only443), first(Kind::Ipv6Only)] {
        let network: &Network = laboratory.network(network);
        let sockets = [network.host(0), network.host(1)].map(|host| udp(&host.namespace, host.address, 0));
        let [one, other] = sockets;
        let (one, other) = (one?, other?);
        assert_eq!(seen_from(&one, &other, other.local_addr()?)?, one.local_addr()?, "{}", network.kind());
    }
    Ok(())
}

fn a_host_has_one_interface(laboratory: &NatLaboratory, _: &Probes) -> io::Result<()> {
    let host = laboratory.network(first(Kind::Home)).host(0);
    let text = host.namespace.inside(|| std::fs::read_to_string("/proc/thread-self/net/dev"))?;
    let interfaces = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    let mut names: Vec<&str> = interfaces.filter(|name| !name.starts_with("ifb")).collect();
    names.sort_unstable();
    assert_eq!(names, ["lan", "lo"]);
    Ok(())
}

fn a_cloud_translates_one_to_one(laboratory: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let (cloud, outside) = (&probes.cloud, &probes.one);
    assert_ne!(cloud.public, cloud.own);
    let network = laboratory.network(first(Kind::Home));
    let host = network.host(0);
    let socket = udp(&host.namespace, host.address, 0)?;
    let server = udp(&cloud.namespace, cloud.own, 50_000)?;
    let client = seen_from(&socket, &server, SocketAddr::from((cloud.public, 50_000)))?;
    assert_eq!(client.ip(), network.public_address(0));
    server.send_to(b"answer", client)?;
    assert_eq!(receive(&socket)?, (b"answer".to_vec(), SocketAddr::from((cloud.public, 50_000))));
    // What it sends of its own accord comes from its public address and the same port, too.
    let other = udp(&outside.namespace, outside.own, 3478)?;
    let seen = seen_from(&server, &other, SocketAddr::from((outside.public, 3478)))?;
    assert_eq!(seen, SocketAddr::from((cloud.public, 50_000)));
    Ok(())
}

fn a_cloud_has_no_hairpin(_: &NatLaboratory, probes: &Probes) -> io::Result<()> {
    let cloud = &probes.cloud;
    let (one, other) = (udp(&cloud.namespace, cloud.own, 50_001)?, udp(&cloud.namespace, cloud.own, 50_002)?);
    one.send_to(b"hairpin", (cloud.public, 50_002))?;
    one.send_to(b"inside", (cloud.own, 50_002))?;
    assert_eq!(receive(&other)?.0, b"inside");
    nothing_has_come(&other)
}

fn remains_are_removed(_: &NatLaboratory, _: &Probes) -> io::Result<()> {
    // As a killed program would leave it: with a browser in it, and without anybody who claims its number.
    const LEFT: &str = "vitrine-199-host0-0";
    let left = Path::new("/run/netns").join(LEFT);
    Command::new("ip").args(["netns", "add", LEFT]).status()?;
    let mut program = Command::new("ip").args(["netns", "exec", LEFT, "sleep", "600"]).spawn()?;
    let in_it = || Command::new("ip").args(["netns", "pids", LEFT]).output().map(|output| !output.stdout.is_empty());
    while !in_it()? {
        assert!(program.try_wait()?.is_none(), "there is a program to be ended");
    }
    let next = NatLaboratory::build(&[]).map_err(io::Error::other)?;
    assert!(!left.exists());
    assert!(!program.wait()?.success());
    drop(next);
    Ok(())
}
