//! A text that was spoken, to hear.

use maud::{Markup, html};

use super::show;
use super::waveform::waveform;
use crate::store::sounds::SoundRecord;

/// The player of a sound, with its picture.
pub fn player(sound: &SoundRecord) -> Markup {
    let name = format!("player-{}", sound.id);
    html! {
        (waveform(&name, sound.duration_ms, &sound.peaks, 1))
        audio id=(name) controls preload="none" aria-label="What was spoken" src={ "/api/sounds/" (sound.id) "/audio" } {}
        p.row { span.number { (show::duration(sound.duration_ms.div_ceil(1_000))) } }
    }
}
