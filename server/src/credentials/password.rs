//! Passwords: which are accepted, and how they are kept (Argon2id, at most a few at a time).

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::common_passwords;

/// Characters a password has at least.
const SHORTEST: usize = 12;
/// Characters a password has at most; bounds the work of hashing.
const LONGEST: usize = 128;

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFlaw {
    /// Fewer than 12 characters.
    #[error("use at least {SHORTEST} characters; several words in a row are easy to remember")]
    TooShort,
    /// More than 128 characters.
    #[error("use at most {LONGEST} characters")]
    TooLong,
    /// Among the first that would be tried.
    #[error("this password is among the first an attacker tries; choose another")]
    TooCommon,
    /// The person's address or the product's name makes up most of it.
    #[error("this password is made of your address or the product's name; choose another")]
    TooClose,
}

impl PasswordFlaw {
    /// The stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::TooCommon | Self::TooClose => "too_easy",
        }
    }
}

/// Whether a person with this e-mail address may choose this password. There is no rule about kinds of characters.
pub fn check_new_password(password: &SecretString, email: &str) -> Result<(), PasswordFlaw> {
    let password = password.expose_secret();
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(PasswordFlaw::TooShort);
    }
    if length > LONGEST {
        return Err(PasswordFlaw::TooLong);
    }
    let lower = password.to_lowercase();
    if common_passwords::contains(&lower) || is_one_pattern(&lower) {
        return Err(PasswordFlaw::TooCommon);
    }
    let email = email.to_lowercase();
    let (mailbox, host) = email.split_once('@').unwrap_or((&email, ""));
    let guessed = [email.as_str(), mailbox, host, "prospectai", "prospect"];
    let longest_guess = guessed.into_iter().filter(|word| word.len() >= 4 && lower.contains(word));
    // What remains after the guessable part must not be just a year or an exclamation mark.
    if longest_guess.map(|word| word.chars().count()).max().is_some_and(|known| length - known < 6) {
        return Err(PasswordFlaw::TooClose);
    }
    Ok(())
}

/// A short piece again and again, or characters in a row: aaaaaaaaaaaa, abcabcabcabc, 123456789012.
fn is_one_pattern(password: &str) -> bool {
    let bytes = password.as_bytes();
    let repeats = (1..=4).any(|piece| bytes.iter().zip(bytes.iter().skip(piece)).all(|(a, b)| a == b));
    let counts =
        bytes.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1) || pair == b"90" || pair == b"za");
    repeats || counts
}

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right. `rehash`: it is kept with weaker settings than today's; store a new hash.
    Right {
        /// Whether a new hash should be stored.
        rehash: bool,
    },
    /// Wrong password, or there is no such person.
    Wrong,
}

/// Hashing is not possible now: shutting down, or the machine gives no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("passwords cannot be checked at the moment")]
pub struct PasswordUnavailable;

/// Hashes and verifies, a few at a time: each needs 19 MiB and a core for some 20 ms, and sign-ins must not
/// starve webhooks.
#[derive(Debug, Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Passwords {
    /// Hashes in work at the same time, at most.
    const PARALLEL: usize = 4;
    /// A hash nobody has the password of, made with today's settings: an unknown person takes as long as a known one.
    const NOBODY: &'static str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    /// Ready to hash.
    pub fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(Self::PARALLEL)) }
    }

    /// The text to store for a password, in PHC format with its own salt.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordUnavailable> {
        self.run(move || {
            let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|_| PasswordUnavailable)
        })
        .await?
    }

    /// Compares; `stored` is `None` for an unknown person, which takes the same time and is `Wrong`.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verdict, PasswordUnavailable> {
        self.run(move || {
            let known = stored.as_deref();
            let right = matches(password.expose_secret(), known.unwrap_or(Self::NOBODY));
            match known {
                Some(stored) if right => Verdict::Right { rehash: is_outdated(stored) },
                _ => Verdict::Wrong,
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordUnavailable> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| PasswordUnavailable)?;
        let worked = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when the asking request was given up.
            let _permit = permit;
            work()
        });
        worked.await.map_err(|_| PasswordUnavailable)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

fn matches(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn is_outdated(stored: &str) -> bool {
    let (Ok(stored), Ok(today)) = (PasswordHash::new(stored), PasswordHash::new(Passwords::NOBODY)) else {
        return true;
    };
    stored.algorithm != today.algorithm || stored.version != today.version || stored.params != today.params
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(password: &str) -> Option<PasswordFlaw> {
        check_new_password(&password.to_owned().into(), "grace.hopper@example.com").err()
    }

    #[test]
    fn length_and_guessability_are_the_only_rules() {
        assert_eq!(flaw("short pass"), Some(PasswordFlaw::TooShort));
        assert_eq!(flaw(&"ab1 ".repeat(33)), Some(PasswordFlaw::TooLong));
        assert_eq!(flaw("Password1234"), Some(PasswordFlaw::TooCommon));
        assert_eq!(flaw("123456789012"), Some(PasswordFlaw::TooCommon));
        assert_eq!(flaw("abcabcabcabc"), Some(PasswordFlaw::TooCommon));
        assert_eq!(flaw("ProspectAI2026"), Some(PasswordFlaw::TooClose));
        assert_eq!(flaw("grace.hopper1"), Some(PasswordFlaw::TooClose));
        assert_eq!(flaw("correct horse battery"), None);
        assert_eq!(flaw("nur kleine buchstaben"), None);
        assert_eq!(flaw("пароль из слов"), None);
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_person_is_right() {
        let passwords = Passwords::new();
        let stored = passwords.hash("correct horse battery".to_owned().into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let verify = |password: &str, stored: Option<&str>| {
            passwords.verify(password.to_owned().into(), stored.map(str::to_owned))
        };
        let right = verify("correct horse battery", Some(&stored)).await.unwrap();
        assert_eq!(right, Verdict::Right { rehash: false });
        assert_eq!(verify("correct horse", Some(&stored)).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify("correct horse battery", None).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify("correct horse battery", Some("garbage")).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_with_other_settings_asks_to_be_renewed() {
        let params = argon2::Params::new(8 * 1024, 1, 1, None).unwrap();
        let weaker = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let stored = weaker.hash_password(b"correct horse battery").unwrap().to_string();
        let verdict =
            Passwords::new().verify("correct horse battery".to_owned().into(), Some(stored)).await.unwrap();
        assert_eq!(verdict, Verdict::Right { rehash: true });
    }

    #[test]
    fn the_hash_of_nobody_costs_what_a_real_one_costs() {
        let real = Argon2::default().hash_password(b"x").unwrap();
        let nobody = PasswordHash::new(Passwords::NOBODY).unwrap();
        assert_eq!(
            (real.algorithm, real.version, &real.params),
            (nobody.algorithm, nobody.version, &nobody.params)
        );
        assert_eq!(real.hash.unwrap().len(), nobody.hash.unwrap().len());
        assert!(!is_outdated(&real.to_string()));
    }
}
