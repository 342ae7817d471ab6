//! The phone network in the box: it takes the carrier's place where no carrier is set up.

use anyhow::Context as _;
use domain::phone_number::PhoneNumber;
use secrecy::{ExposeSecret, SecretString};
use simulator::{AnswerModel, Faults, Simulator, Timeline};
use url::Url;

use crate::actions::Actions;
use crate::carrier::twilio::Credentials;

/// The number that the phone network in the box knows as its own: from the range reserved for fiction.
const CALLER_ID: &str = "+16175550100";

/// How the phone network in the box behaves, where it is used.
#[derive(Debug, Clone)]
pub struct Network {
    /// Repeats everything that chance decides.
    pub seed: u64,
    /// Who picks up, and when.
    pub answers: AnswerModel,
    /// What goes wrong.
    pub faults: Faults,
    /// New calls per second.
    pub calls_per_second: f64,
    /// The time it shares with the server; the machine's when absent.
    pub timeline: Option<Timeline>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            seed: 1,
            answers: AnswerModel::default(),
            faults: Faults::none(),
            calls_per_second: 1.0,
            timeline: None,
        }
    }
}

impl Network {
    /// Starts it on a port of this machine for one account with its number; the network, and where its API is.
    pub(super) async fn start(
        self,
        account: &Credentials,
        number: Option<&PhoneNumber>,
    ) -> anyhow::Result<(Simulator, Url)> {
        let auth_token = account.auth_token().expose_secret().to_owned();
        let mut settings = simulator::Settings::new(account.account_sid().to_owned(), auth_token);
        settings.numbers = number.map(PhoneNumber::to_string).into_iter().collect();
        settings.seed = self.seed;
        settings.answers = self.answers;
        settings.faults = self.faults;
        settings.calls_per_second = self.calls_per_second;
        if let Some(timeline) = self.timeline {
            settings.timeline = timeline;
        }
        let simulator =
            Simulator::start(settings).await.context("the phone network in the box did not start")?;
        let address =
            Url::parse(&simulator.base_url()).context("the phone network in the box has no address")?;
        Ok((simulator, address))
    }
}

/// The number shown where nobody set one.
pub(super) fn caller_id() -> PhoneNumber {
    PhoneNumber::from_e164_unchecked(CALLER_ID.to_owned())
}

/// The account of the network in the box: made at the first start, so that calls outlive a restart.
pub(super) async fn account(actions: &Actions) -> anyhow::Result<Credentials> {
    let secret = actions.installation_secret("simulated_account").await?;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let account_sid = format!("AC{}", hex(&secret[..16]));
    Ok(Credentials::new(account_sid, SecretString::from(hex(&secret[16..])), None)?)
}
