//! Settings: from flags, the environment, `.env`, `config.toml` in the data folder and the built-in defaults, in that
//! order. Parsed once into types; what is not understood is refused before anything starts.

mod media;
mod services;
mod sources;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::budget::RateCard;
use domain::money::Usd;
use domain::pacing::Pacing;
use domain::phone_number::{DestinationPolicy, PhoneNumber, Region};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::carrier::twilio::{ApiKey, Credentials};
use crate::media::MediaPlace;
use crate::speech_services::elevenlabs::ElevenLabsSettings;
use crate::speech_services::openai::OpenAiSettings;
use crate::store::Location;
use crate::store::nodes::NodeRole;

pub use sources::{Environment, Flags};

/// Three chances to renew a lease, and a server that is gone is missed for a quarter of a minute.
const LEASE: Duration = Duration::from_secs(15);

/// The least of `HTTP_MAX_CONNECTIONS`.
pub(crate) const FEWEST_CONNECTIONS: usize = 16;

/// A setting that is not accepted, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigRefused(String);

impl ConfigRefused {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Every setting, understood.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and port to serve on.
    pub listen: SocketAddr,
    /// The data folder.
    pub data_dir: PathBuf,
    /// What this server does.
    pub role: NodeRole,
    /// How long its lease on dialing holds without being renewed.
    pub lease: Duration,
    /// Where the database is.
    pub database: Location,
    /// Where the world reaches this server; its own address when absent.
    pub public_url: Option<Url>,
    /// Who connects calls.
    pub carrier: CarrierSettings,
    /// The number shown where a campaign names none.
    pub caller_id: Option<PhoneNumber>,
    /// How fast calls are made.
    pub pacing: Pacing,
    /// The same for each number to call from, where it is bounded.
    pub caller_id_pacing: Option<Pacing>,
    /// What calls cost, for budgets.
    pub rates: RateCard,
    /// Where may be called.
    pub destinations: DestinationPolicy,
    /// Audio may come from plain http addresses.
    pub allow_http_audio: bool,
    /// Who speaks scripts in voices beyond the carrier's; nobody when absent.
    pub elevenlabs: Option<ElevenLabsSettings>,
    /// Who transcribes and sums up; nobody when absent.
    pub openai: Option<OpenAiSettings>,
    /// What becomes of recordings.
    pub recordings: RecordingSettings,
    /// A bucket or a folder for sound files; a folder in the data folder when absent.
    pub media: Option<MediaPlace>,
    /// Connections served at one time.
    pub max_connections: usize,
    /// What is logged.
    pub log: LogSettings,
}

/// What becomes of recordings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingSettings {
    /// They are deleted after so many days; 1 to 3650.
    pub keep_days: u32,
    /// The carrier's copy is deleted as soon as ours is verified.
    pub delete_at_carrier: bool,
}

