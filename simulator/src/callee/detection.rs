//! Machine detection: what it says about whoever answered, and when.

use std::convert::Infallible;
use std::time::Duration;

use jiff::Timestamp;

use super::{Callee, HungUp};
use crate::answer_model::Outcome;
use crate::network::call::Verdict;
use crate::network::order::Detection;
use crate::timeline::later;

/// A verdict to come.
#[derive(Clone)]
pub(super) struct Judgement {
    detection: Detection,
    verdict: Verdict,
    due: Timestamp,
}

impl Callee {
    /// Blocking detection: the line is silent until the verdict.
    pub(super) async fn wait_for_verdict(&mut self) -> Result<(), HungUp> {
        let order = self.order.clone();
        let Some(detection) = order.detection.as_ref().filter(|detection| !detection.asynchronous) else {
            return Ok(());
        };
        let verdict = self.verdict(detection);
        self.spend(verdict.took).await?;
        self.network.judge(self.index, detection, verdict);
        Ok(())
    }

    /// Asynchronous detection: what it will say, when it was asked for.
    pub(super) fn judgement_beside_the_call(&self) -> Option<Judgement> {
        let detection = self.order.detection.clone().filter(|detection| detection.asynchronous)?;
        let verdict = self.verdict(&detection);
        Some(Judgement { detection, verdict, due: later(self.answered_at, verdict.took) })
    }

    /// Says it when it is due, if the call lasts that long; never ends by itself.
    pub(super) fn judge_in_time(
        &self,
        judgement: Option<Judgement>,
    ) -> impl Future<Output = Infallible> + Send + use<> {
        let (network, index) = (self.network.clone(), self.index);
        async move {
            if let Some(Judgement { detection, verdict, due }) = judgement {
                network.timeline.sleep_until(due).await;
                network.judge(index, &detection, verdict);
            }
            std::future::pending().await
        }
    }

    /// Says it after the call if it was due before; saying it twice changes nothing.
    pub(super) fn judge_late(&self, judgement: Option<Judgement>) {
        if let Some(Judgement { detection, verdict, .. }) =
            judgement.filter(|judgement| judgement.due <= self.at)
        {
            self.network.judge(self.index, &detection, verdict);
        }
    }

    fn verdict(&self, detection: &Detection) -> Verdict {
        let answer = &self.answer;
        if answer.verdict_unknown {
            return Verdict { answered_by: "unknown", took: answer.verdict };
        }
        match answer.outcome {
            Outcome::Voicemail if detection.waits_for_message_end => message_end(detection, answer.greeting),
            Outcome::Voicemail => Verdict { answered_by: "machine_start", took: answer.verdict },
            _ => Verdict { answered_by: "human", took: answer.verdict },
        }
    }
}

/// The greeting's end, or the timeout when the greeting outlasts it.
fn message_end(detection: &Detection, greeting: Duration) -> Verdict {
    if greeting > detection.timeout {
        return Verdict { answered_by: "machine_end_other", took: detection.timeout };
    }
    // Most machines beep; the short-spoken ones of this network only fall silent.
    let answered_by = if greeting < Duration::from_secs(7) && !greeting.is_zero() {
        "machine_end_silence"
    } else {
        "machine_end_beep"
    };
    Verdict { answered_by, took: greeting }
}
