//! Public addresses at which the carrier fetches a sound: each sealed to one sound of one workspace, and good for some hours.
//!
//! Whoever has such an address may hear that sound until it expires; nobody can make one, or turn one into another.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{SoundId, WorkspaceId};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;
use uuid::Uuid;

/// Addresses made within the same hour are the same, so that the carrier fetches a sound once and not for every call.
const MADE_ANEW_EVERY: i64 = 60 * 60 * 1_000;
/// An address is good for at least this long: longer than any call that was given it rings, talks and waits.
const GOOD_FOR: Duration = Duration::from_secs(6 * 60 * 60);

/// Sound, workspace, expiry in milliseconds, seal. A multiple of three bytes: base64 leaves no bit unused.
const TOKEN: usize = 16 + 16 + 6 + SEAL;
/// 128 of the 256 bits of the HMAC.
const SEAL: usize = 16;

/// Makes and opens the addresses.
pub struct PublicUrls {
    base: String,
    mac_key: SecretBox<[u8; 32]>,
}

/// What an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The sound.
    pub sound: SoundId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// When the address ends.
    pub expires_at: Timestamp,
}

impl PublicUrls {
    /// Where a token is asked for.
    pub const PATH: &str = "/media/{token}";

    /// Addresses below `public_url`, at which the carrier reaches this server.
    pub fn new(public_url: &Url, mac_key: SecretBox<[u8; 32]>) -> Self {
        Self { base: public_url.as_str().trim_end_matches('/').to_owned(), mac_key }
    }

    /// The address of a sound: 78 characters behind the public URL, good for six to seven hours.
    pub fn url(&self, sound: SoundId, of: WorkspaceId, now: Timestamp) -> String {
        format!("{}/media/{}", self.base, self.token(sound, of, expiry(now)))
    }

    /// What the address with this token leads to; nothing when it is not exactly one that was made here, or has expired.
    pub fn open(&self, token: &str, now: Timestamp) -> Option<Opened> {
        let bytes: [u8; TOKEN] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (content, seal) = bytes.split_at(TOKEN - SEAL);
        if !bool::from(self.seal(content).ct_eq(seal)) {
            return None;
        }
        let (ids, millis) = content.split_at(32);
        let millis = millis.iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte));
        let opened = Opened {
            sound: SoundId::from_uuid(Uuid::from_slice(&ids[..16]).ok()?),
            workspace: WorkspaceId::from_uuid(Uuid::from_slice(&ids[16..]).ok()?),
            expires_at: Timestamp::from_millisecond(millis).ok()?,
        };
        (opened.expires_at > now).then_some(opened)
    }

    fn token(&self, sound: SoundId, of: WorkspaceId, expires_at: i64) -> String {
        let mut token = Vec::with_capacity(TOKEN);
        token.extend_from_slice(sound.uuid().as_bytes());
        token.extend_from_slice(of.uuid().as_bytes());
        token.extend_from_slice(&expires_at.to_be_bytes()[2..]);
        let seal = self.seal(&token);
        token.extend_from_slice(&seal);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The content has one length, so nothing can be moved from one of its parts into another.
    fn seal(&self, content: &[u8]) -> [u8; SEAL] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.mac_key.expose_secret())
            .expect("HMAC takes a key of any length");
        mac.update(b"prospectai public sound 1\n");
        mac.update(content);
        let whole = mac.finalize().into_bytes();
        std::array::from_fn(|nth| whole[nth])
    }
}

fn expiry(now: Timestamp) -> i64 {
    let hour = now.as_millisecond().div_euclid(MADE_ANEW_EVERY) + 1;
    hour * MADE_ANEW_EVERY + GOOD_FOR.as_millis() as i64
}

impl fmt::Debug for PublicUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicUrls").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::time_ordered_uuid;

    use super::*;

    fn urls(key: u8) -> PublicUrls {
        let base = Url::parse("https://calls.example.com/").expect("a URL");
        PublicUrls::new(&base, SecretBox::new(Box::new([key; 32])))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn one() -> (SoundId, WorkspaceId) {
        let uuid = |n| time_ordered_uuid(1_800_000_000_000, [n; 10]);
        (SoundId::from_uuid(uuid(1)), WorkspaceId::from_uuid(uuid(2)))
    }

    fn token(url: &str) -> &str {
        url.strip_prefix("https://calls.example.com/media/").expect("an address of ours")
    }

    #[test]
    fn an_address_opens_until_it_expires_and_not_a_moment_longer() {
        let (sound, workspace) = one();
        let url = urls(7).url(sound, workspace, at("2026-03-02T10:20:30Z"));
        let expires_at = at("2026-03-02T17:00:00Z");
        let opened = Some(Opened { sound, workspace, expires_at });
        assert_eq!(token(&url).len(), 72);
        assert_eq!(urls(7).open(token(&url), at("2026-03-02T10:20:30Z")), opened);
        assert_eq!(urls(7).open(token(&url), at("2026-03-02T16:59:59.999Z")), opened);
        assert_eq!(urls(7).open(token(&url), expires_at), None);
    }

    #[test]
    fn addresses_of_one_hour_are_the_same_so_that_the_carrier_keeps_what_it_has() {
        let (sound, workspace) = one();
        let made = |when| urls(7).url(sound, workspace, at(when));
        assert_eq!(made("2026-03-02T10:00:00Z"), made("2026-03-02T10:59:59.999Z"));
        assert_ne!(made("2026-03-02T10:00:00Z"), made("2026-03-02T11:00:00Z"));
    }

    #[test]
    fn nothing_else_opens() {
        let ((sound, workspace), now) = (one(), at("2026-03-02T10:20:30Z"));
        let url = urls(7).url(sound, workspace, now);
        let token = token(&url);
        assert_eq!(urls(8).open(token, now), None, "another key");
        for nth in 0..token.len() {
            for other in "AQgw_-1z=./%".chars().filter(|other| !token[nth..].starts_with(*other)) {
                let forged = format!("{}{other}{}", &token[..nth], &token[nth + 1..]);
                assert_eq!(urls(7).open(&forged, now), None, "{forged}");
            }
            assert_eq!(urls(7).open(&token[..nth], now), None);
        }
        for wrong in
            [format!("{token}="), format!("{token}A"), format!(" {token}"), format!("{token}{token}")]
        {
            assert_eq!(urls(7).open(&wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn the_key_is_never_printed() {
        let shown = format!("{:?}", urls(7));
        assert!(shown.contains("https://calls.example.com") && !shown.contains('7'), "{shown}");
    }
}
