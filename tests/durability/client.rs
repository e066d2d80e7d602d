//! A small HTTP/1.1 client that keeps its connection. Any error means: nobody knows whether the
//! request was done.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A server that lives answers within this; one that was killed resets the connection.
const DEADLINE: Duration = Duration::from_mins(1);

/// By what a request is allowed.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    Nothing,
    Token(&'a str),
    Cookie(&'a str),
}

pub struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The first pair of the `Set-Cookie` line.
    pub cookie: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A text of the body by its JSON pointer; empty when it is not there.
    pub fn text(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    pub fn get(&mut self, path: &str, by: By<'_>) -> io::Result<Answer> {
        self.send(("GET", path), by, None)
    }

    pub fn post(&mut self, path: &str, by: By<'_>) -> io::Result<Answer> {
        self.send(("POST", path), by, None)
    }

    pub fn send(
        &mut self,
        (method, path): (&str, &str),
        by: By<'_>,
        body: Option<&Value>,
    ) -> io::Result<Answer> {
        let by = match by {
            By::Nothing => String::new(),
            By::Token(token) => format!("Authorization: Bearer {token}\r\n"),
            By::Cookie(cookie) => format!("Cookie: {cookie}\r\n"),
        };
        let kind = body.map_or("", |_| "Content-Type: application/json\r\n");
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{kind}{by}\r\n{body}",
            self.address,
            body.len()
        );
        let done = self.exchange(&request);
        if let Err(error) = &done {
            let silent = [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind());
            assert!(!silent, "{method} {path} has no answer after {DEADLINE:?}");
            self.stream = None;
        }
        done
    }

    fn exchange(&mut self, request: &str) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect()?,
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let answer = read(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }

    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        Ok(BufReader::new(stream))
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let status = line(stream)?.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or(ErrorKind::InvalidData)?;
    let (mut cookie, mut length) = (None, 0);
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name {
            "content-length" => length = value.parse().unwrap(),
            "set-cookie" => cookie = value.split(';').next().map(str::to_owned),
            other => assert_ne!(other, "transfer-encoding", "this client does not read it"),
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Answer { status, cookie, body })
}

/// A whole line; one that was cut off is an error.
fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| ErrorKind::UnexpectedEof.into())
}
