//! The files below `/static`, as data: those built into the binary, the files in the folder of
//! `STATIC_DIR`, and the style sheet generated for `BRAND_ACCENT`.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// A file built into the binary by `build.rs`.
pub struct Asset {
    pub name: &'static str,
    /// The name with the hash of the content in it.
    pub hashed_name: &'static str,
    pub content: &'static [u8],
    pub gzip: &'static [u8],
}

/// Names of a team's logo in the folder, the preferred format first.
const LOGOS: [&str; 2] = ["logo.svg", "logo.png"];

const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The static files. A file in the folder takes precedence over a built-in one of the same name.
pub struct StaticFiles {
    folder: Option<PathBuf>,
    accent: Option<Accent>,
}

struct Accent {
    name: String,
    style_sheet: String,
}

/// A static file that a URL names.
pub enum StaticFile<'a> {
    /// A file in the folder of `STATIC_DIR`.
    InFolder(PathBuf),
    /// The style sheet of the accent colour.
    Accent(&'a str),
    BuiltIn(&'static Asset),
}

impl StaticFiles {
    /// `folder` is `STATIC_DIR`; `accent` is the style sheet made from `BRAND_ACCENT`.
    pub fn new(folder: Option<PathBuf>, accent: Option<String>) -> Self {
        let accent = accent.map(|style_sheet| {
            let hash = Sha256::digest(&style_sheet);
            let hash: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
            Accent {
                name: format!("brand.{hash}.css"),
                style_sheet,
            }
        });
        Self { folder, accent }
    }

    /// The URL path of the accent's style sheet.
    pub fn accent_address(&self) -> Option<String> {
        let accent = self.accent.as_ref()?;
        Some(format!("/static/{}", accent.name))
    }

    /// The URL path of the team's logo; `None` when the folder has none.
    pub fn logo_address(&self) -> Option<String> {
        LOGOS
            .into_iter()
            .find(|name| self.in_folder(name).is_some())
            .map(|name| self.address(name))
    }

    /// The URL path of a file: its hashed name, or its plain name when the folder has a file of that
    /// name.
    pub fn address(&self, name: &str) -> String {
        let built_in = ASSETS.iter().find(|asset| asset.name == name);
        match built_in {
            Some(asset) if self.in_folder(name).is_none() => {
                format!("/static/{}", asset.hashed_name)
            }
            _ => format!("/static/{name}"),
        }
    }

    /// Finds the file of a URL path below `/static/`.
    pub fn find(&self, name: &str) -> Option<StaticFile<'_>> {
        if let Some(path) = self.in_folder(name) {
            return Some(StaticFile::InFolder(path));
        }
        if let Some(accent) = self.accent.as_ref().filter(|accent| accent.name == name) {
            return Some(StaticFile::Accent(&accent.style_sheet));
        }
        let built_in = ASSETS.iter().find(|asset| asset.hashed_name == name);
        built_in.map(StaticFile::BuiltIn)
    }

    /// Hidden files, and names that leave the folder, are not found.
    fn in_folder(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let plain = name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\'));
        let path = folder.join(name);
        (plain && path.is_file()).then_some(path)
    }
}
