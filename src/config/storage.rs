use std::path::PathBuf;

use super::problems::{Problems, Validator};
use super::settings::Settings;
use super::values::{database_path, folder, one_of};

/// The settings that every subcommand needs.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Folder of the generated key and the outbox.
    pub data_dir: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// Whether pending migrations are run at start.
    pub auto_migrate: bool,
}

impl Storage {
    pub fn from_settings(settings: &Settings) -> Result<Self, Problems> {
        let mut validator = Validator::default();
        let storage = Self::read(settings, &mut validator);
        validator.finish(storage)
    }

    pub(super) fn read(settings: &Settings, validator: &mut Validator) -> Self {
        let data_dir = validator.read(
            "DATA_DIR",
            &settings.data_dir,
            PathBuf::from("data"),
            folder,
        );
        let database = validator
            .read_optional("DATABASE_URL", &settings.database_url, database_path)
            .unwrap_or_else(|| data_dir.join("vestibule.db"));
        let auto_migrate = validator.read(
            "AUTO_MIGRATE",
            &settings.auto_migrate,
            true,
            one_of("true or false"),
        );
        Self {
            data_dir,
            database,
            auto_migrate,
        }
    }
}
