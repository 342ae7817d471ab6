//! `<Play>`: the file is fetched as Twilio fetches it, and heard to its end.

use std::time::{Duration, Instant};

use super::{Callee, Document, HungUp, Verb};
use crate::network::alerts::Alert;
use crate::ring_ledger::PlayedSound;

/// A file whose length cannot be told.
const UNKNOWN: Duration = Duration::from_secs(10);
/// Keys that are played take this long.
const KEYS: Duration = Duration::from_secs(1);

impl Callee {
    /// Plays a verb once or as often as it says. One that cannot be had is not heard, and the call goes on behind it.
    pub(super) async fn play(&mut self, verb: &Verb, document: &Document) -> Result<(), HungUp> {
        let once = if verb.attribute("digits").is_some() { KEYS } else { self.fetched(verb, document).await };
        self.spend(super::verbs::repeated(verb, once)).await
    }

    /// How long the file is heard, once.
    async fn fetched(&mut self, verb: &Verb, document: &Document) -> Duration {
        let url = match document.target(verb.text.trim(), None) {
            Ok(target) => target.url,
            Err(alert) => return self.unheard(verb.text.trim(), alert),
        };
        // Files out in the world are none of this machine's: they are taken to be there.
        if !self.network.postman.reaches(&url) {
            let note = "not fetched: this phone network may not reach that host".to_owned();
            self.note(PlayedSound { trouble: Some(note), ..PlayedSound::at(&url) });
            return UNKNOWN;
        }
        let asked = Instant::now();
        let sound = self.network.postman.sound(&url, self.at).await;
        if asked.elapsed() > Duration::from_secs(1) {
            self.at = self.network.timeline.now().max(self.at);
        }
        match sound {
            Ok(sound) => {
                self.note(PlayedSound {
                    content_type: Some(sound.content_type),
                    bytes: sound.bytes,
                    seconds: sound.length.map(|length| length.as_secs_f64()),
                    ..PlayedSound::at(&url)
                });
                sound.length.unwrap_or(UNKNOWN)
            }
            Err(alert) => self.unheard(&url, alert),
        }
    }

    fn unheard(&self, url: &str, alert: Alert) -> Duration {
        self.note(PlayedSound { trouble: Some(alert.message.clone()), ..PlayedSound::at(url) });
        self.raise(alert);
        Duration::ZERO
    }

    fn note(&self, played: PlayedSound) {
        self.network.state().calls[self.index].played.push(played);
    }
}
