//! What people and programs prove themselves with: API keys, sessions, passwords.

use sha2::{Digest, Sha256};

mod api_key;
mod common_passwords;
mod password;
mod session;

pub use api_key::{ApiKey, ApiKeyHash, NotAnApiKey};
pub use password::{PasswordFlaw, PasswordUnavailable, Passwords, Verdict, check_new_password};
pub use session::{SessionCookie, SessionName, SessionTokenHash, new_session};

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Secrets of 256 random bits need no slow hash: there is nothing to guess.
fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
