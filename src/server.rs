//! Wires the application together and runs it.

mod assemble;
mod listener;
mod metrics_server;
mod signals;

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use log::{info, warn};
use thiserror::Error;
use tokio::task::{JoinError, JoinHandle};

use crate::clock::Clock;
use crate::config::{Config, ProxyProblem};
use crate::db::DatabaseError;
use crate::keys::{self, KeyError};
use crate::mail::{MailQueue, Sender, give_up_lost_codes};
use crate::metrics::Metrics;
use crate::operations::data_dir::{DataDirError, acquire_server_lock, create_data_dir};
use crate::operations::database::{OpenError, open_database};
use crate::operations::housekeeping::Housekeeping;
use crate::operations::operator_accounts::ensure_admin;
use crate::routes;
use crate::sign_in::oidc::ProviderSignIn;
use crate::sign_in::session::Sessions;
use crate::web::http::extract::form_config;
use crate::web::http::middleware::FinishEveryResponse;
use crate::web::http::session_cookie::SessionLayer;
use crate::web::http::state::AppState;

use assemble::{Parts, assemble};
pub use listener::ListenError;
use listener::{cores, listen};
use metrics_server::MetricsServer;
pub use signals::StopSignals;

/// Time for in-flight requests, and then for queued codes, when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for queued codes, however long the requests took.
const MIN_MAIL_TIMEOUT: Duration = Duration::from_secs(4);
/// For the request line and the headers.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A running server.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    housekeeping: Arc<Housekeeping>,
    background: Vec<JoinHandle<()>>,
    mail: Arc<MailQueue>,
    metrics: Option<MetricsServer>,
    _lock: File,
}

/// Why a server did not start. Nothing is left running.
#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the account of ADMIN_EMAIL cannot be written")]
    Admin(#[source] DatabaseError),
    #[error("the mail thread cannot be started")]
    Mail(#[source] io::Error),
    #[error("the session cookie cannot be set up")]
    SessionCookie,
    #[error("no requests can be served")]
    Serve(#[source] io::Error),
}

/// Why a running server failed.
#[derive(Debug, Error)]
pub enum RunError {
    #[error("the server ended by itself")]
    EndedEarly,
    #[error("the server failed")]
    Failed(#[from] io::Error),
    #[error("the server panicked")]
    Panicked(#[from] JoinError),
}

impl Server {
    /// Opens and migrates the database, and starts to serve.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, StartError> {
        // First, so that a server that cannot listen changes nothing.
        let listener = listen(config.listen, "LISTEN")?;
        let metrics_listener = config
            .metrics_listen
            .map(|address| listen(address, "METRICS_LISTEN"))
            .transpose()?;
        if let Some(problem) = config.trusted_proxies.too_wide() {
            warn!("{problem} {}", ProxyProblem::NEXT);
        }
        create_data_dir(&config.storage)?;
        let lock = acquire_server_lock(&config.storage, "another server")?;
        let keys = keys::load_or_create(
            config.secret_key.clone(),
            config.secret_key_previous.clone(),
            &config.storage.data_dir,
        )?;
        let database = open_database(&config.storage)?;
        if let Some(email) = &config.admin_email {
            let now = clock.now();
            ensure_admin(&database, email, now).map_err(StartError::Admin)?;
        }
        give_up_lost_codes(&database);
        let sender = Sender::new(&config);
        let metrics = Metrics::default();
        let mail = MailQueue::start(sender, database.clone(), clock.clone(), metrics.clone())
            .map_err(StartError::Mail)?;
        let housekeeping_database = database.clone();
        let parts = Parts {
            keys,
            database,
            clock,
            mail: Arc::clone(&mail),
            metrics,
        };
        let state = web::Data::new(assemble(&config, parts));
        let housekeeping = Arc::new(Housekeeping {
            database: housekeeping_database,
            clock: state.clock.clone(),
            sessions: Arc::clone(&state.sessions),
            email_code: Arc::clone(&state.email_code),
            activity_kept: config.activity_kept,
        });
        let mut background = vec![tokio::task::spawn_local(Arc::clone(&housekeeping).run())];
        if let Some(provider) = &state.provider {
            background.extend(spawn_provider_tasks(provider, &state.sessions));
        }
        let metrics = metrics_listener
            .map(|listener| MetricsServer::start(listener, state.clone()))
            .transpose()
            .map_err(StartError::Serve)?;
        let (address, server) = serve_on(listener, state)?;
        let handle = server.handle();
        Ok(Self {
            address,
            handle,
            serving: tokio::task::spawn_local(server),
            background,
            housekeeping,
            mail,
            metrics,
            _lock: lock,
        })
    }

    /// The bound address. With port 0 in the settings, it has the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn mail(&self) -> &MailQueue {
        &self.mail
    }

    /// Lets a test run the periodic work at once.
    pub fn housekeeping(&self) -> &Housekeeping {
        &self.housekeeping
    }

    /// Serves until a stop signal arrives, then stops.
    pub async fn run_until(mut self, mut signals: StopSignals) -> Result<(), RunError> {
        tokio::select! {
            () = signals.any() => {}
            ended = &mut self.serving => {
                ended??;
                return Err(RunError::EndedEarly);
            }
        }
        info!(
            "stopping: requests and queued mail get {} s",
            STOP_TIMEOUT.as_secs()
        );
        self.stop().await
    }

    /// Finishes in-flight requests, sends queued codes and writes down what is only in memory.
    pub async fn stop(self) -> Result<(), RunError> {
        self.background.iter().for_each(JoinHandle::abort);
        let begun = Instant::now();
        self.handle.stop(true).await;
        let served = self.serving.await;
        let left = STOP_TIMEOUT
            .saturating_sub(begun.elapsed())
            .max(MIN_MAIL_TIMEOUT);
        match self.mail.drain(left).await {
            0 => {}
            left => warn!("{left} codes could not be mailed in time"),
        }
        if let Err(e) = self.housekeeping.sessions.write_down_use().await {
            warn!("the times of last use of sessions were not saved: {e}");
        }
        // Last, so that the metrics cover the shutdown.
        if let Some(metrics) = self.metrics
            && let Err(e) = metrics.stop().await
        {
            warn!("the metrics server did not stop cleanly: {e}");
        }
        info!("stopped");
        Ok(served??)
    }
}

fn spawn_provider_tasks(provider: &ProviderSignIn, sessions: &Sessions) -> [JoinHandle<()>; 2] {
    [
        tokio::task::spawn_local(provider.run_probes()),
        tokio::task::spawn_local(provider.run_revocations(sessions.ended())),
    ]
}

fn serve_on(
    listener: TcpListener,
    state: web::Data<AppState>,
) -> Result<(SocketAddr, actix_web::dev::Server), StartError> {
    let session = SessionLayer::new(state.sessions.lifetimes(), &state.cookies)
        .ok_or(StartError::SessionCookie)?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(AppState::clone(&state)))
            .app_data(form_config())
            .wrap(FinishEveryResponse)
            .configure(|service| routes::configure(service, &session))
    })
    .workers(cores())
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(REQUEST_TIMEOUT)
    .shutdown_timeout(STOP_TIMEOUT.as_secs())
    .disable_signals()
    .listen(listener)
    .map_err(StartError::Serve)?;
    let address = server
        .addrs()
        .first()
        .copied()
        .ok_or_else(|| StartError::Serve(io::ErrorKind::AddrNotAvailable.into()))?;
    Ok((address, server.run()))
}
