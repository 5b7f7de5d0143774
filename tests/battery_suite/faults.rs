//! Faults of the mail server, the database's lock, the disk and the clock. Journeys test the provider's
//! faults: `workos/unplugged.rs`, `workos/slow.rs`, `provider/trouble.rs`.

mod clock;
mod disk;
mod lock;
mod mail;
mod people;
mod stopwatch;

use std::panic::UnwindSafe;

use crate::report::{Form, Row};

pub fn run(form: Form) -> Vec<Row> {
    let lock = alone("lock", || lock::run(form));
    if form == Form::Brief {
        return lock;
    }
    [
        alone("mail", || mail::run(form)),
        lock,
        alone("disk", || disk::run(form)),
        alone("clock", || clock::run(form)),
    ]
    .concat()
}

fn alone<F: Future<Output = Row>>(name: &str, trial: impl FnOnce() -> F + UnwindSafe) -> Vec<Row> {
    Row::each_of(&format!("faults: {name}"), || {
        vec![actix_web::rt::System::new().block_on(trial())]
    })
}
