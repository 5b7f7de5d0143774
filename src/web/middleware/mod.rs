//! What happens around every request.

mod cross_site;
mod every_response;
mod key_rotation;

pub use cross_site::refuse_cross_site_writes;
pub use every_response::{RequestId, finish_every_response};
pub use key_rotation::take_over_older_signatures;
