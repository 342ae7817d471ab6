//! The part of the server that answers: every route, on an open database. It needs no socket and rings nobody. By itself
//! it only keeps its place among the servers of this database.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use domain::ids::NodeId;
use secrecy::{SecretBox, SecretString};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::network;
use crate::actions::nodes::Membership;
use crate::actions::{Actions, Installation, new_uuid, random_bytes};
use crate::carrier::twilio::{CallbackUrls, Credentials};
use crate::clock::Clock;
use crate::config::{CarrierSettings, Settings};
use crate::credentials::{ApiKey, SessionCookie};
use crate::engine::Keeping;
use crate::engine::lease::LeaseKeeper;
use crate::engine::relay::Relay;
use crate::http::Router;
use crate::http::connection::CarrierLine;
use crate::http::query::CursorKey;
use crate::http::sign_in_throttle::SignInThrottle;
use crate::http::standing::Standing;
use crate::http::state::{HttpParts, HttpState, ServerFacts};
use crate::http::voice_shelf::VoiceShelf;
use crate::live::Live;
use crate::media::{MediaStore, PublicUrls};
use crate::speech::Narrator;
use crate::speech_services::elevenlabs::ElevenLabs;
use crate::store::nodes::NodeRole;
use crate::store::{Location, Store};
use crate::wake::Wake;

/// What answers, whether or not a server is around it.
pub struct Desk {
    /// Everything that changes something.
    pub actions: Actions,
    /// Every route.
    pub router: Router,
    /// The key of the console, for commands of the same machine.
    pub console_key: SecretString,
    /// Makes the owner at the first start.
    pub setup_code: SecretString,
    /// The carrier's account.
    pub(super) account: Credentials,
    /// For those who ask the carrier something: connected as soon as it can be reached.
    pub(super) line: CarrierLine,
    /// Where sounds go.
    pub(super) keeping: Keeping,
    /// Who speaks texts beforehand, where a key was given.
    pub(super) voices: Option<Arc<ElevenLabs>>,
    /// Ends long answers.
    pub(super) stopping: CancellationToken,
    lease: LeaseKeeper,
    relay: Relay,
}

