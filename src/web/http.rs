//! HTTP: the application’s state, extractors, cookies, middleware and responses.

pub mod assets;
pub mod cookies;
pub mod extract;
pub mod flow_cookies;
pub mod middleware;
pub mod proxy_watch;
pub mod response;
pub mod session_cookie;
pub mod state;
