//! The addresses Twilio calls back on: built on our public URL, each sealed to one call and one purpose.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{CallId, ProspectId};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;

/// What a callback address is for. A seal for one purpose does not open another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Progress of the call.
    Status,
    /// Progress of its recording.
    Recording,
    /// The verdict of asynchronous machine detection.
    Amd,
    /// What to say.
    Voice,
    /// What to say after the person's turn.
    Turn,
    /// What to say to whoever the person is put through to.
    Whisper,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] =
        [Self::Status, Self::Recording, Self::Amd, Self::Voice, Self::Turn, Self::Whisper];

    /// The path below the public URL; all are asked with POST.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Status => "/api/webhooks/twilio",
            Self::Recording => "/api/webhooks/twilio/recording",
            Self::Amd => "/api/webhooks/twilio/amd",
            Self::Voice => "/api/webhooks/twilio/voice",
            Self::Turn => "/api/webhooks/twilio/turn",
            Self::Whisper => "/api/webhooks/twilio/whisper",
        }
    }
}

/// How Twilio delivers: up to five retries for every failure, 2 s to connect, 5 s to read, 15 s in all, which is the most
/// it allows. Twilio reads the fragment itself: it neither signs it nor sends it.
const DELIVERY: &str = "#rc=5&rp=all&ct=2000&rt=5000&tt=15000";

/// The turn that an address of `Purpose::Turn` asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnAt {
    /// The name of the step that waits.
    pub step: String,
    /// How often it was tried with this one, from 1.
    pub tried: u8,
}

impl fmt::Display for TurnAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.step, self.tried)
    }
}

impl TurnAt {
    fn parse(text: &str) -> Option<Self> {
        let (step, tried) = text.split_once('.')?;
        Some(Self { step: step.to_owned(), tried: tried.parse().ok()? })
    }
}

/// Builds and recognises our callback addresses.
pub struct CallbackUrls {
    base: String,
    mac_key: SecretBox<[u8; 32]>,
}

/// What the seal of an address covers.
struct Sealed {
    call: CallId,
    prospect: Option<ProspectId>,
    at: Option<TurnAt>,
}

