//! A call with everything it takes to say something on it.

use domain::call_flow::{CallFlow, Leg, Words};
use domain::ids::CallId;
use jiff::SignedDuration;

use crate::carrier::twilio::message::{self, Addresses, Speaker};
use crate::carrier::twilio::twiml::Response;
use crate::carrier::twilio::{Purpose, TurnAt};
use crate::http::state::HttpState;
use crate::speech::{self, ScriptError};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;

/// Whoever presses a key and hangs up may be heard of after the end of their call.
const HEARD_AFTERWARDS: SignedDuration = SignedDuration::from_hours(1);

/// A call that is on, or was a moment ago.
pub(super) struct Line {
    pub call: CallRecord,
    pub campaign: CampaignRecord,
    prospect: ProspectRecord,
}

impl Line {
    /// The call; nothing when it is long over or unknown.
    pub async fn of(state: &HttpState, id: CallId) -> Result<Option<Self>, StoreError> {
        let store = &state.actions.store;
        let since = state.actions.clock.now() - HEARD_AFTERWARDS;
        let of_late =
            |call: &CallRecord| call.call.is_live() || call.call.ended_at().is_some_and(|at| at >= since);
        let Some(call) = store.any_call(id).await?.filter(of_late) else { return Ok(None) };
        let campaign = store.campaign(call.workspace, call.campaign).await?;
        let prospect = store.prospect(call.workspace, call.prospect).await?;
        Ok(campaign.zip(prospect).map(|(campaign, prospect)| Self { call, campaign, prospect }))
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

    /// The voice of the campaign.
    pub fn voice(&self) -> Option<&str> {
        self.campaign.voice.as_deref()
    }

    /// What is said before anything else: that the call is recorded, where they are told.
    pub fn notice(&self) -> Option<&str> {
        self.call.recording_ruling.and_then(|ruling| ruling.notice(&self.campaign.recording_consent))
    }

    /// A script as this person hears it.
    pub fn said(&self, script: &str) -> Result<String, ScriptError> {
        speech::render(script, &self.prospect.spoken_values())
    }

    /// A leg of the call as a document. `tried`: which try of the step that waits at its end this is.
    pub fn document(&self, state: &HttpState, leg: &Leg<'_>, tried: u8) -> Result<Response, ScriptError> {
        let speaker = Speaker {
            voice: self.voice(),
            caller_id: &self.call.from,
            transfer_to: self.campaign.transfer_to.as_ref(),
            time_limit_seconds: self.campaign.time_limit_seconds.into(),
        };
        let (urls, call, whom) = (&state.server.callback_urls, self.call.id, self.call.prospect);
        let addresses = |step: &str| Addresses {
            turn: urls.url_of_turn(call, whom, &TurnAt { step: step.to_owned(), tried }),
            recording: urls.url(Purpose::Recording, call, whom),
        };
        message::leg(leg, speaker, |script| self.said(script), addresses)
    }
}

/// What happens on a call that says these words.
pub(super) fn flow_of(words: &Words) -> Result<CallFlow, ScriptError> {
    words.flow().map_err(|error| ScriptError { line: 1, why: error.to_string() })
}
