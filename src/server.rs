//! Wires the application together and runs it; nothing else.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use log::{info, warn};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::auth::code_hash::CodeHasher;
use crate::auth::directory::Directory;
use crate::auth::email_code::{EmailCode, ForMoved};
use crate::auth::housekeeping::Housekeeping;
use crate::auth::journal::Journal;
use crate::auth::keys::{self, Keys};
use crate::auth::known_browsers::KnownBrowsers;
use crate::auth::limits::Limits;
use crate::auth::own_account::OwnAccount;
use crate::auth::provider::Provider;
use crate::auth::session::{Lifetimes, Sessions};
use crate::auth::workos::WorkOs;
use crate::clock::Clock;
use crate::config::{Config, EmailCodes, ProviderSettings, Storage};
use crate::db::{Database, accounts, migrations};
use crate::mail::{MailQueue, Sender};
use crate::routes;
use crate::views::Site;
use crate::web::Console;
use crate::web::cookies::Cookies;
use crate::web::extract::form_config;
use crate::web::middleware::finish_every_response;
use crate::web::session_cookie::SessionLayer;
use crate::web::static_files::StaticFiles;

/// In-flight requests, and then queued codes, get this long when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// However long requests took, queued codes get this long.
const LEAST_FOR_MAIL: Duration = Duration::from_secs(2);
/// A client that has not sent its request's head by then is not going to.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A running server.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    housekeeping: Arc<Housekeeping>,
    background: Vec<JoinHandle<()>>,
    mail: Arc<MailQueue>,
    _alone: File,
}

