//! Texts that a service speaks beforehand: wanted by calls and pages, asked for once, kept with what they took.
//!
//! Whoever asks the service for a text has taken its row first. So the same text is never asked for twice at a time, whoever wants
//! it; and after a crash it is known which texts may have been paid for already.

use std::time::Duration;

use domain::ids::{SoundId, WorkspaceId};
use domain::voice::{MOST_PAID_TRIES, Narration, REST_OF_A_TEXT, ServiceVoice, Trouble};
use jiff::Timestamp;
use tracing::{info, warn};

use super::{Actions, Actor};
use crate::actions::sounds::SoundFile;
use crate::speech::{Fingerprint, Sentence};
use crate::store::narration::{ServiceTrouble, SpokenMonth};
use crate::store::sounds::{Origin, SoundRecord};
use crate::store::spoken_texts::{SpokenText, TextState};
use crate::store::{StoreError, Tx};

/// Nobody pays for a text that was wanted longer ago: whoever still waits wants it again meanwhile.
pub(super) const WANTED_FOR: Duration = Duration::from_secs(5 * 60);
/// A use is noted when the last one is longer ago.
pub(super) const USE_IS_NOTED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Spoken texts that nobody used for so long are deleted, with their sounds.
const KEPT_UNUSED: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How many are deleted in one transaction.
const MOST_FORGOTTEN: usize = 500;

/// Why a request was in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InVain {
    /// The service is in trouble, whatever it is asked; or what it says cannot be kept, whatever it is.
    Service {
        /// In which way.
        kind: Trouble,
        /// The request may be on the bill.
        may_have_cost: bool,
        /// For how long it asks to be left alone, where it says so.
        wait: Option<Duration>,
    },
    /// It does not speak this text, or not with this voice.
    Refused {
        /// The request may be on the bill.
        may_have_cost: bool,
    },
}

/// What was spoken.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// The file.
    pub file: SoundFile,
    /// What it took from the quota, where the service said so.
    pub characters: Option<u64>,
}

