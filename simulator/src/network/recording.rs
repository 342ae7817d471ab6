//! Recordings: of whole calls and of the Record verb.

use std::time::Duration;

use jiff::Timestamp;

use super::order::RecordingOrder;

/// A recording; it stays known after its deletion, only hidden.
pub(crate) struct Recording {
    pub sid: String,
    /// Position of its call.
    pub call: usize,
    pub call_sid: String,
    pub source: &'static str,
    pub order: RecordingOrder,
    pub started_at: Timestamp,
    /// Known once the recording is over.
    pub duration: Option<Duration>,
    pub deleted: bool,
}

impl Recording {
    /// Twilio's word for its state; a recording that caught nothing is absent.
    pub(crate) fn status(&self) -> &'static str {
        match self.duration {
            None => "in-progress",
            Some(duration) if duration.is_zero() => "absent",
            Some(_) => "completed",
        }
    }

    pub(crate) fn seconds(&self) -> Option<u64> {
        self.duration.map(|duration| duration.as_secs_f64().round() as u64)
    }

    /// A few seconds of silence in the format Twilio serves: 16 bit PCM, 8 kHz, mono or stereo.
    pub(crate) fn wav(&self, channels: u8) -> Vec<u8> {
        const RATE: u32 = 8_000;
        let seconds = self.seconds().unwrap_or(0).clamp(1, 5) as u32;
        let (channels, frame) = (u16::from(channels), u32::from(channels) * 2);
        let size = seconds * RATE * frame;
        let mut wav = Vec::with_capacity(44 + size as usize);
        wav.extend_from_slice(b"RIFF");
        wav.extend_from_slice(&(36 + size).to_le_bytes());
        wav.extend_from_slice(b"WAVEfmt ");
        wav.extend_from_slice(&16_u32.to_le_bytes());
        wav.extend_from_slice(&1_u16.to_le_bytes());
        wav.extend_from_slice(&channels.to_le_bytes());
        wav.extend_from_slice(&RATE.to_le_bytes());
        wav.extend_from_slice(&(RATE * frame).to_le_bytes());
        wav.extend_from_slice(&(channels * 2).to_le_bytes());
        wav.extend_from_slice(&16_u16.to_le_bytes());
        wav.extend_from_slice(b"data");
        wav.extend_from_slice(&size.to_le_bytes());
        wav.resize(44 + size as usize, 0);
        wav
    }
}
