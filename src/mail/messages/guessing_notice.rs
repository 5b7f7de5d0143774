use super::letter::{Block, Letter};

/// Tells the admins that wrong codes for many accounts have passed the console's limit.
pub fn guessing_notice() -> Letter {
    Letter {
        subject: "Someone is guessing sign-in codes".to_owned(),
        preheader: "Codes now work only in browsers that have signed in before.".to_owned(),
        blocks: vec![
            Block::text(
                "1000 wrong sign-in codes were entered in the last 24 hours, from browsers that had never signed in. \
                 Someone is probably guessing codes.",
            ),
            Block::text(
                "Codes now work only in browsers that have signed in to the same account before. This limit ends by \
                 itself once fewer wrong codes arrive in 24 hours.",
            ),
            Block::quiet(
                "You don't need to do anything. If people can't sign in, ask them to use a browser that they have \
                 signed in with before. The server's log lists the addresses that the wrong codes came from.",
            ),
        ],
        last_line: None,
    }
}
