use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::task::JoinHandle;

use crate::web::http::state::AppState;
use crate::web::pages::metrics;

/// `/metrics`, on a listener of its own that the public never reaches.
pub(super) struct MetricsServer {
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
}

impl MetricsServer {
    /// Taken before anything else is touched, as the public listener is.
    pub(super) fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, String> {
        let bind = |address| {
            super::bind(address).map_err(|e| match e.kind() {
                io::ErrorKind::AddrInUse => {
                    format!("{address} is in use. Set METRICS_LISTEN to another port")
                }
                _ => format!("METRICS_LISTEN {address} cannot be bound: {e}"),
            })
        };
        address.map(bind).transpose()
    }

    /// Begins to serve. One thread is enough for whoever reads it.
    pub(super) fn serve(listener: TcpListener, state: web::Data<AppState>) -> Result<Self, String> {
        let app = move || {
            App::new()
                .app_data(state.clone())
                .route("/metrics", web::get().to(metrics::show))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .shutdown_timeout(1)
            .disable_signals()
            .listen(listener)
            .map_err(|e| format!("no metrics can be served: {e}"))?;
        let server = server.run();
        Ok(Self {
            handle: server.handle(),
            serving: tokio::task::spawn_local(server),
        })
    }

    pub(super) async fn stop(self) -> io::Result<()> {
        self.handle.stop(true).await;
        self.serving.await?
    }
}
