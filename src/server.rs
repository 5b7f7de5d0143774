//! Wires the application together and runs it; nothing else.

mod assemble;
mod metrics_server;
mod signals;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use log::{info, warn};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::{Config, Storage};
use crate::db::engine::migrations;
use crate::db::{Database, accounts, activity};
use crate::keys;
use crate::mail::{MailQueue, Sender};
use crate::metrics::Metrics;
use crate::operations::housekeeping::Housekeeping;
use crate::routes;
use crate::sign_in::oidc::WorkOs;
use crate::sign_in::session::Sessions;
use crate::web::http::extract::form_config;
use crate::web::http::middleware::finish_every_response;
use crate::web::http::session_cookie::SessionLayer;
use crate::web::http::state::AppState;

use assemble::console;
use metrics_server::MetricsServer;
pub use signals::StopSignals;

/// In-flight requests, and then queued codes, get this long when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// However long requests took, queued codes get this long.
const LEAST_FOR_MAIL: Duration = Duration::from_secs(4);
/// A client that has not sent its request's head by then is not going to.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections that wait to be taken; the system may allow for fewer (`net.core.somaxconn`).
const BACKLOG: u32 = 4_096;

/// A running server.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    housekeeping: Arc<Housekeeping>,
    background: Vec<JoinHandle<()>>,
    mail: Arc<MailQueue>,
    measured: Option<MetricsServer>,
    _alone: File,
}

impl Server {
    /// Opens the database, migrates it, and begins to serve.
    ///
    /// # Errors
    /// In words for the operator. Nothing goes on running then.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, String> {
        let listener = listen(config.listen)?;
        let measured = MetricsServer::listen(config.metrics_listen)?;
        create_data_dir(&config.storage)?;
        let alone = acquire_server_lock(&config.storage, "another server")?;
        let keys = keys::load_or_create(
            config.secret_key.clone(),
            config.secret_key_previous.clone(),
            &config.storage.data_dir,
        )
        .map_err(|e| e.to_string())?;
        let database = open_database(&config.storage)?;
        if let Some(email) = &config.admin_email {
            let now = clock.now();
            database
                .write_blocking(|c| accounts::ensure_admin(c, email, now))
                .map_err(|e| e.to_string())?;
        }
        give_up_codes_of_an_earlier_server(&database);
        let sender = Sender {
            smtp: config.mail.smtp.clone(),
            outbox: config.storage.data_dir.join("outbox"),
            from: config.mail.from.clone(),
            host: config.base_url.host(),
        };
        let metrics = Metrics::default();
        let mail = MailQueue::start(sender, database.clone(), clock.clone(), metrics.clone())
            .map_err(|e| format!("the mail thread cannot be started: {e}"))?;
        let for_housekeeping = database.clone();
        let parts = (keys, database, clock, Arc::clone(&mail), metrics);
        let console = web::Data::new(console(&config, parts));
        let housekeeping = Arc::new(Housekeeping {
            database: for_housekeeping,
            clock: console.clock.clone(),
            sessions: Arc::clone(&console.sessions),
            email_code: Arc::clone(&console.email_code),
            activity_kept: config.activity_kept,
        });
        let mut background = vec![tokio::task::spawn_local(Arc::clone(&housekeeping).run())];
        if let Some(workos) = &console.workos {
            background.extend(keep_up_with(workos, &console.sessions));
        }
        let measured = measured
            .map(|listener| MetricsServer::serve(listener, console.clone()))
            .transpose()?;
        let (address, server) = serve_on(listener, console)?;
        let handle = server.handle();
        Ok(Self {
            address,
            handle,
            serving: tokio::task::spawn_local(server),
            background,
            housekeeping,
            mail,
            measured,
            _alone: alone,
        })
    }

    /// Where it listens; with port 0 in the settings, the port that was free.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The queue that all mail leaves from.
    pub fn mail(&self) -> &MailQueue {
        &self.mail
    }

    /// What is done now and then, for who wants it done now.
    pub fn housekeeping(&self) -> &Housekeeping {
        &self.housekeeping
    }

    /// Serves until the process is asked to stop, then stops.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run_until(mut self, mut asked: StopSignals) -> Result<(), String> {
        tokio::select! {
            () = asked.any() => {}
            ended = &mut self.serving => return Err(format!("the server ended by itself: {ended:?}")),
        }
        info!(
            "stopping: requests and queued mail get {} s",
            STOP_WITHIN.as_secs()
        );
        self.stop().await
    }

    /// Lets requests in flight finish, sends queued codes, writes down what is only in memory.
    ///
    /// # Errors
    /// When the server failed while it stopped.
    pub async fn stop(self) -> Result<(), String> {
        self.background.iter().for_each(JoinHandle::abort);
        let begun = Instant::now();
        self.handle.stop(true).await;
        let served = self.serving.await;
        let left = STOP_WITHIN
            .saturating_sub(begun.elapsed())
            .max(LEAST_FOR_MAIL);
        match self.mail.drain(left).await {
            0 => {}
            left => warn!("{left} codes could not be mailed in time"),
        }
        if let Err(e) = self.housekeeping.sessions.write_down_use().await {
            warn!("when sessions were last used is not written down: {e}");
        }
        // Last of all: whoever watches sees the end.
        if let Some(measured) = self.measured
            && let Err(e) = measured.stop().await
        {
            warn!("the metrics did not stop well: {e}");
        }
        info!("stopped");
        match served {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(e.to_string()),
            Err(e) => Err(e.to_string()),
        }
    }
}

