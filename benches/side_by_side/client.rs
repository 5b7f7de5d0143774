//! A client that costs next to nothing: blocking sockets, one request at a time on each.

use std::io::{ErrorKind, Read, Write};
use std::iter::{Cycle, Skip};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

/// Connections that ask at once.
const CONNECTIONS: usize = 16;

/// A response, taken apart.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Reply {
    /// The values of the cookies that it sets, as a `Cookie` header has them; one that is taken back has none.
    pub(crate) fn cookies(&self) -> String {
        let lines = self
            .headers
            .iter()
            .filter_map(|line| line.strip_prefix("set-cookie: "));
        let pairs: Vec<&str> = lines
            .filter_map(|line| line.split(';').next())
            .filter(|pair| {
                pair.split_once('=')
                    .is_some_and(|(_, value)| !value.is_empty())
            })
            .collect();
        pairs.join("; ")
    }
}

/// A GET.
pub(crate) fn request(path: &str, cookie: &str) -> Vec<u8> {
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("Cookie: {cookie}\r\n")
    };
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n").into_bytes()
}

/// A form, sent by way of a proxy that says where it came from.
pub(crate) fn form(path: &str, cookie: &str, ip: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nX-Forwarded-For: {ip}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// JSON, to somebody else.
pub(crate) fn json_form(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Asks once.
pub(crate) fn fetch(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    ask(&mut stream, request, &mut Vec::new())
}

/// Asks once on a connection that stays open.
pub(crate) fn ask(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Reply {
    stream.write_all(request).unwrap();
    let (head_end, total) = read_response(stream, buffer);
    let head = std::str::from_utf8(&buffer[..head_end]).unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    Reply {
        status,
        headers,
        body: String::from_utf8(buffer[head_end..total].to_vec()).unwrap(),
    }
}

/// A load that can be stopped and goes on where it was: connections, each with requests in turn.
pub(crate) struct Load<'a> {
    connections: Vec<Connection<'a>>,
}

struct Connection<'a> {
    stream: TcpStream,
    buffer: Vec<u8>,
    turns: Skip<Cycle<slice::Iter<'a, Vec<u8>>>>,
}

impl<'a> Load<'a> {
    /// Connects; each connection begins at another of the requests.
    pub(crate) fn on(address: SocketAddr, requests: &'a [Vec<u8>]) -> Self {
        let connections = (0..CONNECTIONS)
            .map(|first| Connection {
                stream: TcpStream::connect(address).unwrap(),
                buffer: Vec::new(),
                turns: requests
                    .iter()
                    .cycle()
                    .skip(first * requests.len() / CONNECTIONS),
            })
            .collect();
        Self { connections }
    }

    /// How many answers of 200 come in a second.
    pub(crate) fn throughput(&mut self, span: Duration) -> f64 {
        let begun = Instant::now();
        let answered: usize = thread::scope(|scope| {
            let threads: Vec<_> = self
                .connections
                .iter_mut()
                .map(|connection| scope.spawn(move || connection.ask_until(begun, span)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        answered as f64 / begun.elapsed().as_secs_f64()
    }

    /// Asks `rate` times a second, evenly; how long each answer took, from when its request was due and not
    /// from when it could be sent: what waits for others counts.
    pub(crate) fn waits(&mut self, rate: f64, span: Duration) -> Vec<Duration> {
        let pause = Duration::from_secs_f64(self.connections.len() as f64 / rate);
        let begun = Instant::now();
        thread::scope(|scope| {
            let threads: Vec<_> = (0_u32..)
                .zip(&mut self.connections)
                .map(|(nth, connection)| {
                    let first = begun + pause * nth / CONNECTIONS as u32;
                    scope.spawn(move || connection.ask_evenly(first, pause, begun + span))
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        })
    }
}

/// Sends each of the requests once, `rate` of them a second, evenly; each answer, with how long it took from when
/// its request was due, in the order of the requests.
pub(crate) fn evenly(
    address: SocketAddr,
    requests: &[Vec<u8>],
    rate: f64,
) -> Vec<(Duration, Reply)> {
    let begun = Instant::now();
    let mut answers: Vec<(usize, Duration, Reply)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|first| {
                let mine = requests.iter().enumerate().skip(first);
                scope.spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    let mut buffer = Vec::new();
                    mine.step_by(CONNECTIONS)
                        .map(|(number, request)| {
                            let due = begun + Duration::from_secs_f64(number as f64 / rate);
                            thread::sleep(due.saturating_duration_since(Instant::now()));
                            let reply = ask(&mut stream, request, &mut buffer);
                            (number, due.elapsed(), reply)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    answers.sort_unstable_by_key(|(number, ..)| *number);
    answers
        .into_iter()
        .map(|(_, wait, reply)| (wait, reply))
        .collect()
}

impl Connection<'_> {
    fn ask_until(&mut self, begun: Instant, span: Duration) -> usize {
        let mut count = 0;
        while begun.elapsed() < span {
            self.ask_once();
            count += 1;
        }
        count
    }

    fn ask_evenly(&mut self, first: Instant, pause: Duration, end: Instant) -> Vec<Duration> {
        let mut waits = Vec::new();
        let mut due = first;
        while due < end {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.ask_once();
            waits.push(due.elapsed());
            due += pause;
        }
        waits
    }

    fn ask_once(&mut self) {
        self.stream.write_all(self.turns.next().unwrap()).unwrap();
        read_response(&mut self.stream, &mut self.buffer);
        assert!(
            self.buffer.starts_with(b"HTTP/1.1 200"),
            "not every answer was a 200"
        );
    }
}

/// Reads one response; says where its head ends, and where it ends.
fn read_response(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> (usize, usize) {
    buffer.clear();
    let mut chunk = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "the server hung up");
        buffer.extend_from_slice(&chunk[..count]);
        if let Some(head_end) = find(buffer, b"\r\n\r\n").map(|at| at + 4) {
            let length = content_length(&buffer[..head_end]);
            if buffer.len() >= head_end + length {
                return (head_end, head_end + length);
            }
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let Some(at) = find(head, b"content-length: ") else {
        return 0;
    };
    let digits = head[at + 16..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |length, byte| length * 10 + usize::from(byte - b'0'))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// An address that nothing listens on.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// Tries until a connection is taken.
pub(crate) fn wait_until_open(address: SocketAddr) {
    let begun = Instant::now();
    while let Err(e) = TcpStream::connect(address) {
        assert_eq!(e.kind(), ErrorKind::ConnectionRefused);
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{address} never opened"
        );
        thread::sleep(Duration::from_micros(200));
    }
}
