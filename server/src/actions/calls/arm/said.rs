//! Whether everything that people may hear on their calls is spoken already, where a service speaks it beforehand.

use std::collections::HashMap;

use domain::gate::{HoldReason, Verdict};
use domain::ids::{CallId, WorkspaceId};
use domain::voice::{LOOK_AT_WORDS, Narration};
use jiff::Timestamp;

use super::books::Books;
use crate::actions::spoken_texts::{WANTED_FOR, used_long_ago};
use crate::speech::{Fingerprint, Sentence};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;
use crate::store::spoken_texts::{SpokenText, TextState};
use crate::store::{StoreError, Tx};

/// What is known of the words of a batch of calls.
#[derive(Default)]
pub(super) struct Said {
    narration: Narration,
    trouble: Option<String>,
    words: HashMap<CallId, Words>,
    used: HashMap<WorkspaceId, Vec<Fingerprint>>,
}

/// How the words of one call stand.
enum Words {
    /// All of them are there.
    Spoken,
    /// These have to be spoken first.
    Missing(Vec<Sentence>),
    /// One of them was refused.
    Refused { why: String, until: Timestamp },
}

impl Said {
    /// Looks up what the calls would say.
    pub async fn look_up(
        tx: &Tx,
        books: &Books,
        calls: &[CallRecord],
        prospects: &[ProspectRecord],
    ) -> Result<Self, StoreError> {
        let narrated = |call: &&CallRecord| {
            books.campaigns.get(&call.campaign).is_some_and(CampaignRecord::needs_narration)
        };
        let calls: Vec<&CallRecord> = calls.iter().filter(narrated).collect();
        if calls.is_empty() {
            return Ok(Self::default());
        }
        let trouble = tx.service_trouble().await?;
        let mut said = Self {
            narration: books.installation.narration(trouble.as_ref()),
            trouble: trouble.map(|trouble| trouble.why),
            ..Self::default()
        };
        let mut heard: HashMap<WorkspaceId, Vec<(CallId, Vec<Sentence>)>> = HashMap::new();
        for call in calls {
            let prospect = prospects.iter().find(|prospect| prospect.id == call.prospect);
            if let Some(sentences) = prospect.and_then(|prospect| sentences_of(books, call, prospect)) {
                heard.entry(call.workspace).or_default().push((call.id, sentences));
            }
        }
        for (workspace, calls) in heard {
            let all: Vec<Fingerprint> =
                calls.iter().flat_map(|(_, sentences)| sentences).map(|it| it.fingerprint).collect();
            let known = tx.spoken_texts(workspace, &all).await?;
            let spoken: Vec<SpokenText> =
                known.iter().filter(|text| text.state == TextState::Spoken).cloned().collect();
            said.used.insert(workspace, used_long_ago(&spoken, books.now));
            let known: HashMap<Fingerprint, SpokenText> =
                known.into_iter().map(|text| (text.sentence.fingerprint, text)).collect();
            let words =
                calls.into_iter().map(|(call, sentences)| (call, words_of(sentences, &known, books.now)));
            said.words.extend(words);
        }
        Ok(said)
    }

    /// What the voice of a call says.
    pub fn verdict(&self, call: &CallRecord, campaign: &CampaignRecord, now: Timestamp) -> Verdict {
        if !campaign.needs_narration() {
            return Verdict::Dial;
        }
        match self.words.get(&call.id) {
            // What is spoken already needs no service.
            Some(Words::Spoken) => Verdict::Dial,
            Some(Words::Refused { until, .. }) => {
                Verdict::Hold { reason: HoldReason::VoiceUnavailable, until: Some(*until) }
            }
            Some(Words::Missing(_)) => match self.narration.verdict(true, now) {
                Verdict::Dial => Verdict::Hold {
                    reason: HoldReason::NotSpokenYet,
                    until: now.checked_add(LOOK_AT_WORDS).ok(),
                },
                held => held,
            },
            // A script that cannot be said to this person is refused where it is sent.
            None => self.narration.verdict(true, now),
        }
    }

    /// What is in the way of a call, where the service said so itself.
    pub fn why_not(&self, call: &CallRecord, reason: HoldReason) -> Option<String> {
        if reason != HoldReason::VoiceUnavailable {
            return None;
        }
        let why = match self.words.get(&call.id) {
            Some(Words::Refused { why, .. }) => why.clone(),
            _ => self.trouble.clone()?,
        };
        Some(format!("What this person may hear could not be spoken: {why}. Nobody was called."))
    }

    /// Wants what those who are held only for want of words would hear, and notes what was used; whether anything is wanted.
    pub async fn write(
        &self,
        tx: &Tx,
        held: &[(CallRecord, HoldReason)],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let until = now.checked_add(WANTED_FOR).unwrap_or(now);
        let mut wanted: HashMap<WorkspaceId, Vec<Sentence>> = HashMap::new();
        let unspoken = held.iter().filter(|(_, reason)| *reason == HoldReason::NotSpokenYet);
        for (call, _) in unspoken {
            if let Some(Words::Missing(sentences)) = self.words.get(&call.id) {
                wanted.entry(call.workspace).or_default().extend(sentences.iter().cloned());
            }
        }
        for (workspace, sentences) in &wanted {
            tx.want_texts(*workspace, sentences, until, false, now).await?;
        }
        for (workspace, used) in &self.used {
            tx.use_texts(*workspace, used, now).await?;
        }
        Ok(!wanted.is_empty())
    }
}

fn sentences_of(books: &Books, call: &CallRecord, prospect: &ProspectRecord) -> Option<Vec<Sentence>> {
    let narrator = books.installation.narrator.as_ref()?;
    let campaign = books.campaigns.get(&call.campaign)?;
    let (voice, script) = (campaign.narrated_by()?, books.script_of(campaign)?);
    narrator.heard_by(&voice, &script.words, &prospect.spoken_values()).ok()
}

fn words_of(sentences: Vec<Sentence>, known: &HashMap<Fingerprint, SpokenText>, now: Timestamp) -> Words {
    let mut missing = Vec::new();
    for sentence in sentences {
        match known.get(&sentence.fingerprint) {
            Some(text) if text.state == TextState::Spoken => {}
            Some(text) if text.state == TextState::Refused && text.next_try_at > now => {
                let why = text.trouble.clone().unwrap_or_default();
                return Words::Refused { why, until: text.next_try_at };
            }
            _ => missing.push(sentence),
        }
    }
    if missing.is_empty() { Words::Spoken } else { Words::Missing(missing) }
}