/// Opens the database file; migrates it, or refuses to go on with migrations pending.
///
/// # Errors
/// In words for the operator.
pub fn open_database(storage: &Storage) -> Result<Database, String> {
    create_data_dir(storage)?;
    let database = Database::open(&storage.database)?;
    database.with_connection(|connection| {
        let newer = migrations::unknown(connection)?;
        if !newer.is_empty() {
            return Err(format!(
                "{} was migrated by a newer Vestibule ({}). Start that one, or have it undo its migrations \
                 with `vestibule migrate --revert` first",
                storage.database.display(),
                newer.join(", ")
            ));
        }
        let pending = migrations::pending(connection)?;
        if pending.is_empty() {
            return Ok(());
        }
        if !storage.auto_migrate {
            return Err(format!(
                "{} migrations are pending and AUTO_MIGRATE is false: {}. Run `vestibule migrate`, or \
                 `diesel migration run`, then start again",
                pending.len(),
                pending.join(", ")
            ));
        }
        for name in migrations::run(connection)? {
            info!("migrated: {name}");
        }
        Ok(())
    })?;
    Ok(database)
}

/// Makes the folders of the key and of the database, for the owner's eyes only.
///
/// # Errors
/// In words for the operator.
pub fn create_data_dir(storage: &Storage) -> Result<(), String> {
    let beside = storage.database.parent();
    for folder in [Some(storage.data_dir.as_path()), beside]
        .into_iter()
        .flatten()
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|e| format!("the folder {} cannot be made: {e}", folder.display()))?;
    }
    Ok(())
}

/// What goes on at the provider's side: whether it answers, and what is to be ended there.
fn keep_up_with(workos: &WorkOs, sessions: &Sessions) -> [JoinHandle<()>; 2] {
    let probing = Arc::clone(&workos.reachability).keep_probing(workos.provider.clone());
    let revoking = Arc::clone(&workos.revocations).keep_going(sessions.ended());
    [
        tokio::task::spawn_local(probing),
        tokio::task::spawn_local(revoking),
    ]
}

fn serve_on(
    listener: TcpListener,
    console: web::Data<AppState>,
) -> Result<(SocketAddr, actix_web::dev::Server), String> {
    let session = SessionLayer::new(Arc::clone(&console.sessions), &console.cookies)
        .ok_or("the session cookie cannot be set up")?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(console.clone())
            .app_data(form_config())
            .wrap(from_fn(finish_every_response))
            .configure(|service| routes::configure(service, &session))
    })
    .workers(cores())
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(REQUEST_WITHIN)
    .shutdown_timeout(STOP_WITHIN.as_secs())
    .disable_signals()
    .listen(listener)
    .map_err(|e| format!("nothing can be served: {e}"))?;
    let address = *server.addrs().first().ok_or("the server has no address")?;
    Ok((address, server.run()))
}

/// Who waits for one can ask again; an admin is not to read that it is still on its way. No reason not to start.
fn give_up_codes_of_an_earlier_server(database: &Database) {
    let why = "The server ended before it left.";
    match database.write_blocking(|c| activity::give_up_queued(c, why)) {
        Ok(0) => {}
        Ok(count) => warn!("{count} codes were not mailed before the server ended"),
        Err(e) => warn!("codes of an earlier server still count as waiting: {e}"),
    }
}

/// Taken before anything else is touched: a server that cannot listen leaves no trace.
fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    bind(address).map_err(|e| match e.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use. Stop the other server, or set LISTEN to another port")
        }
        _ => format!("LISTEN {address} cannot be bound: {e}"),
    })
}

/// As the standard library does, but for how many connections the system takes while we are busy: 128 are too few
/// for a team that comes back at once, and whoever is not among them tries again a second later.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Two servers on one folder would each count half of the requests. The lock goes with the process.
/// `other` is what the one that holds it is called: for a command it is not “another” server.
///
/// # Errors
/// In words for the operator, when a server runs.
pub fn acquire_server_lock(storage: &Storage, other: &str) -> Result<File, String> {
    let path = storage.data_dir.join("serve.lock");
    let shown = path.display();
    // Whoever may open it may hold the lock, too.
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| format!("{shown} cannot be made: {e}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "{other} runs on the folder {}. Stop it first",
            storage.data_dir.display()
        )),
        Err(TryLockError::Error(e)) => Err(format!("{shown} cannot be locked: {e}")),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_whole_team_may_wait_to_be_taken() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        // Who finds no place is not refused: the system tries again a second later.
        let at_once = Duration::from_millis(900);
        let waiting: Vec<_> = (0..400)
            .map(|_| TcpStream::connect_timeout(&address, at_once))
            .take_while(Result::is_ok)
            .collect();
        assert_eq!(waiting.len(), 400);
    }
}
