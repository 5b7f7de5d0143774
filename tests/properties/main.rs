//! What holds for anything that a stranger may write: for every line of `tests/corpus/`, and for some
//! hundreds of inputs drawn anew in each run. An input that breaks a property is shown in its shortest
//! form; it belongs into the corpus, which is replayed first.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed, and says so"
)]

mod address;
mod code;
pub mod cookies;
pub mod corpus;
mod flows;
mod forwarded;
mod import;
mod return_to;
