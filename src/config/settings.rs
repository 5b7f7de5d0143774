/// The settings as they were written, from flags, the environment or a `.env` file.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Settings {
    /// Address to bind [default: 127.0.0.1:8080]
    #[arg(
        long,
        env = "LISTEN",
        value_name = "ADDRESS",
        global = true,
        help_heading = "Settings"
    )]
    pub listen: Option<String>,
    /// The public origin; links are built from it [default: http://localhost and LISTEN's port]
    #[arg(
        long,
        env = "BASE_URL",
        value_name = "URL",
        global = true,
        help_heading = "Settings"
    )]
    pub base_url: Option<String>,
    /// Folder of the database, the generated key and the outbox [default: data]
    #[arg(
        long,
        env = "DATA_DIR",
        value_name = "FOLDER",
        global = true,
        help_heading = "Settings"
    )]
    pub data_dir: Option<String>,
    /// The database file [default: vestibule.db in DATA_DIR]
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "FILE",
        global = true,
        help_heading = "Settings"
    )]
    pub database_url: Option<String>,
    /// 64 random bytes in base64 [default: made on first start, secret.key in DATA_DIR]
    #[arg(
        long,
        env = "SECRET_KEY",
        value_name = "BASE64",
        global = true,
        help_heading = "Settings",
        hide_env_values = true
    )]
    pub secret_key: Option<String>,
    /// The previous SECRET_KEY, still accepted so that a new key signs no one out
    #[arg(
        long,
        env = "SECRET_KEY_PREVIOUS",
        value_name = "BASE64",
        global = true,
        help_heading = "Settings",
        hide_env_values = true
    )]
    pub secret_key_previous: Option<String>,
    /// Makes sure that a confirmed admin account with this address exists
    #[arg(
        long,
        env = "ADMIN_EMAIL",
        value_name = "EMAIL",
        global = true,
        help_heading = "Settings"
    )]
    pub admin_email: Option<String>,
    /// The mail server, such as smtps://user:password@mail.example.com [default: mail goes to DATA_DIR/outbox]
    #[arg(
        long,
        env = "SMTP_URL",
        value_name = "URL",
        global = true,
        help_heading = "Settings",
        hide_env_values = true
    )]
    pub smtp_url: Option<String>,
    /// The sender of every mail, such as "Console <console@example.com>"
    #[arg(
        long,
        env = "MAIL_FROM",
        value_name = "MAILBOX",
        global = true,
        help_heading = "Settings"
    )]
    pub mail_from: Option<String>,
    /// Accounts that may use email codes: fallback, always or off [default: fallback]
    #[arg(
        long,
        env = "EMAIL_CODES",
        value_name = "WHEN",
        global = true,
        help_heading = "Settings"
    )]
    pub email_codes: Option<String>,
    /// How admins may sign in: workos (no email codes) or any [default: any]
    #[arg(
        long,
        env = "ADMIN_SIGN_IN",
        value_name = "HOW",
        global = true,
        help_heading = "Settings"
    )]
    pub admin_sign_in: Option<String>,
    /// How long a code works, at most 15m [default: 10m]
    #[arg(
        long,
        env = "EMAIL_CODE_TTL",
        value_name = "DURATION",
        global = true,
        help_heading = "Settings"
    )]
    pub email_code_ttl: Option<String>,
    /// Code requests for one address in any 60 seconds [default: 10]
    #[arg(
        long,
        env = "CODE_LIMIT_ADDRESS",
        value_name = "COUNT",
        global = true,
        help_heading = "Settings"
    )]
    pub code_limit_address: Option<String>,
    /// Code requests from one client IP in any 60 seconds [default: 60]
    #[arg(
        long,
        env = "CODE_LIMIT_IP",
        value_name = "COUNT",
        global = true,
        help_heading = "Settings"
    )]
    pub code_limit_ip: Option<String>,
    /// A session ends after this long unused [default: 12h]
    #[arg(
        long,
        env = "SESSION_IDLE",
        value_name = "DURATION",
        global = true,
        help_heading = "Settings"
    )]
    pub session_idle: Option<String>,
    /// A session ends after this long in any case [default: 7d]
    #[arg(
        long,
        env = "SESSION_MAX",
        value_name = "DURATION",
        global = true,
        help_heading = "Settings"
    )]
    pub session_max: Option<String>,
    /// Networks (CIDR) whose X-Forwarded-For is trusted, separated by commas [default: none]
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "CIDRS",
        global = true,
        help_heading = "Settings"
    )]
    pub trusted_proxies: Option<String>,
    /// Run pending migrations at start: true or false [default: true]
    #[arg(
        long,
        env = "AUTO_MIGRATE",
        value_name = "BOOL",
        global = true,
        help_heading = "Settings"
    )]
    pub auto_migrate: Option<String>,
    /// Folder of files served in place of the built-in ones under /static
    #[arg(
        long,
        env = "STATIC_DIR",
        value_name = "FOLDER",
        global = true,
        help_heading = "Settings"
    )]
    pub static_dir: Option<String>,
    /// WorkOS AuthKit's client ID; with WORKOS_API_KEY
    #[arg(
        long,
        env = "WORKOS_CLIENT_ID",
        value_name = "ID",
        global = true,
        help_heading = "Settings"
    )]
    pub workos_client_id: Option<String>,
    /// WorkOS AuthKit's API key; with WORKOS_CLIENT_ID
    #[arg(
        long,
        env = "WORKOS_API_KEY",
        value_name = "KEY",
        global = true,
        help_heading = "Settings",
        hide_env_values = true
    )]
    pub workos_api_key: Option<String>,
    /// WorkOS's API, or a custom authentication domain [default: WorkOS's own]
    #[arg(
        long,
        env = "WORKOS_API_URL",
        value_name = "URL",
        global = true,
        help_heading = "Settings"
    )]
    pub workos_api_url: Option<String>,
    /// The callback URL exactly as it is registered [default: BASE_URL and /auth/workos/callback]
    #[arg(
        long,
        env = "WORKOS_REDIRECT_URI",
        value_name = "URL",
        global = true,
        help_heading = "Settings"
    )]
    pub workos_redirect_uri: Option<String>,
    /// Members of this WorkOS organization need no invitation
    #[arg(
        long,
        env = "WORKOS_ORGANIZATION_ID",
        value_name = "ID",
        global = true,
        help_heading = "Settings"
    )]
    pub workos_organization_id: Option<String>,
    /// Instead of WORKOS_*: the issuer of an OpenID Provider, exactly as the provider writes it
    #[arg(
        long,
        env = "OIDC_ISSUER",
        value_name = "URL",
        global = true,
        help_heading = "Settings"
    )]
    pub oidc_issuer: Option<String>,
    /// The client ID at that provider
    #[arg(
        long,
        env = "OIDC_CLIENT_ID",
        value_name = "ID",
        global = true,
        help_heading = "Settings"
    )]
    pub oidc_client_id: Option<String>,
    /// The client secret at that provider
    #[arg(
        long,
        env = "OIDC_CLIENT_SECRET",
        value_name = "SECRET",
        global = true,
        help_heading = "Settings",
        hide_env_values = true
    )]
    pub oidc_client_secret: Option<String>,
    /// Verified addresses of these domains need no invitation with WorkOS, separated by commas
    #[arg(
        long,
        env = "ALLOWED_EMAIL_DOMAINS",
        value_name = "DOMAINS",
        global = true,
        help_heading = "Settings"
    )]
    pub allowed_email_domains: Option<String>,
    /// How long activity is kept, in days [default: 365]
    #[arg(
        long,
        env = "ACTIVITY_DAYS",
        value_name = "DAYS",
        global = true,
        help_heading = "Settings"
    )]
    pub activity_days: Option<String>,
    /// Where /metrics is served, apart from LISTEN [default: nowhere]
    #[arg(
        long,
        env = "METRICS_LISTEN",
        value_name = "ADDRESS",
        global = true,
        help_heading = "Settings"
    )]
    pub metrics_listen: Option<String>,
    /// The console's name, at most 60 characters [default: Vestibule]
    #[arg(
        long,
        env = "BRAND_NAME",
        value_name = "NAME",
        global = true,
        help_heading = "Settings"
    )]
    pub brand_name: Option<String>,
    /// The colour of buttons and links, such as #1f5eff [default: Vestibule's own]
    #[arg(
        long,
        env = "BRAND_ACCENT",
        value_name = "COLOUR",
        global = true,
        help_heading = "Settings"
    )]
    pub brand_accent: Option<String>,
    /// Format of the log: text, or json with one object per line [default: text]
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        global = true,
        help_heading = "Settings"
    )]
    pub log_format: Option<String>,
}
