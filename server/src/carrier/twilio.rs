//! Twilio behind the carrier's words: the REST client, the webhooks' signatures and news, and TwiML.

pub mod callback;
pub mod callback_urls;
pub mod client;
pub mod errors;
pub mod message;
pub mod signature;
pub mod twiml;
pub mod wire;

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use callback_urls::{CallbackUrls, Purpose, TurnAt};
pub use client::{Audio, TwilioClient};

/// Who we are to Twilio.
#[derive(Debug, Clone)]
pub struct Credentials {
    account_sid: String,
    auth_token: SecretString,
    api_key: Option<ApiKey>,
}

/// A revocable pair that replaces the auth token for REST requests; webhooks are signed with the token all the same.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// `SK` and 32 hexadecimal digits.
    pub sid: String,
    /// Shown once by Twilio.
    pub secret: SecretString,
}

/// A credential is not of the form Twilio gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// The account SID goes into every path, so nothing else may stand there.
    #[error("the account SID must be AC followed by 32 hexadecimal digits; copy it from Twilio's console")]
    AccountSid,
    /// An API key's SID.
    #[error("the API key SID must be SK followed by 32 hexadecimal digits; the secret is a separate value")]
    ApiKeySid,
}

impl Credentials {
    /// Checks the form of the SIDs; whether Twilio accepts them is for [`TwilioClient::fetch_account`] to tell.
    pub fn new(
        account_sid: String,
        auth_token: SecretString,
        api_key: Option<ApiKey>,
    ) -> Result<Self, InvalidCredentials> {
        if !is_sid("AC", &account_sid) {
            return Err(InvalidCredentials::AccountSid);
        }
        if api_key.as_ref().is_some_and(|key| !is_sid("SK", &key.sid)) {
            return Err(InvalidCredentials::ApiKeySid);
        }
        Ok(Self { account_sid, auth_token, api_key })
    }

    /// The account, which stays in the path even when an API key signs in.
    pub fn account_sid(&self) -> &str {
        &self.account_sid
    }

    /// The account's primary token: the key of every webhook signature.
    pub fn auth_token(&self) -> &SecretString {
        &self.auth_token
    }

    /// User and password of REST requests.
    fn basic_auth(&self) -> (&str, &SecretString) {
        match &self.api_key {
            Some(key) => (&key.sid, &key.secret),
            None => (&self.account_sid, &self.auth_token),
        }
    }
}

/// How Twilio is reached.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Where the API lives: [`DEFAULT_API_BASE`], a regional host, or a simulator.
    pub api_base: Url,
    /// DNS, TCP and TLS together. Must be shorter than the two others.
    pub connect_timeout: Duration,
    /// The whole of a create, connecting included. Shorter only makes more calls whose fate is unknown.
    pub place_timeout: Duration,
    /// The whole of a read or an update.
    pub read_timeout: Duration,
}

/// Twilio's API in its first region, US1.
pub const DEFAULT_API_BASE: &str = "https://api.twilio.com";

impl ClientSettings {
    /// The usual timeouts: 3 s to connect, 30 s for a create, 15 s for a read.
    pub fn new(api_base: Url) -> Self {
        Self {
            api_base,
            connect_timeout: Duration::from_secs(3),
            place_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(15),
        }
    }
}

/// Twilio's identifiers: two capitals for the kind and 32 hexadecimal digits.
pub(crate) fn is_sid(kind: &str, text: &str) -> bool {
    text.strip_prefix(kind)
        .is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;

    const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

    fn credentials(account: &str, key: Option<&str>) -> Result<Credentials, InvalidCredentials> {
        let key = key.map(|sid| ApiKey { sid: sid.to_owned(), secret: "key secret".into() });
        Credentials::new(account.to_owned(), "the token".into(), key)
    }

    #[test]
    fn only_sids_of_the_right_kind_are_credentials_and_secrets_are_never_printed() {
        let key = ACCOUNT.replace("AC", "SK");
        let good = credentials(ACCOUNT, Some(&key)).expect("credentials");
        let printed = format!("{good:?}");
        assert!(!printed.contains("the token") && !printed.contains("key secret"), "{printed}");
        assert_eq!(credentials(&key, None).err(), Some(InvalidCredentials::AccountSid));
        assert_eq!(credentials("AC/../..", None).err(), Some(InvalidCredentials::AccountSid));
        assert_eq!(credentials(ACCOUNT, Some(ACCOUNT)).err(), Some(InvalidCredentials::ApiKeySid));
    }

    #[test]
    fn an_api_base_that_could_leak_or_confuse_and_timeouts_that_hide_are_refused() {
        let client = |base: &str, connect: u64| {
            let mut settings = ClientSettings::new(base.parse().expect("a URL"));
            settings.connect_timeout = Duration::from_secs(connect);
            let urls = CallbackUrls::new("https://calls.example.com", SecretBox::new(Box::new([7; 32])));
            TwilioClient::new(
                &settings,
                credentials(ACCOUNT, None).expect("credentials"),
                urls.expect("a URL"),
            )
        };
        assert!(client("http://127.0.0.1:9/prefix/", 3).is_ok());
        for base in
            ["ftp://a.example", "http://user@a.example", "http://a.example/?a=1", "http://a.example/#a"]
        {
            assert!(
                client(base, 3).is_err_and(|error| error.to_string().contains("TWILIO_API_BASE")),
                "{base}"
            );
        }
        for connect in [5, 15, 30] {
            assert!(client("http://127.0.0.1:9", connect).is_err(), "{connect} s");
        }
    }
}
