use super::letter::{Block, Letter};

/// The mail of `vestibule test-mail`.
pub fn test_letter(host: &str) -> Letter {
    Letter {
        subject: format!("A test mail from {host}"),
        preheader: "Mail from this console arrives.".to_owned(),
        blocks: vec![
            Block::text("Mail from this console arrives."),
            Block::quiet(format!(
                "An operator of {host} sent this test. You don't need to do anything."
            )),
        ],
        last_line: None,
    }
}