impl Actions {
    /// Whether the service can be asked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn narration(&self) -> Result<Narration, StoreError> {
        let trouble = self.store.service_trouble().await?;
        Ok(self.installation.narration(trouble.as_ref()))
    }

    /// Wants texts to be spoken for somebody who waits for them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn want_spoken(&self, of: WorkspaceId, wanted: Vec<Sentence>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let until = now.checked_add(WANTED_FOR).unwrap_or(now);
        let work = move |tx: Tx| async move { tx.want_texts(of, &wanted, until, true, now).await };
        self.store.transaction(work).await?;
        self.wake.speaker();
        Ok(())
    }

    /// Leaves nothing claimed by servers that are gone. At the start also forgets what a new key or a new start may have put
    /// right.
    ///
    /// # Errors
    /// The database failed.
    pub async fn free_texts(&self, at_the_start: bool) -> Result<(), StoreError> {
        let me = self.installation.run;
        self.store
            .transaction(move |tx| async move {
                tx.free_texts(me).await?;
                if at_the_start {
                    tx.save_service_trouble(None).await?;
                }
                Ok(())
            })
            .await
    }

    /// Takes texts to ask the service for, which nobody else does meanwhile. None while it rests; one, when it was in trouble the
    /// last time.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_texts(&self, most: usize) -> Result<Vec<SpokenText>, StoreError> {
        let (me, now) = (self.installation.run, self.clock.now());
        let take = move |tx: Tx| async move {
            let trouble = tx.service_trouble().await?;
            if trouble.as_ref().is_some_and(|trouble| trouble.rests_until > now) {
                return Ok(Vec::new());
            }
            let most = if trouble.is_some() { 1 } else { most };
            let mut taken = tx.due_texts(now, most).await?;
            for text in &mut taken {
                let before = text.clone();
                text.claimed_by = Some(me);
                // Until the answer says otherwise, it may be paid for.
                text.attempts = text.attempts.saturating_add(1);
                tx.save_text(&before, text).await?;
            }
            Ok::<_, StoreError>(taken)
        };
        self.store.transaction(take).await
    }

    /// Keeps a text that was spoken, whose file is durable and read back. [`None`]: another server did so meanwhile, and the file is
    /// nobody's.
    ///
    /// # Errors
    /// The database failed.
    pub async fn keep_spoken(
        &self,
        taken: SpokenText,
        id: SoundId,
        spoken: Spoken,
    ) -> Result<Option<SoundId>, StoreError> {
        let now = self.clock.now();
        let length = taken.sentence.said.chars().count() as u64;
        let characters = spoken.characters.unwrap_or(length);
        let mut after = taken.clone();
        (after.state, after.sound, after.characters) = (TextState::Spoken, Some(id), Some(characters));
        (after.claimed_by, after.trouble, after.used_at) = (None, None, now);
        let sound = sound(&taken.sentence, taken.workspace, id, spoken.file, characters, now);
        let workspace = taken.workspace;
        let (kept, recovered) = self
            .store
            .transaction(move |tx| async move {
                let month = SpokenMonth { texts: 1, characters, doubtful: 0 };
                tx.count_spoken(workspace, &month_of(now), month).await?;
                let recovered = tx.save_service_trouble(None).await?;
                if !tx.save_text(&taken, &after).await? {
                    return Ok((None, recovered));
                }
                tx.add_sound(&sound).await?;
                Ok::<_, StoreError>((Some(id), recovered))
            })
            .await?;
        if recovered {
            info!("the service of the voices speaks again");
            self.wake.dialer();
            self.told_everybody(workspace);
        }
        Ok(kept)
    }

    /// Writes down that a request was in vain, and when the text or the service is asked again.
    ///
    /// # Errors
    /// The database failed.
    pub async fn not_spoken(&self, taken: SpokenText, vain: InVain, why: String) -> Result<(), StoreError> {
        let now = self.clock.now();
        warn!(why, "a text was not spoken");
        let workspace = taken.workspace;
        let length = taken.sentence.said.chars().count() as u64;
        let mut after = taken.clone();
        after.claimed_by = None;
        after.trouble = Some(why.clone());
        let (cost, rest) = match &vain {
            InVain::Service { may_have_cost, .. } => (*may_have_cost, None),
            InVain::Refused { may_have_cost } => (*may_have_cost, Some(REST_OF_A_TEXT)),
        };
        if !cost {
            after.attempts = taken.attempts.saturating_sub(1);
        }
        if rest.is_some() || after.attempts >= MOST_PAID_TRIES {
            after.state = TextState::Refused;
            after.next_try_at = now.checked_add(rest.unwrap_or(REST_OF_A_TEXT)).unwrap_or(now);
        }
        let doubtful = if cost { length } else { 0 };
        self.store
            .transaction(move |tx| async move {
                if doubtful > 0 {
                    let month = SpokenMonth { texts: 0, characters: 0, doubtful };
                    tx.count_spoken(workspace, &month_of(now), month).await?;
                }
                if let InVain::Service { kind, wait, .. } = vain {
                    let before = tx.service_trouble().await?;
                    tx.save_service_trouble(Some(&trouble(before, kind, why, wait, now))).await?;
                }
                tx.save_text(&taken, &after).await?;
                Ok::<_, StoreError>(())
            })
            .await?;
        self.told_everybody(workspace);
        Ok(())
    }

    /// Has the service asked again at once, because somebody says that what was wrong is put right.
    ///
    /// # Errors
    /// The database failed.
    pub async fn ask_service_again(&self, actor: Actor) -> Result<(), StoreError> {
        let workspace = actor.workspace;
        self.store.transaction(|tx| async move { tx.save_service_trouble(None).await }).await?;
        info!(actor = actor.name, "the service of the voices is asked again");
        self.wake.speaker();
        self.wake.dialer();
        self.told_everybody(workspace);
        Ok(())
    }

    /// Keeps the sound of a whole text, put together from the sounds of its sentences. Nothing was paid for it.
    ///
    /// # Errors
    /// The database failed; [`StoreError::Conflict`] when somebody else put it together meanwhile.
    pub async fn keep_joined(
        &self,
        of: WorkspaceId,
        whole: Sentence,
        id: SoundId,
        file: SoundFile,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let sound = sound(&whole, of, id, file, 0, now);
        let text = SpokenText {
            workspace: of,
            sentence: whole,
            state: TextState::Spoken,
            wanted_until: now,
            claimed_by: None,
            next_try_at: now,
            attempts: 0,
            trouble: None,
            sound: Some(id),
            characters: Some(0),
            used_at: now,
        };
        self.store
            .transaction(move |tx| async move {
                if !tx.add_joined_text(&text).await? {
                    return Err(StoreError::Conflict);
                }
                tx.add_sound(&sound).await
            })
            .await
    }

    /// Notes that texts were used, where that was not noted lately.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_use(&self, of: WorkspaceId, used: &[SpokenText]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let stale = used_long_ago(used, now);
        if stale.is_empty() {
            return Ok(());
        }
        self.store.transaction(move |tx| async move { tx.use_texts(of, &stale, now).await }).await
    }

    /// Deletes spoken texts that nobody used for long; their files follow. How many.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_unused_texts(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let since = now.checked_sub(KEPT_UNUSED).unwrap_or(Timestamp::MIN);
        let mut forgotten = 0;
        loop {
            let some = self
                .store
                .transaction(move |tx| async move {
                    let sounds = tx.forget_texts(since, MOST_FORGOTTEN).await?;
                    for sound in &sounds {
                        tx.delete_sound(*sound, now).await?;
                    }
                    Ok::<_, StoreError>(sounds.len())
                })
                .await?;
            forgotten += some;
            if some < MOST_FORGOTTEN {
                return Ok(forgotten);
            }
        }
    }
}

