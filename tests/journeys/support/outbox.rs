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

    /// Whether this is a mail with a code.
    pub fn has_code(&self) -> bool {
        self.subject.contains("is your sign-in code")
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

    /// The headers, one to a line.
    pub fn headers(&self) -> String {
        let (headers, _) = self.raw.split_once("\r\n\r\n").unwrap();
        headers.replace("\r\n ", " ").replace("\r\n", "\n")
    }

    /// The part of this type, such as `text/plain`, decoded.
    pub fn part(&self, content_type: &str) -> String {
        let head = format!("Content-Type: {content_type}");
        let (_, part) = self.raw.split_once(&head).unwrap();
        let (headers, rest) = part.split_once("\r\n\r\n").unwrap();
        let (body, _) = rest.split_once("\r\n--").unwrap();
        let body = if headers.contains("quoted-printable") {
            unquoted(body)
        } else {
            assert!(
                headers.contains("7bit"),
                "an encoding unknown here: {headers}"
            );
            body.to_owned()
        };
        body.replace("\r\n", "\n")
    }
}

/// Quoted-printable text without its quoting (RFC 2045, 6.7).
fn unquoted(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut pieces = joined.split('=');
    let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
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
