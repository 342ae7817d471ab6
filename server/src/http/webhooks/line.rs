//! A call with everything it takes to say something on it.

use std::collections::HashMap;

use domain::call_flow::{CallFlow, Leg, Words};
use domain::ids::{CallId, SoundId};
use domain::voice::ServiceVoice;
use jiff::SignedDuration;
use tracing::{error, warn};

use crate::carrier::twilio::message::{self, Addresses, Said, Speaker};
use crate::carrier::twilio::twiml::Response;
use crate::carrier::twilio::{Purpose, TurnAt};
use crate::http::state::HttpState;
use crate::speech::{self, Fingerprint, Narrator, ScriptError};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;
use crate::store::spoken_texts::SpokenText;

/// Whoever presses a key and hangs up may be heard of after the end of their call.
const HEARD_AFTERWARDS: SignedDuration = SignedDuration::from_hours(1);

/// A call that is on, or was a moment ago.
pub(super) struct Line {
    pub call: CallRecord,
    pub campaign: CampaignRecord,
    prospect: ProspectRecord,
    spoken: Option<SpokenBefore>,
}

/// What was spoken beforehand for a call.
struct SpokenBefore {
    narrator: Narrator,
    voice: ServiceVoice,
    /// Public addresses.
    sounds: HashMap<Fingerprint, String>,
}

impl Line {
    /// The call; nothing when it is long over or unknown.
    pub async fn of(state: &HttpState, id: CallId) -> Result<Option<Self>, StoreError> {
        let store = &state.actions.store;
        let since = state.actions.clock.now() - HEARD_AFTERWARDS;
        let of_late =
            |call: &CallRecord| call.call.is_live() || call.call.ended_at().is_some_and(|at| at >= since);
        let Some(call) = store.any_call(id).await?.filter(of_late) else { return Ok(None) };
        let mut campaign = store.campaign(call.workspace, call.campaign).await?;
        if let Some(drawn) = call.drawn {
            let arm = store.drawn_arm(drawn).await?;
            campaign = campaign.zip(arm).map(|(campaign, arm)| campaign.as_heard_in(&arm));
        }
        let prospect = store.prospect(call.workspace, call.prospect).await?;
        Ok(campaign.zip(prospect).map(|(campaign, prospect)| Self { call, campaign, prospect, spoken: None }))
    }

    /// Nothing can be said any more.
    pub fn is_over(&self) -> bool {
        !self.call.call.is_live()
    }

    /// The person must not be spoken to.
    pub async fn is_forbidden(&self, state: &HttpState) -> Result<bool, StoreError> {
        state.actions.store.is_do_not_call(self.call.workspace, &self.call.to).await
    }

    /// What the call says: the version of the script that it was armed with.
    pub async fn words(&self, state: &HttpState) -> Result<Option<Words>, StoreError> {
        let store = &state.actions.store;
        match (self.call.script, self.campaign.script) {
            (Some(said), _) => store.words_of(self.call.workspace, said).await,
            // Armed by a version of the server that did not write it down.
            (None, Some(id)) => Ok(store.script(self.call.workspace, id).await?.map(|script| script.words)),
            (None, None) => Ok(None),
        }
    }

    /// The carrier's voice for what was not spoken beforehand, in the arm that the person was drawn for.
    pub fn voice(&self) -> Option<&str> {
        self.campaign.carrier_voice()
    }

    /// Looks up what was spoken beforehand of these words. When that fails the carrier speaks instead: nobody hears silence.
    pub async fn listen(&mut self, state: &HttpState, words: &Words) {
        let Some((narrator, voice)) =
            state.actions.installation.narrator.clone().zip(self.campaign.narrated_by())
        else {
            return;
        };
        let sounds = self.sounds(state, &narrator, &voice, words).await.unwrap_or_else(|error| {
            error!(call_id = %self.call.id, %error, "what was spoken for a call could not be looked up");
            HashMap::new()
        });
        self.spoken = Some(SpokenBefore { narrator, voice, sounds });
    }

    async fn sounds(
        &self,
        state: &HttpState,
        narrator: &Narrator,
        voice: &ServiceVoice,
        words: &Words,
    ) -> Result<HashMap<Fingerprint, String>, StoreError> {
        let (workspace, now) = (self.call.workspace, state.actions.clock.now());
        let heard = narrator.heard_by(voice, words, &self.prospect.spoken_values()).unwrap_or_default();
        let wanted: Vec<Fingerprint> = heard.iter().map(|sentence| sentence.fingerprint).collect();
        let known = state.actions.store.spoken_texts(workspace, &wanted).await?;
        let address = |text: SpokenText| {
            let url = state.server.public_sounds.url(text.sound?, workspace, now);
            Some((text.sentence.fingerprint, url))
        };
        Ok(known.into_iter().filter_map(address).collect())
    }

    /// What is said before anything else: that the call is recorded, where they are told.
    pub fn notice(&self) -> Option<&str> {
        self.call.recording_ruling.and_then(|ruling| ruling.notice(&self.campaign.recording_consent))
    }

    /// A script as this person hears it.
    pub fn said(&self, script: &str) -> Result<Vec<Said>, ScriptError> {
        let text = speech::render(script, &self.prospect.spoken_values())?;
        let Some(spoken) = &self.spoken else { return Ok(vec![Said::Words(text)]) };
        let sentences = spoken.narrator.sentences(&spoken.voice, &text).into_iter();
        let said = sentences.map(|sentence| match spoken.sounds.get(&sentence.fingerprint) {
            Some(url) => Said::Sound(url.clone()),
            None => {
                warn!(call_id = %self.call.id, "a sentence was not spoken beforehand; the carrier's voice says it");
                Said::Words(sentence.said)
            }
        });
        Ok(said.collect())
    }

    /// A leg of the call as a document. `tried`: which try of the step that waits at its end this is.
    pub fn document(
        &self,
        state: &HttpState,
        words: &Words,
        leg: &Leg<'_>,
        tried: u8,
    ) -> Result<Response, ScriptError> {
        let speaker = Speaker {
            voice: self.voice(),
            caller_id: &self.call.from,
            transfer_to: self.campaign.transfer_to.as_ref(),
            time_limit_seconds: self.campaign.time_limit_seconds.into(),
        };
        let whispers = words.whisper.is_some();
        let (urls, call, whom) = (&state.server.callback_urls, self.call.id, self.call.prospect);
        let addresses = |step: &str| Addresses {
            turn: urls.url_of_turn(call, whom, &TurnAt { step: step.to_owned(), tried }),
            recording: urls.url(Purpose::Recording, call, whom),
            whisper: whispers.then(|| urls.url(Purpose::Whisper, call, whom)),
        };
        message::leg(
            leg,
            speaker,
            |script| self.said(script),
            |sound| self.address_of(state, sound),
            addresses,
        )
    }

    /// Where the carrier fetches a sound: an address that outlives the call.
    pub fn address_of(&self, state: &HttpState, sound: SoundId) -> String {
        state.server.public_sounds.url(sound, self.call.workspace, state.actions.clock.now())
    }
}

/// What happens on a call that says these words.
pub(super) fn flow_of(words: &Words) -> Result<CallFlow, ScriptError> {
    words.flow().map_err(|error| ScriptError { line: 1, why: error.to_string() })
}
