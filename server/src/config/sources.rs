//! Where settings come from, and which of them holds.

use std::collections::HashMap;
use std::path::PathBuf;

use config::{Config, ConfigError, File, FileFormat};

use super::{ConfigRefused, Written};

/// The file of defaults that every reader of the repository sees.
const DEFAULTS: &str = include_str!("../../../config.example.toml");

/// Environment variables and the settings they stand for. Where two name one setting, the first that is set holds.
const VARIABLES: [(&str, &str); 40] = [
    ("LISTEN", "listen"),
    ("DATA_DIR", "data_dir"),
    ("ROLE", "role"),
    ("PUBLIC_URL", "public_url"),
    ("NEXTAUTH_URL", "public_url"),
    ("DATABASE_URL", "database_url"),
    ("ALLOWED_REGIONS", "allowed_regions"),
    ("ALLOW_HTTP_AUDIO", "allow_http_audio"),
    ("TWILIO_ACCOUNT_SID", "twilio.account_sid"),
    ("TWILIO_AUTH_TOKEN", "twilio.auth_token"),
    ("TWILIO_PHONE_NUMBER", "twilio.phone_number"),
    ("TWILIO_API_KEY_SID", "twilio.api_key_sid"),
    ("TWILIO_API_KEY_SECRET", "twilio.api_key_secret"),
    ("TWILIO_API_BASE", "twilio.api_base"),
    ("DIALER_CALLS_PER_SECOND", "dialer.calls_per_second"),
    ("DIALER_MAX_LIVE_CALLS", "dialer.max_live_calls"),
    ("ELEVENLABS_API_KEY", "elevenlabs.api_key"),
    ("ELEVENLABS_BASE_URL", "elevenlabs.base_url"),
    ("ELEVENLABS_MODEL", "elevenlabs.model"),
    ("ELEVENLABS_STABILITY", "elevenlabs.stability"),
    ("ELEVENLABS_SIMILARITY_BOOST", "elevenlabs.similarity_boost"),
    ("ELEVENLABS_STYLE", "elevenlabs.style"),
    ("ELEVENLABS_SPEED", "elevenlabs.speed"),
    ("OPENAI_API_KEY", "openai.api_key"),
    ("OPENAI_BASE_URL", "openai.base_url"),
    ("OPENAI_TRANSCRIPTION_MODEL", "openai.transcription_model"),
    ("OPENAI_SUMMARY_MODEL", "openai.summary_model"),
    ("HTTP_MAX_CONNECTIONS", "http.max_connections"),
    ("RECORDINGS_KEEP_DAYS", "recordings.keep_days"),
    ("RECORDINGS_DELETE_AT_CARRIER", "recordings.delete_at_carrier"),
    ("MEDIA_FOLDER", "media.folder"),
    ("MEDIA_S3_BUCKET", "media.s3_bucket"),
    ("MEDIA_S3_PREFIX", "media.s3_prefix"),
    ("MEDIA_S3_REGION", "media.s3_region"),
    ("MEDIA_S3_ENDPOINT", "media.s3_endpoint"),
    ("MEDIA_S3_ACCESS_KEY_ID", "media.s3_access_key_id"),
    ("MEDIA_S3_SECRET_ACCESS_KEY", "media.s3_secret_access_key"),
    ("LOG_LEVEL", "log.level"),
    ("LOG_FORMAT", "log.format"),
    ("RUST_LOG", "log.level"),
];

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--role`
    pub role: Option<String>,
}

/// Environment variables, with those of `.env` behind them.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// The process's environment, and the `.env` file of the working folder where there is one.
    pub fn of_this_process() -> Result<Self, ConfigRefused> {
        let mut variables = HashMap::new();
        if let Ok(file) = dotenvy::dotenv_iter() {
            for variable in file {
                let (name, value) = variable.map_err(|_| {
                    ConfigRefused::new("the .env file cannot be read: each line has the form NAME=value")
                })?;
                variables.insert(name, value);
            }
        }
        variables.extend(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Ok(Self(variables))
    }

    /// Just these variables, for tests.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        // An empty variable is how shells and container files say "not set".
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

/// All sources, the strongest last.
pub(super) fn merge(flags: Flags, environment: &Environment) -> Result<Written, ConfigRefused> {
    let defaults = || Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    // The data folder is needed to find its own config.toml.
    let data_dir = match (&flags.data_dir, environment.get("DATA_DIR")) {
        (Some(folder), _) => folder.clone(),
        (None, Some(folder)) => PathBuf::from(folder),
        (None, None) => {
            let built_in = defaults().build().and_then(|built| built.get_string("data_dir"));
            PathBuf::from(built_in.map_err(refused)?)
        }
    };
    let own_file = data_dir.join("config.toml");
    let mut builder = defaults().add_source(File::from(own_file).format(FileFormat::Toml).required(false));
    for (variable, setting) in VARIABLES.iter().rev() {
        if let Some(value) = environment.get(variable) {
            builder = match *setting {
                "allowed_regions" => {
                    let codes: Vec<&str> = value.split(',').map(str::trim).collect();
                    builder.set_override(*setting, codes)
                }
                _ => builder.set_override(*setting, value),
            }
            .map_err(refused)?;
        }
    }
    builder = builder.set_override("data_dir", data_dir.to_string_lossy().into_owned()).map_err(refused)?;
    builder = builder.set_override_option("listen", flags.listen).map_err(refused)?;
    builder = builder.set_override_option("role", flags.role).map_err(refused)?;
    builder.build().and_then(Config::try_deserialize).map_err(refused)
}

fn refused(error: ConfigError) -> ConfigRefused {
    ConfigRefused::new(format!("the settings are not accepted: {error}. config.example.toml shows every one"))
}

#[cfg(test)]
mod tests {
    use super::super::{CarrierSettings, Settings};
    use super::*;
    use crate::speech::Delivery;
    use crate::store::Location;

    fn load(variables: &[(&str, &str)]) -> Result<Settings, ConfigRefused> {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let folder = std::env::temp_dir().join("prospectai-no-such-folder");
        Settings::load(Flags { data_dir: Some(folder), ..Flags::default() }, &Environment::of(owned))
    }

    const TWILIO: [(&str, &str); 4] = [
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
        ("TWILIO_AUTH_TOKEN", "a-secret"),
        ("TWILIO_PHONE_NUMBER", "+16175550100"),
        ("PUBLIC_URL", "https://calls.example.com"),
    ];

    #[test]
    fn without_anything_set_the_server_simulates_on_its_own_machine() {
        let settings = load(&[]).expect("the defaults are accepted");
        assert!(matches!(settings.carrier, CarrierSettings::Simulation));
        assert!(matches!(settings.database, Location::Folder(_)));
        assert!(settings.listen.ip().is_loopback());
    }

    #[test]
    fn all_twilio_variables_make_it_ring_real_phones_and_half_of_them_are_refused() {
        assert!(matches!(load(&TWILIO).expect("complete").carrier, CarrierSettings::Twilio { .. }));
        for missing in TWILIO {
            let half: Vec<_> = TWILIO.into_iter().filter(|variable| *variable != missing).collect();
            let refusal = load(&half).expect_err("half").to_string();
            assert!(refusal.contains(missing.0), "{refusal}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name_without_its_value() {
        for (name, value) in [
            ("LISTEN", "everywhere"),
            ("ROLE", "command"),
            ("PUBLIC_URL", "calls"),
            ("DATABASE_URL", "mysql://secret@host"),
            ("DIALER_CALLS_PER_SECOND", "0"),
            ("ELEVENLABS_BASE_URL", "http://voices.example.com"),
            ("ELEVENLABS_STABILITY", "1.1"),
            ("ELEVENLABS_SPEED", "0.5"),
            ("OPENAI_BASE_URL", "https://secret@models.example.com"),
            ("HTTP_MAX_CONNECTIONS", "3"),
            ("ALLOWED_REGIONS", "Narnia"),
            ("LOG_FORMAT", "xml"),
        ] {
            let refusal = load(&[(name, value)]).expect_err(name).to_string();
            assert!(refusal.contains(name) && !refusal.contains("secret"), "{refusal}");
        }
    }

    #[test]
    fn nobody_speaks_or_listens_until_the_operator_turns_it_on() {
        let (key, models) = (("OPENAI_API_KEY", "sk-secret"), ("OPENAI_TRANSCRIPTION_MODEL", "whisper-1"));
        let settings = load(&[key]).expect("a key that other programs use");
        assert!(settings.openai.is_none() && settings.elevenlabs.is_none());
        let refusal = load(&[models]).expect_err("a model without a key").to_string();
        assert!(refusal.contains("OPENAI_API_KEY"), "{refusal}");
        let settings = load(&[key, models, ("ELEVENLABS_API_KEY", "sk-secret")]).expect("both");
        let openai = settings.openai.as_ref().expect("on");
        assert_eq!(
            (openai.transcription_model.as_deref(), &openai.summary_model),
            (Some("whisper-1"), &None)
        );
        let usual = settings.elevenlabs.as_ref().expect("on").delivery;
        assert_eq!(usual, Delivery::default());
        let even = load(&[("ELEVENLABS_API_KEY", "sk-secret"), ("ELEVENLABS_STABILITY", "1")]).expect("both");
        assert_eq!(even.elevenlabs.map(|it| it.delivery), Some(Delivery { stability: Some(1.0), ..usual }));
        assert!(!format!("{settings:?}").contains("sk-secret"));
    }

    #[test]
    fn the_old_name_of_the_public_url_works_and_the_new_one_wins() {
        let old = ("NEXTAUTH_URL", "https://old.example.com");
        let url = |settings: Settings| settings.public_url.expect("set").to_string();
        assert_eq!(url(load(&[old]).expect("old")), "https://old.example.com/");
        let both = load(&[old, ("PUBLIC_URL", "https://new.example.com")]).expect("both");
        assert_eq!(url(both), "https://new.example.com/");
    }
}
