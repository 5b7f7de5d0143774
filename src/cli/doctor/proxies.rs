use super::check::Check;
use crate::config::{Config, ProxyProblem};

const NAME: &str = "proxies";

/// Whether `TRUSTED_PROXIES` fits `BASE_URL`, and is narrow enough.
pub(super) fn check(config: &Config) -> Check {
    let proxies = &config.trusted_proxies;
    match proxies.problem(config.base_url.is_https()) {
        Some(problem) => Check::failed(NAME, problem.to_string(), ProxyProblem::NEXT),
        None if proxies.is_empty() => Check::fine(NAME, "none is needed on this machine"),
        None => Check::fine(NAME, "TRUSTED_PROXIES is set"),
    }
}
