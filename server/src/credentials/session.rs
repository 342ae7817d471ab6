//! Sessions of people in browsers: a random token in a cookie, its SHA-256 in the database.

use std::fmt;
use std::str::FromStr;

use hyper::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{hex, is_hex, sha256};

/// SHA-256 of a session token: what is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionTokenHash(pub [u8; 32]);

impl fmt::Debug for SessionTokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionTokenHash(…)")
    }
}

/// A session as people may name it: `ses_` and the first sixteen digits of its token's hash, which open nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionName([u8; 8]);

impl SessionName {
    const PREFIX: &'static str = "ses_";

    /// The name of the session with this hash.
    pub fn of(hash: &[u8]) -> Self {
        let mut name = [0; 8];
        name.iter_mut().zip(hash).for_each(|(ours, theirs)| *ours = *theirs);
        Self(name)
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, hex(&self.0))
    }
}

impl FromStr for SessionName {
    type Err = NotASession;

    fn from_str(text: &str) -> Result<Self, NotASession> {
        let digits = text.strip_prefix(Self::PREFIX).filter(|digits| digits.len() == 16 && is_hex(digits));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(NotASession)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// The text names no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session: expected `ses_` and 16 hexadecimal digits")]
pub struct NotASession;

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

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn cookie(public_url: &str) -> SessionCookie {
        SessionCookie::for_public_url(&public_url.parse().unwrap())
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_str(line).unwrap())).collect()
    }

    #[test]
    fn only_plain_http_on_this_machine_goes_without_secure() {
        let (token, _) = new_session([1; 32]);
        let set = cookie("https://calls.example.net/x").set(&token, 3_600);
        assert!(set.starts_with("__Host-prospectai=0101"), "{set}");
        assert!(set.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"), "{set}");
        for local in ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"] {
            let set = cookie(local).set(&token, 60);
            assert!(set.starts_with("prospectai=") && !set.contains("Secure"), "{set}");
        }
        for guarded in ["http://10.0.0.5:3000", "http://localhost.example.net", "https://localhost"] {
            assert!(cookie(guarded).clear().starts_with("__Host-prospectai=; Path=/; Max-Age=0;"));
        }
    }

    #[test]
    fn the_name_of_a_session_is_the_beginning_of_its_hash_and_nothing_else() {
        let (token, hash) = new_session([3; 32]);
        let name = SessionName::of(&hash.0);
        assert_eq!(name.to_string().parse(), Ok(name));
        assert_eq!(name.to_string(), format!("ses_{}", &hex(&hash.0)[..16]));
        assert!(!token.expose_secret().contains(&name.to_string()[4..]));
        for wrong in
            ["", "ses_", "ses_0", "ses_+123456789abcdef", "key_0123456789abcdef", "ses_0123456789ABCDEF"]
        {
            assert_eq!(wrong.parse::<SessionName>(), Err(NotASession), "{wrong}");
        }
    }

    #[test]
    fn a_session_is_read_back_from_the_cookie_unless_there_are_two() {
        let cookie = cookie("https://calls.example.net");
        let (token, hash) = new_session([2; 32]);
        let pair = format!("__Host-prospectai={}", token.expose_secret());
        assert_eq!(cookie.read(&headers(&[&format!("a=b; {pair}; c=d")])), Some(hash));
        assert_eq!(cookie.read(&headers(&["a=b", &pair])), Some(hash));
        assert_eq!(cookie.read(&headers(&[&pair, &pair])), None);
        assert_eq!(cookie.read(&headers(&[&format!("{pair}; __Host-prospectai=x")])), None);
        assert_eq!(cookie.read(&headers(&["__Host-prospectai=short"])), None);
        assert_eq!(cookie.read(&headers(&[&pair.replace("__Host-", "")])), None);
        assert!(cookie.is_present(&headers(&["__Host-prospectai=short"])));
        assert_eq!(cookie.origin(), "https://calls.example.net");
    }
}
