//! The voices and the quota of the service, asked for seldom and remembered for some minutes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::voice::ServiceVoice;
use jiff::Timestamp;

use crate::speech_services::ServiceError;
use crate::speech_services::elevenlabs::{ElevenLabs, Quota, Voice};

/// Voices seldom change.
const LIST_IS_FRESH_FOR: Duration = Duration::from_secs(5 * 60);
/// What is left of the quota changes with every text.
const QUOTA_IS_FRESH_FOR: Duration = Duration::from_secs(30);
/// A service that is away is not asked by everybody who opens a page.
const TROUBLE_IS_FRESH_FOR: Duration = Duration::from_secs(30);
/// Nobody waits longer in front of a page.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the service said last, and the way to it.
#[derive(Debug, Clone, Default)]
pub struct VoiceShelf {
    service: Option<Arc<ElevenLabs>>,
    voices: Arc<Remembered<Vec<Voice>>>,
    quota: Arc<Remembered<Quota>>,
}

/// What is known, and what stands in the way of knowing better.
#[derive(Debug, Clone)]
pub struct Known<T> {
    /// The last answer, and when it came.
    pub answer: Option<(T, Timestamp)>,
    /// Why there is no newer one, in plain words.
    pub trouble: Option<String>,
}

#[derive(Debug)]
struct Remembered<T> {
    known: Mutex<Asked<T>>,
    /// Held while the service is asked: whoever comes meanwhile waits for the same answer.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Asked<T> {
    known: Known<T>,
    at: Option<Timestamp>,
}

impl VoiceShelf {
    /// With the service, where the operator gave a key.
    pub fn of(service: Option<Arc<ElevenLabs>>) -> Self {
        Self { service, ..Self::default() }
    }

    /// There is a service.
    pub const fn is_on(&self) -> bool {
        self.service.is_some()
    }

    /// Its voices; `None` without a service.
    pub async fn voices(&self, now: Timestamp) -> Option<Known<Vec<Voice>>> {
        let service = self.service.as_ref()?;
        Some(self.voices.known(LIST_IS_FRESH_FOR, now, || service.voices()).await)
    }

    /// What is left of its quota; `None` without a service.
    pub async fn quota(&self, now: Timestamp) -> Option<Known<Quota>> {
        let service = self.service.as_ref()?;
        Some(self.quota.known(QUOTA_IS_FRESH_FOR, now, || service.quota()).await)
    }

    /// Whether there is such a voice, by what is remembered; `None` when that cannot be said.
    pub fn has(&self, voice: &ServiceVoice) -> Option<bool> {
        let asked = self.voices.lock();
        let (voices, _) = asked.known.answer.as_ref()?;
        Some(voices.iter().any(|known| known.id == *voice))
    }
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        let nothing = Asked { known: Known { answer: None, trouble: None }, at: None };
        Self { known: Mutex::new(nothing), asking: tokio::sync::Mutex::new(()) }
    }
}

impl<T: Clone> Remembered<T> {
    async fn known<Answer>(
        &self,
        fresh_for: Duration,
        now: Timestamp,
        ask: impl FnOnce() -> Answer,
    ) -> Known<T>
    where
        Answer: Future<Output = Result<T, ServiceError>>,
    {
        if let Some(known) = self.fresh(fresh_for, now) {
            return known;
        }
        let _asking = self.asking.lock().await;
        if let Some(known) = self.fresh(fresh_for, now) {
            return known;
        }
        let answer = tokio::time::timeout(PATIENCE, ask()).await;
        let mut asked = self.lock();
        asked.at = Some(now);
        match answer {
            Ok(Ok(answer)) => asked.known = Known { answer: Some((answer, now)), trouble: None },
            Ok(Err(error)) => asked.known.trouble = Some(error.to_string()),
            Err(_) => {
                asked.known.trouble =
                    Some(format!("the service did not answer within {} seconds", PATIENCE.as_secs()));
            }
        }
        asked.known.clone()
    }

    fn fresh(&self, fresh_for: Duration, now: Timestamp) -> Option<Known<T>> {
        let asked = self.lock();
        let good_for = if asked.known.trouble.is_some() { TROUBLE_IS_FRESH_FOR } else { fresh_for };
        let until = asked.at?.checked_add(good_for).ok()?;
        (now < until).then(|| asked.known.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Asked<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
