//! Shared test helpers: a server in this process, and a Socket.IO client over a WebSocket that shows every frame.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::HeaderName},
};
use vitrine_server::{ByteStream, Config, Dist, ServeError, TurnListen, serve};

/// Timeout of every wait, long enough for a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// The default source address of clients.
pub const HERE: &str = "127.0.0.1";

/// Connects from a loopback address.
pub async fn connect_from(source: &str, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
    socket.connect(server).await.unwrap()
}

/// A server in this process on its own port. It stops with the test.
pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    /// Signaling only, with the defaults.
    pub async fn start() -> Self {
        Self::with(Config::default()).await
    }

    /// Signaling only.
    pub async fn with(config: Config) -> Self {
        Self::with_files(Config { dist: Dist::None, ..config }).await
    }

    /// Without a relay unless configured: tests run in parallel, and the relay's default port is the same for all.
    pub async fn with_files(mut config: Config) -> Self {
        if config.turn.turn_listen.is_empty() {
            config.turn.turn_listen = vec![TurnListen::Nowhere];
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(config, listener, async {
            let _ = stopped.await;
        }));
        Self { address, stop, task }
    }

    /// Stops the server and returns the result of `serve`.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop.send(()).unwrap();
        timeout(TIMEOUT, self.task).await.expect("the server stops in time").unwrap()
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// A client in a room.
    pub async fn participant(&self, room: &str) -> Client {
        let mut client = self.client().await;
        let answer = client.request("join-room", &json!(room)).await;
        assert_eq!(answer["success"], true, "{answer}");
        client
    }
}

/// A received event: its name, its data, and the data's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    pub data: Value,
    pub text: String,
}

