//! Sessions of people in browsers: a random token in a cookie, its SHA-256 in the database.

use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{hex, is_hex, sha256};

/// SHA-256 of a session token: what is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionTokenHash(pub [u8; 32]);

impl std::fmt::Debug for SessionTokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionTokenHash(…)")
    }
}

/// A token for a new session from 32 random bytes, and the hash to store.
pub fn new_session(random: [u8; 32]) -> (SecretString, SessionTokenHash) {
    let token = hex(&random);
    let hash = SessionTokenHash(sha256(&token));
    (token.into(), hash)
}

/// How the session cookie is called and protected; follows from the public URL.
#[derive(Debug, Clone)]
pub struct SessionCookie {
    name: &'static str,
    secure: bool,
    origin: String,
}

impl SessionCookie {
    /// `__Host-prospectai` with `Secure`, or, only for plain http on this very machine, `prospectai` without.
    pub fn for_public_url(public_url: &Url) -> Self {
        let loopback = match public_url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let plain = public_url.scheme() == "http" && loopback;
        let name = if plain { "prospectai" } else { "__Host-prospectai" };
        Self { name, secure: !plain, origin: public_url.origin().ascii_serialization() }
    }

    /// Scheme, host and port of the public URL as a browser writes them.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The `Set-Cookie` value that begins a session lasting at most `seconds`.
    pub fn set(&self, token: &SecretString, seconds: u32) -> String {
        self.write(token.expose_secret(), seconds)
    }

    /// The `Set-Cookie` value that ends it.
    pub fn clear(&self) -> String {
        self.write("", 0)
    }

    fn write(&self, value: &str, seconds: u32) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name)
    }

    /// The hash of the token a request carries. Two cookies of our name mean that somebody planted one: none
    /// is believed.
    pub fn read(&self, headers: &HeaderMap) -> Option<SessionTokenHash> {
        let mut values = self.values(headers);
        let token = values.next().filter(|token| token.len() == 64 && is_hex(token))?;
        values.next().is_none().then(|| SessionTokenHash(sha256(token)))
    }

    /// Whether a request carries the cookie at all, usable or not.
    pub fn is_present(&self, headers: &HeaderMap) -> bool {
        self.values(headers).next().is_some()
    }

    fn values<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name).then_some(value)
        })
    }
}
