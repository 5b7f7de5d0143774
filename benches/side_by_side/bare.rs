//! The limit of the stack: actix-web, one handler, the same bytes.

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
use crate::{median, percentiles};

/// A turn is short, so that the machine is as fast in the one as in the next.
const TURN: Duration = Duration::from_millis(250);
const TURNS: usize = 60;
/// At half load a turn lasts a second: the slowest thousandth of its answers are then some forty.
const TURN_AT_HALF_LOAD: Duration = Duration::from_secs(1);
const TURNS_AT_HALF_LOAD: usize = 11;

/// How many of these requests the console answers in a second, and how many a bare server, with the
/// bytes of the first answer.
pub(crate) fn beside(console: SocketAddr, requests: &[Vec<u8>]) -> (f64, f64) {
    let bare = Bare::start(&fetch(console, &requests[0]));
    let mut sides = [console, bare.address].map(|address| Load::on(address, requests));
    for side in &mut sides {
        side.throughput(TURN);
    }
    let mut answered = [0.0; 2];
    for side in in_turn(TURNS) {
        answered[side] += sides[side].throughput(TURN);
    }
    let [ours, bares] = answered.map(|sum| sum / TURNS as f64);
    (ours, bares)
}

/// The waits that 50, 99 and 99.9 in 100 answers stay under, in milliseconds, of the console and of a bare
/// server, each asked `rate` times a second: the median over the turns.
pub(crate) fn waits_beside(console: SocketAddr, requests: &[Vec<u8>], rate: f64) -> [[f64; 3]; 2] {
    let bare = Bare::start(&fetch(console, &requests[0]));
    let mut sides = [console, bare.address].map(|address| Load::on(address, requests));
    let mut waits = [(); 2].map(|()| [(); 3].map(|()| Vec::new()));
    for side in in_turn(TURNS_AT_HALF_LOAD) {
        let turn = percentiles(sides[side].waits(rate, TURN_AT_HALF_LOAD));
        for (wait, kept) in turn.into_iter().zip(&mut waits[side]) {
            kept.push(wait);
        }
    }
    waits.map(|side| side.map(median))
}

/// The sides' turns, as many for each. Neither always goes first.
fn in_turn(turns: usize) -> impl Iterator<Item = usize> {
    (0..turns * 2).map(|turn| (turn + turn / 2) % 2)
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
