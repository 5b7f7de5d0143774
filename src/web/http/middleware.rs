//! What happens around every request.

mod cross_site;
mod every_response;
mod key_rotation;

pub use every_response::{RequestId, RoutePattern, finish_every_response};
