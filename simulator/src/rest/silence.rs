//! What recordings sound like: a few seconds of nothing, in the formats Twilio serves.

/// Longest sound served; nobody needs to hear more nothing.
const MOST_SECONDS: u64 = 5;

/// 16 bit PCM at 8 kHz (128 kbit/s), mono or stereo.
pub(super) fn wav(seconds: u64, channels: u8) -> Vec<u8> {
    const RATE: u32 = 8_000;
    let seconds = seconds.clamp(1, MOST_SECONDS) as u32;
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

/// MPEG 2.5 layer III, 32 kbit/s, 8 kHz, mono: frames of 288 bytes and 72 ms each. A frame whose side information is
/// all zero has no sound in it.
pub(super) fn mp3(seconds: u64) -> Vec<u8> {
    const HEADER: [u8; 4] = [0xFF, 0xE3, 0x48, 0xC4];
    const FRAME: usize = 288;
    let frames = (seconds.clamp(1, MOST_SECONDS) * 1_000).div_ceil(72) as usize;
    let mut mp3 = vec![0; frames * FRAME];
    for frame in mp3.chunks_exact_mut(FRAME) {
        frame[..HEADER.len()].copy_from_slice(&HEADER);
    }
    mp3
}
