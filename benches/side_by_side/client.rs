//! Requests and responses over blocking sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Threads of [`evenly`], each with one connection.
const SENDERS: usize = 16;

/// A parsed response.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Reply {
    /// The cookies that the response sets, as the value of a `Cookie` header. Removed cookies are left out.
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

pub(crate) fn request(path: &str, cookie: &str) -> Vec<u8> {
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("Cookie: {cookie}\r\n")
    };
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n").into_bytes()
}

/// A form that arrives through a proxy; `ip` is the client's address in `X-Forwarded-For`.
pub(crate) fn form(path: &str, cookie: &str, ip: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nX-Forwarded-For: {ip}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A POST with a JSON body.
pub(crate) fn json_form(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends one request on a new connection.
pub(crate) fn fetch(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    ask(&mut stream, request, &mut Vec::new())
}

/// Sends one request on a keep-alive connection.
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

/// Sends each request once at an even rate (open loop), `rate` requests a second. Returns the responses in the order
/// of the requests, each with its wait since the request was due.
pub(crate) fn evenly(
    address: SocketAddr,
    requests: &[Vec<u8>],
    rate: f64,
) -> Vec<(Duration, Reply)> {
    let begun = Instant::now();
    let mut answers: Vec<(usize, Duration, Reply)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..SENDERS)
            .map(|first| {
                let mine = requests.iter().enumerate().skip(first);
                scope.spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    let mut buffer = Vec::new();
                    mine.step_by(SENDERS)
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

/// Reads one response into `buffer`. Returns the lengths of its head and of the whole response.
fn read_response(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> (usize, usize) {
    buffer.clear();
    let mut chunk = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "the server hung up");
        buffer.extend_from_slice(&chunk[..count]);
        if let Some((head, total)) = lengths(buffer)
            && buffer.len() >= total
        {
            return (head, total);
        }
    }
}

/// The lengths of a response's head and of the whole response, once its head is complete.
pub(crate) fn lengths(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = find(buffer, b"\r\n\r\n")? + 4;
    Some((head, head + content_length(&buffer[..head])))
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

/// A local address with a free port.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// Waits until the server accepts a connection.
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