/// A Socket.IO connection over a WebSocket.
pub struct Client {
    socket: WebSocketStream<Box<dyn ByteStream>>,
    pub id: String,
    events: VecDeque<Event>,
    next_ack: u64,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::connect_with_origin(address, None).await.expect("a WebSocket")
    }

    /// Connects as a page of `origin` would. The error is the status of a response that is no WebSocket.
    pub async fn connect_with_origin(address: SocketAddr, origin: Option<&str>) -> Result<Self, u16> {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        Self::connect_from(HERE, address, &headers).await
    }

    /// Connects from a loopback address, with more headers. The error is the status of a response that is no WebSocket.
    pub async fn connect_from(source: &str, address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let stream = connect_from(source, address).await;
        Self::connect_over(stream, &format!("ws://{address}"), headers).await
    }

    /// Connects to `server`, `ws://HOST:PORT` or `wss://HOST:PORT`, over an existing connection.
    pub async fn connect_over(
        stream: impl ByteStream + 'static,
        server: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut client = Self::open(Box::new(stream), server, "", headers).await?;
        let open = client.frame().await.expect("an open packet");
        assert!(open.starts_with("0{"), "{open}");
        client.send("40").await;
        let connected = client.frame().await.expect("a connect packet");
        let json: Value = serde_json::from_str(connected.strip_prefix("40").unwrap()).unwrap();
        client.id = json["sid"].as_str().unwrap().to_owned();
        Ok(client)
    }

    /// Upgrades a long-polling session, as socket.io-client does.
    pub async fn upgrade(address: SocketAddr, session: &str, id: &str) -> Result<Self, u16> {
        let mut client = Self::try_probe(address, session).await?;
        client.id = id.to_owned();
        client.send("5").await;
        Ok(client)
    }

    /// Probes a WebSocket for a long-polling session without upgrading to it.
    pub async fn probe(address: SocketAddr, session: &str) -> Self {
        Self::try_probe(address, session).await.expect("a WebSocket")
    }

    async fn try_probe(address: SocketAddr, session: &str) -> Result<Self, u16> {
        let mut client = Self::open_here(address, &format!("&sid={session}")).await?;
        client.send("2probe").await;
        assert_eq!(client.frame().await.as_deref(), Some("3probe"));
        Ok(client)
    }

    /// Opens a session without connecting to a namespace.
    pub async fn unconnected(address: SocketAddr) -> Self {
        let mut client = Self::open_here(address, "").await.expect("a WebSocket");
        assert!(client.frame().await.expect("an open packet").starts_with("0{"));
        client
    }

    async fn open_here(address: SocketAddr, query: &str) -> Result<Self, u16> {
        let stream = connect_from(HERE, address).await;
        Self::open(Box::new(stream), &format!("ws://{address}"), query, &[]).await
    }

    async fn open(
        stream: Box<dyn ByteStream>,
        server: &str,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut request =
            format!("{server}/socket.io/?EIO=4&transport=websocket{query}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self { socket, id: String::new(), events: VecDeque::new(), next_ack: 0 }),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn send(&mut self, frame: &str) {
        self.try_send(frame).await.unwrap();
    }

    pub async fn try_send(&mut self, frame: &str) -> Result<(), tungstenite::Error> {
        self.socket.send(Message::text(frame)).await
    }

    pub async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    /// The next text frame except pings, which are answered while the connection accepts frames. `None` when the server
    /// has closed the connection; an Engine.IO close packet may precede the end of the WebSocket.
    pub async fn frame(&mut self) -> Option<String> {
        loop {
            match timeout(TIMEOUT, self.socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    let _ = self.try_send("3").await;
                }
                Some(Ok(Message::Text(text))) if text.as_str() == "1" => return None,
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Waits for a ping and answers it.
    pub async fn ping(&mut self) {
        let frame = timeout(TIMEOUT, self.socket.next()).await.expect("a frame in time").unwrap().unwrap();
        assert_eq!(frame.to_text().unwrap(), "2");
        self.send("3").await;
    }

    /// Sends an event without asking for an acknowledgement.
    pub async fn emit(&mut self, event: &str, data: &Value) {
        self.send(&format!("42{}", json!([event, data]))).await;
    }

    /// Sends an event and waits for its acknowledgement; events received before it are queued.
    pub async fn request(&mut self, event: &str, data: &Value) -> Value {
        self.request_text(&json!([event, data]).to_string()).await
    }

    /// Like [`Self::request`], with the array of event and data as text.
    pub async fn request_text(&mut self, array: &str) -> Value {
        let id = self.next_ack;
        self.next_ack += 1;
        self.send(&format!("42{id}{array}")).await;
        loop {
            let frame = self.frame().await.expect("an acknowledgement");
            if let Some(answer) = frame.strip_prefix(&format!("43{id}")) {
                let [answer]: [Value; 1] = serde_json::from_str(answer).unwrap();
                return answer;
            }
            self.events.push_back(parse_event(&frame));
        }
    }

    /// The next event.
    pub async fn event(&mut self) -> Event {
        match self.events.pop_front() {
            Some(event) => event,
            None => parse_event(&self.frame().await.expect("an event")),
        }
    }

    /// Waits until the server has handled every earlier event, and returns the events received meanwhile. The server
    /// answers in order, so an event that is missing was not sent.
    pub async fn settle(&mut self) -> Vec<Event> {
        let answer = self.request("offer", &json!("a request that changes nothing")).await;
        assert_eq!(answer["error"]["code"], "malformed-payload");
        self.events.drain(..).collect()
    }

    /// Closes the TCP connection without a close on any layer above.
    pub fn vanish(self) {
        drop(self);
    }

    /// Closes the connection as a closing page does.
    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        while self.frame().await.is_some() {}
    }
}

pub fn parse_event(frame: &str) -> Event {
    let array = frame.strip_prefix("42").unwrap_or_else(|| panic!("not an event: {frame}"));
    let parts: Vec<&serde_json::value::RawValue> = serde_json::from_str(array).unwrap();
    assert_eq!(parts.len(), 2, "{frame}");
    Event {
        name: serde_json::from_str(parts[0].get()).unwrap(),
        data: serde_json::from_str(parts[1].get()).unwrap(),
        text: parts[1].get().to_owned(),
    }
}
