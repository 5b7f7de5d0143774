//! `vestibule doctor`

mod address;
mod check;
mod key;
mod mail;
mod provider;
mod storage;

use check::{Check, Report};

use super::{Failure, say};
use crate::config::{Config, OperatorConfig, Settings, Storage};

/// Asks everything, says a line for each check as it is done, and fails when any of them does.
pub(super) fn run(settings: &Settings, json: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let mut report = Report::new(json);
    runtime.block_on(examine(settings, &mut report))?;
    // What was given up may still be waiting, for a disk as an example.
    runtime.shutdown_background();
    let (all, failed) = (report.len(), report.failed());
    report.finish()?;
    match failed {
        0 => Ok(()),
        1 => Err(Failure::Failed(format!("1 of {all} checks failed."))),
        _ => Err(Failure::Failed(format!("{failed} of {all} checks failed."))),
    }
}

async fn examine(settings: &Settings, report: &mut Report) -> Result<(), Failure> {
    let config = Config::from_settings(settings);
    match &config {
        Ok(_) => report.add(Check::fine("settings", "each has a value that can be used"))?,
        Err(problems) => {
            for problem in &problems.0 {
                let reason = format!("{} {}", problem.variable, problem.message);
                report.add(Check::failed("settings", reason, "Mend it, then ask again"))?;
            }
        }
    }
    match OperatorConfig::from_settings(settings) {
        Ok(upkeep) => report.add(key::check(&upkeep))?,
        Err(_) => report.add(Check::open("key", AFTER_THE_SETTINGS))?,
    }
    match Storage::from_settings(settings) {
        Ok(storage) => report.add_all(storage::checks(&storage).await)?,
        Err(_) => report.add(Check::open("database", AFTER_THE_SETTINGS))?,
    }
    let Ok(config) = config else {
        return report.add_all(
            ["address", "mail", "provider"].map(|check| Check::open(check, AFTER_THE_SETTINGS)),
        );
    };
    report.add(address::check(&config).await)?;
    report.add_all(mail::checks(&config.mail).await)?;
    report.add_all(provider::checks(&config).await)
}

const AFTER_THE_SETTINGS: &str = "not asked, since the settings need attention first";
