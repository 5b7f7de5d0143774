//! Mail, as the outbox or a mail server has it.

use std::fs;
use std::path::Path;

/// One mail.
#[derive(Debug)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    /// Everything, headers too, as it was sent.
    pub raw: String,
}

impl Mail {
    /// Reads a mail's headers.
    pub fn parse(raw: String) -> Self {
        let header = |name: &str| {
            let line = raw
                .lines()
                .take_while(|line| !line.is_empty())
                .find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {raw}"))
                .trim()
                .to_owned()
        };
        Self {
            to: header("To:"),
            subject: header("Subject:"),
            raw: raw.clone(),
        }
    }

    /// The code: in the subject, and alone on a line.
    pub fn code(&self) -> String {
        let alone = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        let code = self
            .raw
            .lines()
            .find(alone)
            .unwrap_or_else(|| panic!("no code alone on a line:\n{}", self.raw));
        assert!(
            self.subject.starts_with(code),
            "the code is not in the subject {:?}",
            self.subject
        );
        code.to_owned()
    }
}

/// Every mail in the outbox, the oldest first.
pub fn read_outbox(folder: &Path) -> Vec<Mail> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .map(|path| (fs::metadata(&path).unwrap().modified().unwrap(), path))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|(_, path)| Mail::parse(fs::read_to_string(path).unwrap()))
        .collect()
}