/// Who connects calls.
#[derive(Debug, Clone)]
pub enum CarrierSettings {
    /// Twilio, or whatever speaks its language at this address.
    Twilio {
        /// The account.
        credentials: Credentials,
        /// Where its API lives.
        api_base: Url,
    },
    /// The phone network in the box.
    Simulation,
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A level or a filter by module.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Settings {
    /// Reads every source.
    pub fn load(flags: Flags, environment: &Environment) -> Result<Self, ConfigRefused> {
        sources::merge(flags, environment)?.try_into()
    }

    /// Where sound files are kept.
    pub fn media_place(&self) -> MediaPlace {
        self.media.clone().unwrap_or_else(|| MediaPlace::Folder(self.data_dir.join("media")))
    }
}

/// Settings as they are written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    listen: String,
    data_dir: PathBuf,
    role: String,
    public_url: Option<String>,
    database_url: Option<String>,
    allowed_regions: Vec<String>,
    allow_http_audio: bool,
    twilio: WrittenTwilio,
    dialer: WrittenDialer,
    rates: WrittenRates,
    elevenlabs: services::WrittenElevenLabs,
    openai: services::WrittenOpenAi,
    recordings: RecordingSettings,
    media: media::Written,
    http: WrittenHttp,
    log: LogSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTwilio {
    account_sid: Option<String>,
    auth_token: Option<SecretString>,
    phone_number: Option<String>,
    api_key_sid: Option<String>,
    api_key_secret: Option<SecretString>,
    api_base: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDialer {
    calls_per_second: f64,
    max_live_calls: u32,
    caller_id_calls_per_second: Option<f64>,
    caller_id_max_live_calls: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRates {
    per_minute: BTreeMap<String, String>,
    machine_detection: String,
    recording_per_minute: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHttp {
    max_connections: usize,
}

impl TryFrom<Written> for Settings {
    type Error = ConfigRefused;

    fn try_from(written: Written) -> Result<Self, ConfigRefused> {
        let listen = written.listen.parse().map_err(|_| {
            ConfigRefused::new("LISTEN is not an address and a port. Write for example 127.0.0.1:3000")
        })?;
        let public_url = written.public_url.as_deref().map(public_url).transpose()?;
        let caller_id = written.twilio.phone_number.as_deref().map(caller_id).transpose()?;
        let carrier = carrier(written.twilio)?;
        if let (CarrierSettings::Twilio { .. }, None) = (&carrier, &public_url) {
            return Err(ConfigRefused::new(
                "PUBLIC_URL is missing. Twilio sends the news of every call there; set it to the https address at which \
                 the world reaches this server",
            ));
        }
        let pacing =
            Pacing::new(written.dialer.calls_per_second, written.dialer.max_live_calls).map_err(|error| {
                ConfigRefused::new(format!("DIALER_CALLS_PER_SECOND or DIALER_MAX_LIVE_CALLS: {error}"))
            })?;
        let caller_id_pacing = caller_id_pacing(&written.dialer)?;
        if !(FEWEST_CONNECTIONS..=65_536).contains(&written.http.max_connections) {
            return Err(ConfigRefused::new("HTTP_MAX_CONNECTIONS must be between 16 and 65536"));
        }
        if !matches!(written.log.format.as_str(), "text" | "json") {
            return Err(ConfigRefused::new("LOG_FORMAT must be text or json"));
        }
        let role = NodeRole::parse(&written.role).filter(|role| *role != NodeRole::Command);
        let role = role.ok_or_else(|| ConfigRefused::new("ROLE must be all, web or dialer"))?;
        Ok(Self {
            listen,
            role,
            lease: LEASE,
            database: match written.database_url {
                Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                    Location::Postgres(url)
                }
                Some(_) => return Err(ConfigRefused::new("DATABASE_URL must begin with postgres://")),
                None => Location::Folder(written.data_dir.clone()),
            },
            data_dir: written.data_dir,
            public_url,
            carrier,
            caller_id,
            pacing,
            caller_id_pacing,
            rates: rates(written.rates)?,
            destinations: destinations(&written.allowed_regions)?,
            allow_http_audio: written.allow_http_audio,
            elevenlabs: services::elevenlabs(written.elevenlabs)?,
            openai: services::openai(written.openai)?,
            recordings: recordings(written.recordings)?,
            media: written.media.place()?,
            max_connections: written.http.max_connections,
            log: written.log,
        })
    }
}

/// Both or none: a pace without a ceiling, or a ceiling without a pace, is half a rule.
fn caller_id_pacing(dialer: &WrittenDialer) -> Result<Option<Pacing>, ConfigRefused> {
    match (dialer.caller_id_calls_per_second, dialer.caller_id_max_live_calls) {
        (None, None) => Ok(None),
        (Some(calls_per_second), Some(max_live)) => {
            let pacing = Pacing::new(calls_per_second, max_live);
            pacing.map(Some).map_err(|error| ConfigRefused::new(format!("dialer.caller_id_…: {error}")))
        }
        _ => Err(ConfigRefused::new(
            "dialer.caller_id_calls_per_second and dialer.caller_id_max_live_calls go together; one is missing",
        )),
    }
}

fn recordings(written: RecordingSettings) -> Result<RecordingSettings, ConfigRefused> {
    if !(1..=3_650).contains(&written.keep_days) {
        return Err(ConfigRefused::new("RECORDINGS_KEEP_DAYS must be between 1 and 3650"));
    }
    Ok(written)
}

fn rates(written: WrittenRates) -> Result<RateCard, ConfigRefused> {
    let price = |name: &str, text: &str| {
        let amount: Result<Usd, _> = text.parse();
        amount.map_err(|error| {
            ConfigRefused::new(format!("rates.{name}: {text:?} is {error}. Write for example \"0.0140\""))
        })
    };
    let mut per_minute = Vec::with_capacity(written.per_minute.len());
    for (prefix, text) in &written.per_minute {
        per_minute.push((prefix.clone(), price(&format!("per_minute.{prefix:?}"), text)?));
    }
    let detection = price("machine_detection", &written.machine_detection)?;
    let recording = price("recording_per_minute", &written.recording_per_minute)?;
    RateCard::new(per_minute, detection, recording)
        .map_err(|error| ConfigRefused::new(format!("rates: {error}")))
}

fn public_url(text: &str) -> Result<Url, ConfigRefused> {
    let refused = || {
        ConfigRefused::new(
            "PUBLIC_URL is not an http or https address. Write for example https://calls.example.com",
        )
    };
    let url = Url::parse(text).map_err(|_| refused())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(refused()) }
}

fn caller_id(text: &str) -> Result<PhoneNumber, ConfigRefused> {
    PhoneNumber::parse(text, None)
        .map_err(|error| ConfigRefused::new(format!("TWILIO_PHONE_NUMBER is not a phone number. {error}")))
}

/// All three variables: Twilio. None of them: simulation. Anything between is a mistake that must not pass for either.
fn carrier(twilio: WrittenTwilio) -> Result<CarrierSettings, ConfigRefused> {
    let (account_sid, auth_token) = match (twilio.account_sid, twilio.auth_token, &twilio.phone_number) {
        (Some(account_sid), Some(auth_token), Some(_)) => (account_sid, auth_token),
        (None, None, None) => return Ok(CarrierSettings::Simulation),
        (sid, token, number) => {
            let names = [
                ("TWILIO_ACCOUNT_SID", sid.is_some()),
                ("TWILIO_AUTH_TOKEN", token.is_some()),
                ("TWILIO_PHONE_NUMBER", number.is_some()),
            ];
            let missing: Vec<&str> =
                names.into_iter().filter(|(_, set)| !set).map(|(name, _)| name).collect();
            return Err(ConfigRefused::new(format!(
                "Twilio is set up half: {} is missing. Set all three to ring real phones, or none to simulate",
                missing.join(" and ")
            )));
        }
    };
    let api_key = match (twilio.api_key_sid, twilio.api_key_secret) {
        (Some(sid), Some(secret)) => Some(ApiKey { sid, secret }),
        (None, None) => None,
        _ => {
            return Err(ConfigRefused::new(
                "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET go together; one is missing",
            ));
        }
    };
    let credentials = Credentials::new(account_sid, auth_token, api_key)
        .map_err(|error| ConfigRefused::new(format!("Twilio's credentials: {error}")))?;
    let api_base = Url::parse(&twilio.api_base).map_err(|_| {
        ConfigRefused::new("TWILIO_API_BASE is not an address. Leave it away for https://api.twilio.com")
    })?;
    Ok(CarrierSettings::Twilio { credentials, api_base })
}

fn destinations(codes: &[String]) -> Result<DestinationPolicy, ConfigRefused> {
    let regions: Result<Vec<Region>, _> = codes.iter().map(|code| Region::parse(code)).collect();
    let regions = regions.map_err(|_| {
        ConfigRefused::new(
            "ALLOWED_REGIONS must be two-letter country codes, separated by commas, such as US,CA,GB",
        )
    })?;
    Ok(DestinationPolicy::only(regions))
}
