//! What the console stands on breaks: the mail server, the database's lock, the disk, the clock. The
//! provider's faults are journeys of their own: `workos/unplugged.rs`, `workos/slow.rs`,
//! `provider/trouble.rs`.

mod clock;
mod disk;
mod lock;
mod mail;
mod stopwatch;

use crate::report::{Form, Row};

pub fn run(form: Form) -> Vec<Row> {
    actix_web::rt::System::new().block_on(async {
        vec![
            mail::run(form).await,
            lock::run(form).await,
            disk::run(form).await,
            clock::run(form).await,
        ]
    })
}
