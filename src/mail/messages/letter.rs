use crate::domain::{Accent, Colour};

/// The words of a mail. A [`Letterhead`] turns them into text and HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The `Subject` header. It holds no text that a visitor typed (SECURITY rule 7).
    pub subject: String,
    /// The line that mail programs show beside the subject.
    pub preheader: String,
    pub blocks: Vec<Block>,
    /// The last line. `None`: the console's name and host.
    pub last_line: Option<String>,
}

/// One paragraph of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A sentence with an emphasised part.
    Text {
        before: String,
        strong: String,
        after: String,
    },
    /// A one-time code, large.
    Code(String),
    /// The mail's main action.
    Button { label: String, url: String },
    /// A less important paragraph.
    Quiet(String),
    /// The last paragraph, below a line. It ends with a link.
    Aside {
        text: String,
        label: String,
        url: String,
    },
}

impl Block {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text {
            before: text.into(),
            strong: String::new(),
            after: String::new(),
        }
    }

    pub(super) fn quiet(text: impl Into<String>) -> Self {
        Self::Quiet(text.into())
    }

    pub(super) fn button(label: impl Into<String>, url: impl Into<String>) -> Self {
        Self::Button {
            label: label.into(),
            url: url.into(),
        }
    }
}

/// The console's name, host and accent, which all its mails show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    pub(super) brand: String,
    pub(super) host: String,
    pub(super) accent: Accent,
}

impl Letterhead {
    /// `host` as people know it, with the port where it is not the scheme's default. Without an
    /// `accent`, the mails use the built-in one.
    pub fn new(brand: String, host: String, accent: Option<Colour>) -> Self {
        Self {
            brand,
            host,
            accent: accent.map_or_else(Accent::default, Accent::of),
        }
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn last_line(&self, letter: &Letter) -> String {
        letter
            .last_line
            .clone()
            .unwrap_or_else(|| format!("{}, {}", self.brand, self.host))
    }
}
