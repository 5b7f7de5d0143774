//! The limit of the stack: actix-web with one handler that sends the same bytes.

use std::array;
use std::fs;
use std::future::ready;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, web};
use tempfile::TempDir;

use crate::client::{Reply, fetch, free_address, wait_until_open};
use crate::console::Console;
use crate::load::{ClosedLoop, OpenLoop};
use crate::{in_turn, median, percentiles};

/// Short turns, so that changes of the machine's speed affect both sides alike.
const TURN: Duration = Duration::from_millis(250);
const TURNS: usize = 60;
/// The unit of proc_pid_stat(5): Linux always reports 100 ticks a second.
const TICK: Duration = Duration::from_millis(10);

/// One kind of request, measured on the console and on the bare server.
pub(crate) struct Beside {
    pub(crate) console: Cost,
    pub(crate) bare: Cost,
}

#[derive(Default)]
pub(crate) struct Cost {
    answered: usize,
    elapsed: Duration,
    processor: Duration,
}

impl Cost {
    pub(crate) fn per_second(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// The server's processor time for one request, in microseconds.
    pub(crate) fn processor_us(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.answered as f64
    }
}

/// Measures the console and a bare server that sends the bytes of the console's first response.
pub(crate) fn beside(console: &Console, requests: &[Vec<u8>]) -> Beside {
    let bare = Bare::start(&fetch(console.address(), &requests[0]));
    let servers = [
        (console.address(), console.process()),
        (bare.address, bare.child.id()),
    ];
    let mut loads = servers.map(|(address, _)| ClosedLoop::connect(address, requests));
    for load in &mut loads {
        load.run(TURN);
    }
    let mut costs = [Cost::default(), Cost::default()];
    for side in in_turn(TURNS, 2) {
        let before = processor_time(servers[side].1);
        let (answered, elapsed) = loads[side].run(TURN);
        let cost = &mut costs[side];
        cost.processor += processor_time(servers[side].1) - before;
        cost.answered += answered;
        cost.elapsed += elapsed;
    }
    let [console, bare] = costs;
    Beside { console, bare }
}

/// The processor time that all threads of a process have used (proc_pid_stat(5), `utime` and `stime`).
fn processor_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The program's name comes before the last parenthesis and may have spaces; the state follows it.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = rest
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum();
    TICK * u32::try_from(ticks).unwrap()
}

/// The waits that 50, 99 and 99.9 % of the responses stay below, in milliseconds, of each console and of a bare
/// server beside each, at `rate` requests a second: the median over the turns. A turn has some ten thousand responses,
/// so the slowest thousandth is ten of them. An event that happens in fewer than half of the turns does not show.
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
        .map(|(address, requests)| OpenLoop::connect(address, requests))
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

/// A bare server in a separate process.
struct Bare {
    address: SocketAddr,
    child: Child,
    _recipe: TempDir,
}

impl Bare {
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

/// Runs the bare server: one handler, no route, no middleware, and a response of static bytes.
pub(crate) fn serve(recipe: &str) {
    let read = |name: &str| -> &'static str {
        let text = fs::read_to_string(format!("{recipe}/{name}")).unwrap();
        Box::leak(text.into_boxed_str())
    };
    let address: SocketAddr = read("address").parse().unwrap();
    let headers: &[(HeaderName, HeaderValue)] = read("headers")
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .filter(|(name, _)| !["content-length", "date"].contains(name))
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect::<Vec<_>>()
        .leak();
    let body = Bytes::from_static(read("body").as_bytes());
    let server = HttpServer::new(move || {
        let body = body.clone();
        let handler = move || {
            let mut response = HttpResponse::with_body(StatusCode::OK, body.clone());
            for (name, value) in headers {
                response.headers_mut().append(name.clone(), value.clone());
            }
            ready(response)
        };
        App::new().default_service(web::to(handler))
    });
    let workers = available_parallelism().unwrap().get();
    let running = server.workers(workers).bind(address).unwrap().run();
    actix_web::rt::System::new().block_on(running).unwrap();
}
