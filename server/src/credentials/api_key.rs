//! API keys: `pak_`, 64 hexadecimal digits of secret, 8 of checksum. Shown once; only the SHA-256 is stored.

use secrecy::SecretString;

use super::{hex, is_hex, sha256};

/// A new key on its way to its owner.
#[derive(Debug)]
pub struct ApiKey {
    /// The key itself; shown once and never stored.
    pub secret: SecretString,
    /// What is stored, and looked up when the key is used.
    pub hash: ApiKeyHash,
    /// The last four characters, by which people tell their keys apart.
    pub last4: String,
}

/// SHA-256 of a key's text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyHash(pub [u8; 32]);

/// The text is not an API key, or was mistyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key: expected `pak_` followed by 72 hexadecimal digits, copied completely")]
pub struct NotAnApiKey;

impl ApiKey {
    /// What every key starts with, so that leaked ones can be searched for.
    pub const PREFIX: &'static str = "pak_";
    const SECRET_DIGITS: usize = 64;
    const CHECKSUM_DIGITS: usize = 8;

    /// A key from 32 random bytes.
    pub fn generate(random: [u8; 32]) -> Self {
        let body = format!("{}{}", Self::PREFIX, hex(&random));
        let checksum = format!("{:08x}", crc32(body.as_bytes()));
        let text = body + &checksum;
        let last4 = checksum[Self::CHECKSUM_DIGITS - 4..].to_owned();
        Self { hash: ApiKeyHash(sha256(&text)), last4, secret: text.into() }
    }

    /// The hash to look a presented key up by. Mistyped keys are told apart here, without a query.
    pub fn parse(text: &str) -> Result<ApiKeyHash, NotAnApiKey> {
        let digits = text.strip_prefix(Self::PREFIX).ok_or(NotAnApiKey)?;
        if digits.len() != Self::SECRET_DIGITS + Self::CHECKSUM_DIGITS || !is_hex(digits) {
            return Err(NotAnApiKey);
        }
        let (body, checksum) = text.split_at(text.len() - Self::CHECKSUM_DIGITS);
        if checksum != format!("{:08x}", crc32(body.as_bytes())) {
            return Err(NotAnApiKey);
        }
        Ok(ApiKeyHash(sha256(text)))
    }
}

impl std::fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKeyHash(…)")
    }
}

/// CRC-32 as in gzip (reflected polynomial EDB88320): catches typing and copying errors, proves nothing.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_key_is_recognised_by_its_hash_and_shown_by_its_end() {
        let key = ApiKey::generate([0xAB; 32]);
        let text = key.secret.expose_secret();
        assert_eq!(text.len(), 76);
        assert!(text.ends_with(&key.last4));
        assert_eq!(ApiKey::parse(text), Ok(key.hash));
        assert_ne!(ApiKey::generate([0xAC; 32]).hash, key.hash);
        assert!(!format!("{key:?}").contains("abab"));
    }

    #[test]
    fn a_mistyped_key_is_told_apart_without_looking_it_up() {
        let key = ApiKey::generate([7; 32]);
        let text = key.secret.expose_secret();
        let swapped = text.replacen("07", "70", 1);
        for wrong in
            ["", "pak_", &text[..75], &text.to_uppercase(), &swapped, &format!("{text}0"), &text[4..]]
        {
            assert_eq!(ApiKey::parse(wrong), Err(NotAnApiKey), "{wrong}");
        }
    }

    #[test]
    fn the_checksum_is_the_crc_everyone_computes() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
