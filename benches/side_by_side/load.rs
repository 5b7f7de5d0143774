//! Load on one server: keep-alive connections that repeat their requests.

use std::io::{ErrorKind, Read, Write};
use std::iter::{Cycle, Skip};
use std::net::SocketAddr;
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::client::lengths;

const CONNECTIONS: usize = 32;
/// A response is read in one call, or in a few.
const CHUNK: usize = 64 * 1024;

/// A closed loop, as wrk runs it: one thread, and on each connection one request at a time. The client shares the
/// machine with the server, so its work per request has to be small beside the server's.
pub(crate) struct ClosedLoop<'a> {
    poll: Poll,
    events: Events,
    chunk: Vec<u8>,
    connections: Vec<Connection<'a, TcpStream>>,
}

/// An open loop: requests are due at an even rate, whether or not earlier ones have been answered.
pub(crate) struct OpenLoop<'a>(Vec<Connection<'a, std::net::TcpStream>>);

type Requests<'a> = Skip<Cycle<slice::Iter<'a, Vec<u8>>>>;

struct Connection<'a, S> {
    stream: S,
    response: Vec<u8>,
    requests: Requests<'a>,
}

/// The connections' sequences of requests. Each connection begins at a different request.
fn sequences(requests: &[Vec<u8>]) -> impl Iterator<Item = Requests<'_>> {
    (0..CONNECTIONS).map(|nth| {
        let first = nth * requests.len() / CONNECTIONS;
        requests.iter().cycle().skip(first)
    })
}

impl<'a> ClosedLoop<'a> {
    pub(crate) fn connect(address: SocketAddr, requests: &'a [Vec<u8>]) -> Self {
        let poll = Poll::new().unwrap();
        let connections = sequences(requests)
            .enumerate()
            .map(|(nth, requests)| {
                let stream = std::net::TcpStream::connect(address).unwrap();
                stream.set_nonblocking(true).unwrap();
                let mut stream = TcpStream::from_std(stream);
                poll.registry()
                    .register(&mut stream, Token(nth), Interest::READABLE)
                    .unwrap();
                Connection::new(stream, requests)
            })
            .collect();
        Self {
            poll,
            events: Events::with_capacity(CONNECTIONS),
            chunk: vec![0; CHUNK],
            connections,
        }
    }

    /// Runs for `span`, then waits for the responses that are still due. Returns the number of responses and the
    /// time that they took.
    pub(crate) fn run(&mut self, span: Duration) -> (usize, Duration) {
        let begun = Instant::now();
        let (mut answered, mut busy) = (0, self.connections.len());
        self.connections.iter_mut().for_each(Connection::send);
        while busy > 0 {
            self.poll.poll(&mut self.events, None).unwrap();
            for event in &self.events {
                let connection = &mut self.connections[event.token().0];
                if !connection.receive(&mut self.chunk) {
                    continue;
                }
                answered += 1;
                if begun.elapsed() < span {
                    connection.send();
                } else {
                    busy -= 1;
                }
            }
        }
        (answered, begun.elapsed())
    }
}

impl<'a> OpenLoop<'a> {
    pub(crate) fn connect(address: SocketAddr, requests: &'a [Vec<u8>]) -> Self {
        let connections = sequences(requests).map(|requests| {
            let stream = std::net::TcpStream::connect(address).unwrap();
            Connection::new(stream, requests)
        });
        Self(connections.collect())
    }

    /// Sends `rate` requests a second. Returns the wait for each response since its request was due: a request that
    /// had to wait for earlier ones counts that time too.
    pub(crate) fn waits(&mut self, rate: f64, span: Duration) -> Vec<Duration> {
        let pause = Duration::from_secs_f64(self.0.len() as f64 / rate);
        let begun = Instant::now();
        thread::scope(|scope| {
            let threads: Vec<_> = (0_u32..)
                .zip(&mut self.0)
                .map(|(nth, connection)| {
                    let first = begun + pause * nth / CONNECTIONS as u32;
                    scope.spawn(move || connection.send_evenly(first, pause, begun + span))
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        })
    }
}

impl<'a, S: Read + Write> Connection<'a, S> {
    fn new(stream: S, requests: Requests<'a>) -> Self {
        Self {
            stream,
            response: Vec::new(),
            requests,
        }
    }

    fn send(&mut self) {
        self.response.clear();
        self.stream
            .write_all(self.requests.next().unwrap())
            .unwrap();
    }

    /// Reads what has arrived. Returns whether the response is complete.
    fn receive(&mut self, chunk: &mut [u8]) -> bool {
        loop {
            match self.stream.read(chunk) {
                Ok(count) => {
                    assert!(count > 0, "the server closed the connection");
                    self.response.extend_from_slice(&chunk[..count]);
                }
                Err(e) => {
                    assert_eq!(e.kind(), ErrorKind::WouldBlock);
                    return false;
                }
            }
            if lengths(&self.response).is_some_and(|(_, total)| self.response.len() >= total) {
                assert!(
                    self.response.starts_with(b"HTTP/1.1 200"),
                    "a response was not a 200"
                );
                return true;
            }
        }
    }

    fn send_evenly(&mut self, first: Instant, pause: Duration, end: Instant) -> Vec<Duration> {
        let mut chunk = vec![0; CHUNK];
        let mut waits = Vec::new();
        let mut due = first;
        while due < end {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.send();
            assert!(self.receive(&mut chunk), "a response was cut off");
            waits.push(due.elapsed());
            due += pause;
        }
        waits
    }
}
