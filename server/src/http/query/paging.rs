//! Which stretch of a list is wanted: `limit` with `offset` or `cursor`. Cursors are signed: they name a place
//! in one list, of one workspace, under one set of filters, and nothing else can be read with them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::Sha256;

use crate::http::problem::Problem;

/// Rows of a page: 1 to 200, 50 when not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    const LARGEST: u16 = 200;

    /// Rows wanted.
    pub fn rows(self) -> u64 {
        u64::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows =
            whole_number(&String::deserialize(deserializer)?).and_then(|rows| u16::try_from(rows).ok());
        let fits = rows.filter(|rows| (1..=Self::LARGEST).contains(rows));
        fits.map(Self).ok_or_else(|| D::Error::custom("expected a whole number from 1 to 200"))
    }
}

/// Rows to skip: at most a million, because every skipped row is read. Cursors have no such end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offset(u32);

impl Offset {
    const LARGEST: u32 = 1_000_000;

    /// Rows to skip.
    pub fn rows(self) -> u64 {
        u64::from(self.0)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows =
            whole_number(&String::deserialize(deserializer)?).and_then(|rows| u32::try_from(rows).ok());
        let fits = rows.filter(|rows| *rows <= Self::LARGEST);
        fits.map(Self).ok_or_else(|| {
            D::Error::custom("expected a whole number from 0 to 1000000; use `cursor` to go further")
        })
    }
}

/// Digits only: no sign, no exponent, no space.
fn whole_number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// A `cursor` parameter as received; it means something only to the `CursorKey` that made it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position<K> {
    /// After this many rows.
    Skip(u64),
    /// After the row with this key.
    After(K),
}

impl<K: DeserializeOwned> Position<K> {
    /// Reads `offset` and `cursor`, of which at most one may be given.
    pub fn new(
        offset: Option<Offset>,
        cursor: Option<&Cursor>,
        list: &ListIdentity<'_>,
        key: &CursorKey,
    ) -> Result<Self, Problem> {
        match (offset, cursor) {
            (Some(_), Some(_)) => {
                Err(Problem::invalid_parameter("cursor", "give either `cursor` or `offset`, not both"))
            }
            (None, Some(cursor)) => key.open(list, cursor).map(Self::After),
            (offset, None) => Ok(Self::Skip(offset.unwrap_or_default().rows())),
        }
    }
}

/// The list a cursor belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ListIdentity<'a> {
    /// Which list, such as `calls`.
    pub endpoint: &'a str,
    /// Whose.
    pub workspace: &'a str,
    /// Filters and order, in one canonical text.
    pub filters: &'a str,
}

/// Signs cursors. One secret of the installation, so that every node reads every node's cursors.
#[derive(Clone)]
pub struct CursorKey([u8; 64]);

impl CursorKey {
    const TAG_BYTES: usize = 16;
    /// Longer is not ours; stops work on nonsense.
    const LONGEST: usize = 1024;

    /// Wraps 32 secret random bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        // HMAC works on blocks of 64 bytes; a shorter key is one filled up with zeros.
        let mut block = [0; 64];
        block[..secret.len()].copy_from_slice(&secret);
        Self(block)
    }

    /// The text that leads to the rows after `position`.
    pub fn seal<K: Serialize>(&self, list: &ListIdentity<'_>, position: &K) -> Result<String, Problem> {
        let mut sealed = serde_json::to_vec(position).map_err(|error| {
            tracing::error!(%error, "a list position could not be written as a cursor");
            Problem::internal()
        })?;
        let tag = self.mac(list, &sealed).finalize().into_bytes();
        sealed.extend_from_slice(&tag[..Self::TAG_BYTES]);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The position inside, if this key made the cursor for this very list; else 400 `invalid_cursor`.
    pub fn open<K: DeserializeOwned>(&self, list: &ListIdentity<'_>, cursor: &Cursor) -> Result<K, Problem> {
        self.position(list, &cursor.0).ok_or_else(Problem::invalid_cursor)
    }

    fn position<K: DeserializeOwned>(&self, list: &ListIdentity<'_>, text: &str) -> Option<K> {
        if text.len() > Self::LONGEST {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (payload, tag) = sealed.split_at_checked(sealed.len().checked_sub(Self::TAG_BYTES)?)?;
        self.mac(list, payload).verify_truncated_left(tag).ok()?;
        serde_json::from_slice(payload).ok()
    }

    fn mac(&self, list: &ListIdentity<'_>, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&self.0.into());
        for part in [list.endpoint.as_bytes(), list.workspace.as_bytes(), list.filters.as_bytes(), payload] {
            // The length first: otherwise two different splits could share one tag.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(…)")
    }
}
