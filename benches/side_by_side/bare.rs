//! The limit of the stack: actix-web, one handler, the same bytes.

use std::array;
use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, web};
use tempfile::TempDir;

use crate::client::{Load, Reply, fetch, free_address, wait_until_open};
use crate::{in_turn, median, percentiles};

/// A turn is short, so that the machine is as fast in the one as in the next.
const TURN: Duration = Duration::from_millis(250);
const TURNS: usize = 60;

/// How many of these requests the console answers in a second, and how many a bare server, with the
/// bytes of the first answer.
pub(crate) fn beside(console: SocketAddr, requests: &[Vec<u8>]) -> (f64, f64) {
    let bare = Bare::start(&fetch(console, &requests[0]));
    let mut sides = [console, bare.address].map(|address| Load::on(address, requests));
    for side in &mut sides {
        side.throughput(TURN);
    }
    let mut answered = [0.0; 2];
    for side in in_turn(TURNS, 2) {
        answered[side] += sides[side].throughput(TURN);
    }
    let [ours, bares] = answered.map(|sum| sum / TURNS as f64);
    (ours, bares)
}

/// The waits that 50, 99 and 99.9 in 100 answers stay under, in milliseconds, of each console, asked these
/// requests `rate` times a second, and of a bare server for each: the median over the turns, which all of them take in one run. Of the some
/// ten thousand answers of a turn the slowest thousandth is ten; what happens in fewer than half of the turns shows in
/// none of the three.
pub(crate) fn waits_beside<const N: usize>(
    consoles: [(SocketAddr, &[Vec<u8>]); N],
    rate: f64,
) -> [[[f64; 3]; N]; 2] {
    let bares =
        consoles.map(|(address, requests)| (Bare::start(&fetch(address, &requests[0])), requests));
    let bare_sides = bares
        .iter()
        .map(|(bare, requests)| (bare.address, *requests));
    let mut loads: Vec<_> = consoles
        .into_iter()
        .chain(bare_sides)
        .map(|(address, requests)| Load::on(address, requests))
        .collect();
    let mut waits = vec![[(); 3].map(|()| Vec::new()); loads.len()];
    for side in in_turn(TURNS, loads.len()) {
        let percentiles = percentiles(loads[side].waits(rate, TURN));
        for (wait, kept) in percentiles.into_iter().zip(&mut waits[side]) {
            kept.push(wait);
        }
    }
    let of = |first: usize| array::from_fn(|nth| waits[first + nth].clone().map(median));
    [of(0), of(N)]
}

/// A bare server in a process of its own.
struct Bare {
    address: SocketAddr,
    child: Child,
    _recipe: TempDir,
}

impl Bare {
    /// Starts one that sends what `reply` holds.
    fn start(reply: &Reply) -> Self {
        let recipe = tempfile::tempdir().unwrap();
        let address = free_address();
        fs::write(recipe.path().join("address"), address.to_string()).unwrap();
        fs::write(recipe.path().join("headers"), reply.headers.join("\n")).unwrap();
        fs::write(recipe.path().join("body"), &reply.body).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .arg("--bare")
            .arg(recipe.path())
            .spawn()
            .unwrap();
        wait_until_open(address);
        Self {
            address,
            child,
            _recipe: recipe,
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What the process of its own does.
pub(crate) fn serve(recipe: &str) {
    let read = |name: &str| fs::read_to_string(format!("{recipe}/{name}")).unwrap();
    let address: SocketAddr = read("address").parse().unwrap();
    let headers: Vec<(HeaderName, HeaderValue)> = read("headers")
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .filter(|(name, _)| !["content-length", "date"].contains(name))
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let reply = web::Data::new((headers, Bytes::from(read("body"))));
    let handler = |reply: web::Data<(Vec<(HeaderName, HeaderValue)>, Bytes)>| async move {
        let (headers, body) = reply.as_ref();
        let mut response = HttpResponse::Ok();
        for (name, value) in headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.body(body.clone())
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(reply.clone())
            .default_service(web::to(handler))
    });
    let workers = available_parallelism().unwrap().get();
    let running = server.workers(workers).bind(address).unwrap().run();
    actix_web::rt::System::new().block_on(running).unwrap();
}