/// Our public URL cannot be used by Twilio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "PUBLIC_URL {0}; set it to the address at which Twilio reaches this server, such as https://calls.example.com"
)]
pub struct InvalidPublicUrl(&'static str);

impl CallbackUrls {
    /// Addresses below `public_url`: http or https, no user, query or fragment, no underscore in the host name (Twilio
    /// refuses those). A path is allowed for a proxy that removes it before it passes requests on.
    pub fn new(public_url: &str, mac_key: SecretBox<[u8; 32]>) -> Result<Self, InvalidPublicUrl> {
        let url = Url::parse(public_url).map_err(|_| InvalidPublicUrl("is not an absolute URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidPublicUrl("must start with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidPublicUrl("must not contain a user or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidPublicUrl("must not contain a query or fragment"));
        }
        if url.host_str().is_none_or(|host| host.contains('_')) {
            return Err(InvalidPublicUrl("must have a host name without underscores"));
        }
        Ok(Self { base: url.as_str().trim_end_matches('/').to_owned(), mac_key })
    }

    /// The public URL without a trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The address to give to Twilio for `call` to `prospect`: should our database forget both, the carrier still knows.
    pub fn url(&self, purpose: Purpose, call: CallId, prospect: ProspectId) -> String {
        format!("{}{}?{}{DELIVERY}", self.base, purpose.path(), self.query(purpose, call, prospect))
    }

    /// The address to ask for what follows a turn. What cannot be kept is asked again: a key may be all that a person says.
    pub fn url_of_turn(&self, call: CallId, prospect: ProspectId, at: &TurnAt) -> String {
        let sealed = format!("call={call}&for={prospect}&at={at}");
        let mac = self.mac(Purpose::Turn, call, Some(prospect), Some(at));
        format!("{}{}?{sealed}&mac={mac}{DELIVERY}", self.base, Purpose::Turn.path())
    }

    /// The exact text Twilio signs for a request that reached us with this raw path and query. Never built from `Host`
    /// or forwarded headers, which anybody can write.
    pub fn signed_url(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.base)
    }

    /// The call whose address this is, if the seal of a raw query fits; in constant time. The query must be exactly the one
    /// we built: Twilio's signature joins address and fields without separators, so anything more could be fields split in
    /// another way.
    pub fn open(&self, purpose: Purpose, raw_query: &str) -> Option<CallId> {
        self.unseal(purpose, raw_query).map(|sealed| sealed.call)
    }

    /// The same with the turn that it asks about.
    pub fn open_turn(&self, raw_query: &str) -> Option<(CallId, TurnAt)> {
        let sealed = self.unseal(Purpose::Turn, raw_query)?;
        Some((sealed.call, sealed.at?))
    }

    /// The purpose and call of a whole address of ours, wherever it was found, such as among a call's events.
    pub fn recognise(&self, url: &str) -> Option<(Purpose, CallId)> {
        let (purpose, query) = self.purpose_of(url)?;
        Some((purpose, self.open(purpose, query)?))
    }

    /// The call and the prospect of a whole address of ours. Addresses of earlier versions name no prospect.
    pub fn recognise_whom(&self, url: &str) -> Option<(CallId, Option<ProspectId>)> {
        let (purpose, query) = self.purpose_of(url)?;
        self.unseal(purpose, query).map(|sealed| (sealed.call, sealed.prospect))
    }

    /// Whether an address leads to this server, whoever sealed it.
    pub fn leads_here(&self, url: &str) -> bool {
        self.purpose_of(url).is_some()
    }

    fn purpose_of<'u>(&self, url: &'u str) -> Option<(Purpose, &'u str)> {
        let (path, query) = url.strip_prefix(&self.base)?.split_once('?')?;
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        Some((Purpose::ALL.into_iter().find(|purpose| purpose.path() == path)?, query))
    }

    fn unseal(&self, purpose: Purpose, raw_query: &str) -> Option<Sealed> {
        let (sealed, mac) = raw_query.strip_prefix("call=")?.split_once("&mac=")?;
        let (sealed, at) = match sealed.split_once("&at=") {
            Some((sealed, at)) => (sealed, Some(TurnAt::parse(at)?)),
            None => (sealed, None),
        };
        let (call, prospect) = match sealed.split_once("&for=") {
            Some((call, prospect)) => (call.parse().ok()?, Some(prospect.parse().ok()?)),
            // As earlier versions sealed them; calls and their news live long.
            None => (sealed.parse().ok()?, None),
        };
        let expected = self.mac(purpose, call, prospect, at.as_ref());
        bool::from(expected.as_bytes().ct_eq(mac.as_bytes())).then_some(Sealed { call, prospect, at })
    }

    fn query(&self, purpose: Purpose, call: CallId, prospect: ProspectId) -> String {
        format!("call={call}&for={prospect}&mac={}", self.mac(purpose, call, Some(prospect), None))
    }

    /// The path names the purpose and an id has one spelling, so the joined text cannot be split in two ways.
    fn mac(
        &self,
        purpose: Purpose,
        call: CallId,
        prospect: Option<ProspectId>,
        at: Option<&TurnAt>,
    ) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.mac_key.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(b"prospectai callback 1\n");
        mac.update(purpose.path().as_bytes());
        mac.update(b"\n");
        mac.update(call.to_string().as_bytes());
        if let Some(prospect) = prospect {
            mac.update(b"\n");
            mac.update(prospect.to_string().as_bytes());
        }
        if let Some(at) = at {
            mac.update(b"\n");
            mac.update(at.to_string().as_bytes());
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for CallbackUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackUrls").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::time_ordered_uuid;

    use super::*;

    fn urls(base: &str) -> CallbackUrls {
        CallbackUrls::new(base, SecretBox::new(Box::new([7; 32]))).expect(base)
    }

    fn call(random: u8) -> CallId {
        CallId::from_uuid(time_ordered_uuid(1_800_000_000_000, [random; 10]))
    }

    fn whom(random: u8) -> ProspectId {
        ProspectId::from_uuid(time_ordered_uuid(1_800_000_000_000, [random; 10]))
    }

    #[test]
    fn an_address_opens_for_its_call_and_its_purpose_only() {
        let urls = urls("https://calls.example.com/");
        for purpose in Purpose::ALL {
            let url = urls.url(purpose, call(1), whom(1));
            assert_eq!(urls.recognise(&url), Some((purpose, call(1))), "{url}");
            assert_eq!(urls.recognise_whom(&url), Some((call(1), Some(whom(1)))), "{url}");
            let query = urls.query(purpose, call(1), whom(1));
            for other in Purpose::ALL {
                assert_eq!(urls.open(other, &query).is_some(), other == purpose);
            }
            assert_eq!(urls.open(purpose, &query.replace(&call(1).to_string(), &call(2).to_string())), None);
            assert_eq!(urls.open(purpose, &query.replace(&whom(1).to_string(), &whom(2).to_string())), None);
        }
    }

    #[test]
    fn the_address_of_a_turn_opens_for_its_step_and_try_only() {
        let urls = urls("https://calls.example.com/");
        let at = TurnAt { step: "opening".to_owned(), tried: 1 };
        let url = urls.url_of_turn(call(1), whom(1), &at);
        let (sent, _) = url.split_once('#').expect("delivery options");
        let (_, query) = sent.split_once('?').expect("a query");
        assert_eq!(urls.open_turn(query), Some((call(1), at)));
        for wrong in [
            query.replace("opening.1", "opening.2"),
            query.replace("opening.1", "other.1"),
            query.replace("&at=opening.1", ""),
            urls.query(Purpose::Turn, call(1), whom(1)),
        ] {
            assert_eq!(urls.open_turn(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_of_an_earlier_version_still_opens() {
        let urls = urls("https://calls.example.com/");
        let mac = urls.mac(Purpose::Status, call(1), None, None);
        let query = format!("call={}&mac={mac}", call(1));
        assert_eq!(urls.open(Purpose::Status, &query), Some(call(1)));
        let named = format!("call={}&for={}&mac={mac}", call(1), whom(1));
        assert_eq!(urls.open(Purpose::Status, &named), None, "a prospect cannot be put in afterwards");
    }

    #[test]
    fn the_seal_of_another_server_does_not_open() {
        let ours = urls("https://calls.example.com");
        let other =
            CallbackUrls::new("https://calls.example.com", SecretBox::new(Box::new([8; 32]))).expect("valid");
        assert_eq!(ours.recognise(&other.url(Purpose::Status, call(1), whom(1))), None);
    }

    #[test]
    fn a_query_with_anything_more_or_less_does_not_open() {
        let urls = urls("https://calls.example.com");
        let query = urls.query(Purpose::Status, call(1), whom(1));
        assert!(urls.open(Purpose::Status, &query).is_some());
        let shortened = &query[..query.len() - 1];
        for wrong in [&format!("{query}&x=1"), &format!("x=1&{query}"), &format!("{query}="), shortened, ""] {
            assert_eq!(urls.open(Purpose::Status, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_signed_text_is_the_public_url_and_the_raw_target() {
        let urls = urls("https://calls.example.com:8443/");
        assert_eq!(
            urls.signed_url("/api/webhooks/twilio?call=a%27b"),
            "https://calls.example.com:8443/api/webhooks/twilio?call=a%27b"
        );
        let given = urls.url(Purpose::Status, call(1), whom(1));
        let (sent, fragment) = given.split_once('#').expect("delivery options");
        assert_eq!(fragment, "rc=5&rp=all&ct=2000&rt=5000&tt=15000");
        assert_eq!(urls.signed_url(&sent["https://calls.example.com:8443".len()..]), sent);
    }

    #[test]
    fn a_public_url_that_twilio_could_not_use_is_refused() {
        for wrong in [
            "",
            "calls.example.com",
            "ftp://calls.example.com",
            "https://user@calls.example.com",
            "https://user:secret@calls.example.com",
            "https://calls.example.com/?a=1",
            "https://calls.example.com/#a",
            "https://my_calls.example.com",
        ] {
            let refused = CallbackUrls::new(wrong, SecretBox::new(Box::new([7; 32])));
            assert!(refused.is_err_and(|error| error.to_string().contains("PUBLIC_URL")), "{wrong}");
        }
    }

    #[test]
    fn an_address_below_ours_leads_here_whoever_sealed_it() {
        let ours = urls("https://calls.example.com/");
        assert_eq!(ours.base(), "https://calls.example.com");
        for purpose in Purpose::ALL {
            let here = format!("https://calls.example.com{}?call=x&mac=y", purpose.path());
            assert!(ours.leads_here(&here), "{here}");
            assert_eq!(ours.recognise(&here), None, "and is not believed for that");
        }
        for elsewhere in [
            "https://other.example.com/api/webhooks/twilio?call=x",
            "https://calls.example.com/api/webhooks/twilio/other?call=x",
            "https://calls.example.com/api/webhooks/twilio",
            "",
        ] {
            assert!(!ours.leads_here(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn the_key_is_never_printed() {
        let shown = format!("{:?}", urls("https://calls.example.com"));
        assert!(shown.contains("https://calls.example.com") && !shown.contains('7'), "{shown}");
    }
}
