//! The limit of the stack: actix-web, one handler, the same bytes.

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use tempfile::TempDir;

use crate::client::{Load, Reply, fetch, free_address, wait_until_open};

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
    for turn in 0..TURNS * 2 {
        // Both begin as often.
        let side = (turn + turn / 2) % 2;
        answered[side] += sides[side].throughput(TURN);
    }
    let [ours, bares] = answered.map(|sum| sum / TURNS as f64);
    (ours, bares)
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
    let headers: Vec<(String, String)> = read("headers")
        .lines()
        .map(|line| line.split_once(": ").unwrap())
        .filter(|(name, _)| !["content-length", "date"].contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let reply = web::Data::new((headers, read("body")));
    let handler = |reply: web::Data<(Vec<(String, String)>, String)>| async move {
        let mut response = HttpResponse::Ok();
        for (name, value) in &reply.0 {
            response.insert_header((name.as_str(), value.as_str()));
        }
        response.body(reply.1.clone())
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(reply.clone())
            .default_service(web::to(handler))
    });
    let running = server.workers(2).bind(address).unwrap().run();
    actix_web::rt::System::new().block_on(running).unwrap();
}
