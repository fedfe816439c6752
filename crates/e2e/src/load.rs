//! Load for a signaling server: Socket.IO connections over raw WebSockets, thousands of them if need be, and what they
//! cost the server in processor time and memory. No browser and no media.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig},
};

use crate::{Error, Result, error::Doing};

/// How long a server may take to answer, however busy it is.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Ticks of a process's clock in a second (`USER_HZ`), the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A Socket.IO connection.
pub struct SignalingSocket {
    socket: WebSocketStream<TcpStream>,
    /// The id that the server gave it.
    pub id: String,
}

impl SignalingSocket {
    /// Connects to a server on this machine.
    ///
    /// # Errors
    /// When the server does not answer as a Socket.IO server does.
    pub async fn connect(port: u16) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect(address).await.doing(|| format!("connect to {address}"))?;
        stream.set_nodelay(true).doing(|| "set TCP_NODELAY".to_owned())?;
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        // What this end buffers is not measured, but has to fit into the machine ten thousand times.
        let config = WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(8 * 1024);
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await.map_err(Box::new)?;
        let mut this = Self { socket, id: String::new() };
        this.expect("0{").await?;
        this.send("40".to_owned()).await?;
        let connected = this.expect("40{").await?;
        this.id = connected.split('"').nth(3).unwrap_or_default().to_owned();
        Ok(this)
    }

    /// Enters a room.
    ///
    /// # Errors
    /// When the server does not let it in.
    pub async fn join(&mut self, room: &str) -> Result<()> {
        self.send(format!("420[\"join-room\",\"{room}\"]")).await?;
        let answer = self.expect("430[").await?;
        if answer.contains("\"success\":true") { Ok(()) } else { Err(Error::Signaling(answer.as_str().to_owned())) }
    }

    /// Sends a frame of text.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn send(&mut self, text: String) -> Result<()> {
        Ok(self.socket.send(Message::text(text)).await.map_err(Box::new)?)
    }

    /// Sends the same frame of text `times` times, at once.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn send_burst(&mut self, text: &Utf8Bytes, times: usize) -> Result<()> {
        for _ in 0..times {
            self.socket.feed(Message::Text(text.clone())).await.map_err(Box::new)?;
        }
        Ok(self.socket.flush().await.map_err(Box::new)?)
    }

    /// Waits for a frame that begins with `start`, and passes over others.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn expect(&mut self, start: &str) -> Result<Utf8Bytes> {
        let frame = async {
            loop {
                let text = self.frame().await?;
                if text.starts_with(start) {
                    return Ok(text);
                }
            }
        };
        let in_time = tokio::time::timeout(ANSWER_WITHIN, frame).await;
        in_time.unwrap_or_else(|_| Err(Error::Signaling(format!("no frame that begins with {start}"))))
    }

    /// Answers pings for as long as the connection lives; returns when it has ended.
    pub async fn idle(mut self) {
        while self.frame().await.is_ok() {}
    }

    /// The next frame of text. Pings are answered.
    async fn frame(&mut self) -> Result<Utf8Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3".to_owned()).await?,
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Box::new(error).into()),
                None => return Err(Error::Signaling("the end of the connection".to_owned())),
            }
        }
    }
}

/// Seconds of processor time that a program has used so far, all its threads together. Knows Linux only.
///
/// # Errors
/// When there is no such program.
pub fn cpu_seconds(program: u32) -> Result<f64> {
    let path = format!("/proc/{program}/stat");
    let stat = std::fs::read_to_string(&path).doing(|| format!("read {path}"))?;
    // proc_pid_stat(5): the program's name, which may hold spaces, ends at the last bracket; `utime` is the 12th word
    // after it, `stime` the 13th.
    let words = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = words.skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// Bytes of memory that a program uses: its own, and its share of what it has in common with others (`Pss`). Knows Linux
/// only.
///
/// # Errors
/// When there is no such program.
pub fn memory_bytes(program: u32) -> Result<u64> {
    let path = format!("/proc/{program}/smaps_rollup");
    let rollup = std::fs::read_to_string(&path).doing(|| format!("read {path}"))?;
    let words =
        rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse::<u64>().ok());
    words.map(|kibibytes| kibibytes * 1024).ok_or_else(|| Error::Signaling(format!("no Pss in {path}")))
}

/// Lets this program have as many connections as the system allows.
///
/// # Errors
/// When the system refuses.
pub fn allow_many_connections() -> Result<u64> {
    rlimit::increase_nofile_limit(u64::MAX).doing(|| "raise the number of open files".to_owned())
}
