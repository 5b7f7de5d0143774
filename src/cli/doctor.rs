//! `vestibule doctor`

mod address;
mod check;
mod codes;
mod key;
mod mail;
mod provider;
mod proxies;
mod storage;

use check::{Check, Report};

use crate::cli::failure::Failure;
use crate::config::{Config, OperatorConfig, Settings, Storage};

/// Runs every check and prints each result at once. Fails if a check fails.
pub(super) fn run(settings: &Settings, json: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut report = Report::new(json);
    runtime.block_on(examine(settings, &mut report))?;
    // A check that timed out may still block a thread, such as on a slow disk.
    runtime.shutdown_background();
    let (all, failed) = (report.len(), report.failed());
    report.finish()?;
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::Failed(format!("{failed} of {all} checks failed.")))
}

async fn examine(settings: &Settings, report: &mut Report) -> Result<(), Failure> {
    let config = Config::from_settings(settings);
    match &config {
        Ok(_) => report.add(Check::fine("settings", "all are valid"))?,
        Err(problems) => {
            for problem in &problems.0 {
                let reason = format!("{} {}", problem.variable, problem.message);
                report.add(Check::failed(
                    "settings",
                    reason,
                    "Correct it, then run doctor again",
                ))?;
            }
        }
    }
    match OperatorConfig::from_settings(settings) {
        Ok(config) => report.add(key::check(&config))?,
        Err(_) => report.add(Check::open("key", AFTER_THE_SETTINGS))?,
    }
    match Storage::from_settings(settings) {
        Ok(storage) => report.add_all(storage::checks(&storage).await)?,
        Err(_) => report.add(Check::open("database", AFTER_THE_SETTINGS))?,
    }
    let Ok(config) = config else {
        return report.add_all(
            ["address", "proxies", "mail", "provider"]
                .map(|check| Check::open(check, AFTER_THE_SETTINGS)),
        );
    };
    report.add(address::check(&config).await)?;
    report.add(proxies::check(&config))?;
    report.add_all(codes::remark(&config))?;
    report.add_all(codes::admins(&config))?;
    report.add_all(mail::checks(&config.mail).await)?;
    report.add_all(provider::checks(&config).await)
}

const AFTER_THE_SETTINGS: &str = "not checked: correct the settings first";
