//! Machine detection: what it says about whoever answered, and when.

use std::convert::Infallible;
use std::time::Duration;

use super::{Callee, HungUp};
use crate::answer_model::Outcome;
use crate::network::call::Verdict;
use crate::network::order::Detection;
use crate::timeline::later;

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

    /// Asynchronous detection: runs beside the TwiML, for as long as the call does.
    pub(super) fn verdict_beside_the_call(&self) -> impl Future<Output = Infallible> + Send + use<> {
        let detection = self.order.detection.clone().filter(|detection| detection.asynchronous);
        let judgement = detection.map(|detection| (self.verdict(&detection), detection));
        let (network, index, answered_at) = (self.network.clone(), self.index, self.answered_at);
        async move {
            if let Some((verdict, detection)) = judgement {
                network.timeline.sleep_until(later(answered_at, verdict.took)).await;
                network.judge(index, &detection, verdict);
            }
            std::future::pending().await
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
