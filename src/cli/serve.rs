//! `vestibule serve`

use std::error::Error;

use log::warn;

use super::failure::Failure;
use super::output::say;
use crate::clock::Clock;
use crate::config::{AdminSignIn, Config, EmailCodes, Settings};
use crate::server::{Server, StopSignals};

/// Serves until told to stop.
pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    let config = Config::from_settings(settings)?;
    actix_web::rt::System::new().block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let base_url = config.base_url.clone();
    let outbox = config
        .mail
        .smtp
        .is_none()
        .then(|| config.storage.data_dir.join("outbox"));
    let admin = config.admin_email.clone();
    let email_codes = config.email_codes != EmailCodes::Off;
    let admin_codes = email_codes && config.admin_sign_in == AdminSignIn::Any;
    let did_not_start = |e: &dyn Error| Failure::because("Vestibule did not start", e);
    let signals = StopSignals::listen().map_err(|e| did_not_start(&e))?;
    let server = Server::start(config, Clock::system())
        .await
        .map_err(|e| did_not_start(&e))?;
    let mut lines = format!(
        "\n  Vestibule is ready. Open {} in a browser.",
        base_url.link("/")
    );
    if let Some(admin) = admin {
        let way_in = if admin_codes {
            "use email code"
        } else {
            "Continue with WorkOS"
        };
        lines.push_str(&format!(
            "\n  {admin} is an admin: choose “{way_in}” to sign in."
        ));
    }
    if let Some(outbox) = outbox {
        let shown = if email_codes {
            "codes are shown here, and "
        } else {
            ""
        };
        lines.push_str(&format!(
            "\n  No SMTP_URL is set: {shown}mail is written to {}.",
            outbox.display()
        ));
    }
    if say(lines + "\n").is_err() {
        warn!(
            "cannot write to standard output; the console is at {}",
            base_url.origin()
        );
    }
    Ok(server.run_until(signals).await?)
}