impl Server {
    /// Opens the database, migrates it, and begins to serve.
    ///
    /// # Errors
    /// In words for the operator. Nothing goes on running then.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, String> {
        let listener = listen(config.listen)?;
        make_folder(&config.storage)?;
        let alone = be_alone(&config.storage)?;
        let keys = keys::in_force(
            config.secret_key.clone(),
            config.secret_key_previous.clone(),
            &config.storage.data_dir,
        )?;
        let database = open_database(&config.storage)?;
        if let Some(email) = &config.admin_email {
            let now = clock.now();
            database
                .write_blocking(|c| accounts::ensure_admin(c, email, now))
                .map_err(|e| e.to_string())?;
        }
        let sender = Sender {
            smtp: config.mail.smtp.clone(),
            outbox: config.storage.data_dir.join("outbox"),
            from: config.mail.from.clone(),
            host: config.base_url.host(),
        };
        let mail = MailQueue::start(sender, database.clone(), clock.clone())
            .map_err(|e| format!("the mail thread cannot be started: {e}"))?;
        let console = web::Data::new(console(&config, keys, database, clock, Arc::clone(&mail)));
        let housekeeping = Arc::new(Housekeeping {
            database: console.database.clone(),
            clock: console.clock.clone(),
            sessions: Arc::clone(&console.sessions),
            email_code: Arc::clone(&console.email_code),
            activity_kept: config.activity_kept,
        });
        let mut background = vec![tokio::task::spawn_local(Arc::clone(&housekeeping).run())];
        if let Some(workos) = &console.workos {
            background.extend(keep_up_with(workos));
        }
        let (address, server) = serve_on(listener, console)?;
        let handle = server.handle();
        Ok(Self {
            address,
            handle,
            serving: tokio::task::spawn_local(server),
            background,
            housekeeping,
            mail,
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
        info!("stopped");
        match served {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(e.to_string()),
            Err(e) => Err(e.to_string()),
        }
    }
}

/// SIGTERM and SIGINT. Listened for before the server says that it is ready: who stops it that very
/// moment still gets an orderly stop.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on the signals no longer kill the process.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|e| format!("signals cannot be heard: {e}"));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Opens the database file; migrates it, or refuses to go on with migrations pending.
///
/// # Errors
/// In words for the operator.
pub fn open_database(storage: &Storage) -> Result<Database, String> {
    make_folder(storage)?;
    let database = Database::open(&storage.database)?;
    database.with_writer(|connection| {
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
pub fn make_folder(storage: &Storage) -> Result<(), String> {
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
fn keep_up_with(workos: &WorkOs) -> [JoinHandle<()>; 2] {
    let probing = Arc::clone(&workos.reachability).keep_probing(workos.provider.clone());
    let revoking = Arc::clone(&workos.revocations).keep_going();
    [
        tokio::task::spawn_local(probing),
        tokio::task::spawn_local(revoking),
    ]
}

fn console(
    config: &Config,
    keys: Keys,
    database: Database,
    clock: Clock,
    mail: Arc<MailQueue>,
) -> Console {
    let cookies = Cookies::new(config.base_url.is_https(), &keys);
    let static_files = StaticFiles::new(config.static_dir.clone());
    let site = Site {
        host: config.base_url.host(),
        css: static_files.address("app.css"),
        js: static_files.address("app.js"),
        htmx: static_files.address("vendor/htmx-4.0.1.min.js"),
        landing_js: static_files.address("landing.js"),
        icon: static_files.address("icon.svg"),
    };
    let lifetimes = Lifetimes {
        idle: config.session_idle,
        max: config.session_max,
    };
    let browsers = Arc::new(KnownBrowsers::new(&keys, &mail, &config.base_url));
    let workos = config.provider.clone().map(|settings| {
        let provider = match settings {
            ProviderSettings::AuthKit(authkit) => Provider::authkit(authkit, clock.clone()),
            ProviderSettings::Oidc(oidc) => Provider::discovered(oidc, clock.clone()),
        };
        let signed_out = config.base_url.link("/signed-out");
        let admission = config.admission.clone();
        Arc::new(WorkOs::new(
            provider,
            admission,
            database.clone(),
            clock.clone(),
            Arc::clone(&browsers),
            signed_out,
        ))
    });
    let invitations = Arc::clone(&mail);
    let email_code = EmailCode {
        database: database.clone(),
        clock: clock.clone(),
        hasher: CodeHasher::new(keys.clone(), cores()),
        keys,
        limits: Limits::new(config.code_limit_address, config.code_limit_ip),
        mail,
        lifetime: config.email_code_ttl,
        for_moved: match &workos {
            Some(workos) if config.email_codes == EmailCodes::Fallback => {
                ForMoved::InAnOutage(Arc::clone(&workos.reachability))
            }
            _ => ForMoved::Always,
        },
        sign_in: config.base_url.link("/sign-in"),
        not_me: config.base_url.link("/sign-in/not-me"),
        browsers,
    };
    Console {
        site,
        origin: config.base_url.origin(),
        https: config.base_url.is_https(),
        sessions: Arc::new(Sessions::new(
            database.clone(),
            clock.clone(),
            lifetimes,
            workos
                .as_ref()
                .map(|workos| Arc::clone(&workos.revocations)),
        )),
        own_account: OwnAccount::new(database.clone(), clock.clone()),
        email_code: Arc::new(email_code),
        directory: Directory::new(
            database.clone(),
            clock.clone(),
            invitations,
            &config.base_url,
        ),
        journal: Journal::new(database.clone(), clock.clone()),
        email_codes_offered: config.email_codes != EmailCodes::Off,
        workos,
        callback: config.provider.as_ref().map_or_else(
            || config.base_url.link("/auth/workos/callback"),
            ProviderSettings::callback,
        ),
        cookies,
        static_files,
        trusted_proxies: config.trusted_proxies.clone(),
        database,
        clock,
    }
}

fn serve_on(
    listener: TcpListener,
    console: web::Data<Console>,
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

/// Taken before anything else is touched: a server that cannot listen leaves no trace.
fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|e| match e.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use. Stop the other server, or set LISTEN to another port")
        }
        _ => format!("LISTEN {address} cannot be bound: {e}"),
    })
}

/// Two servers on one folder would each count half of the requests. The lock goes with the process.
///
/// # Errors
/// In words for the operator, when a server runs.
pub fn be_alone(storage: &Storage) -> Result<File, String> {
    let path = storage.data_dir.join("serve.lock");
    let shown = path.display();
    let file = File::create(&path).map_err(|e| format!("{shown} cannot be made: {e}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(format!(
            "another server runs on the folder {}. Stop it first",
            storage.data_dir.display()
        )),
        Err(TryLockError::Error(e)) => Err(format!("{shown} cannot be locked: {e}")),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZeroUsize::get)
}
