//! The limit of a code sign-in: argon2 alone, with the same parameters, on every core.

use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Hashes per second, on every core.
pub(crate) fn hashes_per_second(span: Duration) -> f64 {
    let begun = Instant::now();
    let cores = thread::available_parallelism().unwrap().get();
    let hashes: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| hash_until(begun, span)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    hashes as f64 / begun.elapsed().as_secs_f64()
}

fn hash_until(begun: Instant, span: Duration) -> usize {
    let params = Params::new(8 * 1024, 1, 1, Some(32)).unwrap();
    let argon2 =
        Argon2::new_with_secret(&[7; 32], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut memory = vec![Block::new(); 8 * 1024];
    let mut hash = [0; 32];
    let mut count = 0;
    while begun.elapsed() < span {
        argon2
            .hash_password_into_with_memory(b"042917", &[3; 16], &mut hash, &mut memory)
            .unwrap();
        count += 1;
    }
    count
}