/// Those whose last use is to be written down anew.
pub(super) fn used_long_ago(used: &[SpokenText], now: Timestamp) -> Vec<Fingerprint> {
    let stale =
        |text: &&SpokenText| text.used_at.checked_add(USE_IS_NOTED_AFTER).is_ok_and(|again| again <= now);
    used.iter().filter(stale).map(|text| text.sentence.fingerprint).collect()
}

fn trouble(
    before: Option<ServiceTrouble>,
    kind: Trouble,
    why: String,
    wait: Option<Duration>,
    now: Timestamp,
) -> ServiceTrouble {
    let same = before.filter(|before| before.kind == kind);
    let failures = same.as_ref().map_or(0, |before| before.failures).saturating_add(1);
    let rest = kind.rest_after(failures).max(wait.unwrap_or_default());
    ServiceTrouble {
        kind,
        why,
        failures,
        since: same.map_or(now, |before| before.since),
        rests_until: now.checked_add(rest).unwrap_or(now),
    }
}

fn sound(
    sentence: &Sentence,
    workspace: WorkspaceId,
    id: SoundId,
    file: SoundFile,
    characters: u64,
    now: Timestamp,
) -> SoundRecord {
    SoundRecord {
        id,
        workspace,
        // What was said may name a person, and stands with the text alone.
        name: name_of(&sentence.voice),
        origin: Origin::Spoken { fingerprint: sentence.fingerprint.0, characters },
        content_type: file.content_type,
        bytes: file.bytes,
        sha256: file.sha256,
        duration_ms: file.duration_ms,
        peaks: file.peaks,
        object: Some(file.object),
        created_at: now,
        made_by: "server".to_owned(),
        deleted_at: None,
    }
}

fn name_of(voice: &ServiceVoice) -> String {
    format!("Spoken by {voice}")
}

/// The month in UTC, such as `2027-01`.
pub fn month_of(now: Timestamp) -> String {
    now.strftime("%Y-%m").to_string()
}
