use std::io;
use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::task::JoinHandle;

use crate::web::http::state::AppState;
use crate::web::pages::metrics;

/// Serves `/metrics` on a separate listener, which is not public.
pub(super) struct MetricsServer {
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
}

impl MetricsServer {
    /// Starts to serve, with one worker thread.
    pub(super) fn start(listener: TcpListener, state: web::Data<AppState>) -> io::Result<Self> {
        let app = move || {
            App::new()
                .app_data(state.clone())
                .route("/metrics", web::get().to(metrics::show))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .shutdown_timeout(1)
            .disable_signals()
            .listen(listener)?;
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
