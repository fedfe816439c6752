//! A minimal HTTP/1.1 client: one request per connection, bodies as bytes.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use vitrine_server::ByteStream;

use crate::client::{HERE, TIMEOUT, connect_from};

#[derive(Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header (name in lower case); empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "{name} is there once");
        value
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub async fn get(server: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    request(server, "GET", path, headers, "").await
}

/// Sends a GET request from a loopback address.
pub async fn get_from(source: &str, server: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    let stream = connect_from(source, server).await;
    request_over(stream, server, "GET", path, headers, "").await
}

pub async fn request(server: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let stream = connect_from(HERE, server).await;
    request_over(stream, server, method, path, headers, body).await
}

/// Like [`request`], over an existing connection.
pub async fn request_over(
    mut stream: impl ByteStream,
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("content-length: {}\r\n\r\n{body}", body.len());
    let exchange = async {
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let answer = timeout(TIMEOUT, exchange).await.expect("a response in time");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a response head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        // It differs between responses.
        .filter(|(name, _)| name != "date")
        .collect();
    let response = Response { status, headers, body: answer[end + 4..].to_vec() };
    assert_eq!(response.header("transfer-encoding"), "", "bodies come whole");
    response
}