impl Desk {
    /// Opens the data for a command of this process, while no server works on it.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let store = Store::open(&settings.database).await?;
        let public_url = public_url(settings, &settings.listen.to_string())?;
        let membership = Membership::of(NodeRole::Command, host_name(), settings.lease, &Clock::System);
        let desk = Self::set_up(store, Clock::System, settings, membership, &public_url).await?;
        // On PostgreSQL the servers look for themselves; on SQLite the lock says that there is none.
        if matches!(settings.database, Location::Folder(_)) {
            desk.actions.verify_history().await?;
        }
        Ok(desk)
    }

    /// Puts the parts together on an open database.
    pub(super) async fn set_up(
        store: Store,
        clock: Clock,
        settings: &Settings,
        membership: Membership,
        public_url: &Url,
    ) -> anyhow::Result<Self> {
        let media = media(settings)?;
        let simulation = matches!(settings.carrier, CarrierSettings::Simulation);
        let own_number = settings.caller_id.clone();
        let installation = Installation {
            run: NodeId::from_uuid(new_uuid(clock.now())),
            caller_id: own_number.or_else(|| simulation.then(network::caller_id)),
            destinations: settings.destinations.clone(),
            pacing: settings.pacing,
            caller_id_pacing: settings.caller_id_pacing,
            rates: settings.rates.clone(),
            narrator: settings
                .elevenlabs
                .as_ref()
                .map(|service| Narrator { model: service.model.clone(), delivery: service.delivery }),
        };
        let live = Live::new(&installation.run.to_string());
        let actions = Actions::new(store, clock, Wake::default(), live, installation);
        actions.first_workspace().await?;
        actions.keep_history_in(&settings.data_dir).await?;
        let (role, lease) = (membership.role, membership.lease);
        actions.join(membership).await?;
        let lease = LeaseKeeper::start(actions.clone(), lease);
        let relay = Relay::start(&actions).await;

        let keeping = keeping(&actions, media, settings, public_url).await?;

        let account = match &settings.carrier {
            CarrierSettings::Twilio { credentials, .. } => credentials.clone(),
            CarrierSettings::Simulation => network::account(&actions).await?,
        };
        let console_key = ApiKey::generate(random_bytes());
        let setup_code = setup_code();
        let voices = settings.elevenlabs.as_ref().map(ElevenLabs::new).transpose()?.map(Arc::new);
        let (stopping, line) = (CancellationToken::new(), CarrierLine::default());
        let facts = ServerFacts {
            cookie: SessionCookie::for_public_url(public_url),
            public_url: public_url.clone(),
            cursor_key: CursorKey::new(actions.installation_secret("cursor_key").await?),
            callback_urls: callback_urls(&actions, public_url).await?,
            public_sounds: keeping.public.clone(),
            webhook_tokens: vec![account.auth_token().clone()],
            account_sid: account.account_sid().to_owned(),
            console_key: console_key.hash,
            setup_code: setup_code.clone(),
            simulation,
            allow_http_audio: settings.allow_http_audio,
            recordings_keep_days: settings.recordings.keep_days,
            voices: VoiceShelf::of(voices.clone()),
        };
        let state = HttpState::from(HttpParts {
            actions: Arc::new(actions.clone()),
            server: Arc::new(facts),
            throttle: Mutex::new(SignInThrottle::default()),
            line: line.clone(),
            media: keeping.media.clone(),
            standing: Standing::default(),
            stopping: stopping.clone(),
        });
        let router = match role {
            NodeRole::Dialer => crate::http::router::router_of_a_dialer(state),
            _ => crate::http::router::router(state),
        };
        let console_key = console_key.secret;
        Ok(Self {
            actions,
            router,
            console_key,
            setup_code,
            account,
            line,
            keeping,
            voices,
            stopping,
            lease,
            relay,
        })
    }

    /// Closes the database, so that the next process may have it.
    pub async fn close(self) -> anyhow::Result<()> {
        self.lease.stop().await;
        self.relay.stop().await;
        self.actions.store.close().await?;
        Ok(())
    }
}

/// The store of sound files. A folder that cannot be made is found out before anything rings.
fn media(settings: &Settings) -> anyhow::Result<MediaStore> {
    let place = settings.media_place();
    MediaStore::open(&place)
        .with_context(|| format!("the place of sound files cannot be used ({})", place.describe()))
}

/// Where sounds go, and where the carrier fetches them.
async fn keeping(
    actions: &Actions,
    media: MediaStore,
    settings: &Settings,
    public_url: &Url,
) -> anyhow::Result<Keeping> {
    let key = SecretBox::new(Box::new(actions.installation_secret("public_sound_key").await?));
    let public = Arc::new(PublicUrls::new(public_url, key));
    let (days, delete_at_carrier) = (settings.recordings.keep_days, settings.recordings.delete_at_carrier);
    Ok(Keeping { media, public, days, delete_at_carrier })
}

/// 64 random bits, as people can type them: four groups of four.
fn setup_code() -> SecretString {
    let bytes: [u8; 8] = random_bytes();
    let groups: Vec<String> = bytes.chunks(2).map(|two| format!("{:02x}{:02x}", two[0], two[1])).collect();
    groups.join("-").into()
}

/// Where people and the carrier reach us: the setting, or the address listened on.
pub(super) fn public_url(settings: &Settings, listening: &str) -> anyhow::Result<Url> {
    match &settings.public_url {
        Some(url) => Ok(url.clone()),
        None => Url::parse(&format!("http://{listening}")).context("the listening address makes no URL"),
    }
}

/// The addresses the carrier calls back on.
pub(super) async fn callback_urls(actions: &Actions, public_url: &Url) -> anyhow::Result<CallbackUrls> {
    let key = actions.installation_secret("callback_key").await?;
    let urls = CallbackUrls::new(public_url.as_str(), SecretBox::new(Box::new(key)))
        .context("PUBLIC_URL cannot be used for callbacks")?;
    Ok(urls)
}

/// The machine's name, where the system tells.
pub(super) fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_else(|_| "this machine".to_owned());
    name
}
