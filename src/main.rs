//! Arguments in, exit code out.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// With the C library's, workers wait for one another as soon as each has got memory that the other gave
/// back: the more sessions are remembered, the more often (`cargo bench -- growth`).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    vestibule::cli::run()
}
