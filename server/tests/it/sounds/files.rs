//! Sound files as people send them, and as those send them who mean harm: made here, byte by byte.

use std::f64::consts::TAU;

/// A WAV file with these samples of 16 bits in these channels.
pub fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let sound: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    wav_of(1, channels, rate, 16, &sound)
}

/// A WAV file of this format code with these bytes of sound.
pub fn wav_of(code: u16, channels: u16, rate: u32, bits: u16, sound: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut format = Vec::new();
    format.extend(code.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend((rate * u32::from(frame)).to_le_bytes());
    format.extend(frame.to_le_bytes());
    format.extend(bits.to_le_bytes());
    riff(&[(b"fmt ", &format), (b"data", sound)])
}

/// A RIFF file with these chunks.
pub fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (name, content) in chunks {
        body.extend_from_slice(*name);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend_from_slice(content);
        body.extend(std::iter::repeat_n(0, content.len() % 2));
    }
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}

/// A tone in one channel, at half of the greatest loudness.
pub fn tone(rate: u32, hertz: f64, seconds: f64) -> Vec<i16> {
    let count = (f64::from(rate) * seconds) as u32;
    let sample = |nth: u32| (TAU * hertz * f64::from(nth) / f64::from(rate)).sin() * 16_384.0;
    (0..count).map(|nth| sample(nth) as i16).collect()
}

/// An MP3 file of silence: frames whose side information is all zero. MPEG 2.5, 8 kHz, one channel, 8 kbit/s: a frame of 72
/// bytes lasts 72 ms, so that a small file lasts long.
pub fn silent_mp3(seconds: u64) -> Vec<u8> {
    let mut frame = [0; 72];
    frame[..4].copy_from_slice(&[0xFF, 0xE3, 0x18, 0xC0]);
    frame.repeat((seconds * 1_000).div_ceil(72) as usize)
}

/// An Ogg Vorbis file of silence at 8 kHz. Its packets of one byte say "nothing" for half a second each: three hours take 25
/// kilobytes.
pub fn silent_ogg(seconds: u64) -> Vec<u8> {
    let packets = seconds * 8_000 / u64::from(SAMPLES_PER_PACKET) + 1;
    ogg(&[identification(), comment(), setup(1, 2, 0)], packets)
}

/// An Ogg Vorbis file whose third head asks for tables of this size.
pub fn ogg_with_tables(dimensions: u64, entries: u64) -> Vec<u8> {
    ogg(&[identification(), comment(), setup(dimensions, entries, 1)], 4)
}

/// An Ogg file with something else in it.
pub fn ogg_with_opus() -> Vec<u8> {
    ogg(&[b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0".to_vec()], 0)
}

const SAMPLES_PER_PACKET: u32 = 4_096;

fn ogg(heads: &[Vec<u8>], packets: u64) -> Vec<u8> {
    use ogg::writing::{PacketWriteEndInfo, PacketWriter};
    let mut file = Vec::new();
    let mut writer = PacketWriter::new(&mut file);
    let last = heads.len() - 1;
    for (nth, head) in heads.iter().enumerate() {
        let alone = nth == 0 || nth == last;
        let end = if alone { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
        writer.write_packet(head.clone(), 7, end, 0).expect("written");
    }
    for nth in 0..packets {
        let end =
            if nth + 1 == packets { PacketWriteEndInfo::EndStream } else { PacketWriteEndInfo::NormalPacket };
        writer.write_packet(vec![0], 7, end, nth * u64::from(SAMPLES_PER_PACKET)).expect("written");
    }
    drop(writer);
    file
}

fn identification() -> Vec<u8> {
    let mut head = b"\x01vorbis".to_vec();
    head.extend([0; 4]);
    head.push(1);
    head.extend(8_000_u32.to_le_bytes());
    head.extend([0; 12]);
    // Both blocks are of 2^13 samples; the framing bit.
    head.extend([0xDD, 1]);
    head
}

fn comment() -> Vec<u8> {
    let mut head = b"\x03vorbis".to_vec();
    head.extend([0; 8]);
    head.push(1);
    head
}

/// The smallest third head there can be: one table, one floor without a curve, one residue without values, one mapping, one
/// mode.
fn setup(dimensions: u64, entries: u64, lookup: u64) -> Vec<u8> {
    let mut bits = Bits::default();
    // One table: its mark, its size, words of one bit each.
    bits.write(0, 8).write(0x56_4342, 24).write(dimensions, 16).write(entries, 24);
    if entries == 2 {
        bits.write(0, 2).write(0, 5).write(0, 5);
    } else {
        // All of one length, in order.
        bits.write(1, 1).write(22, 5).write(entries, 64 - entries.leading_zeros());
    }
    bits.write(lookup, 4);
    if lookup == 1 {
        bits.write(0, 64).write(0, 4).write(0, 1).write(0, 1);
    }
    // No transform of time.
    bits.write(0, 6).write(0, 16);
    // A floor of kind 1: no partitions, its multiplier, its range.
    bits.write(0, 6).write(1, 16).write(0, 5).write(0, 2).write(4, 4);
    // A residue of kind 0: from, to, size, classes, their book, no cascade.
    bits.write(0, 6).write(0, 16).write(0, 24).write(0, 24).write(0, 24).write(0, 6).write(0, 8).write(0, 4);
    // A mapping: kind, one submap, no coupling, reserved, its parts.
    bits.write(0, 6).write(0, 16).write(0, 1).write(0, 1).write(0, 2).write(0, 8).write(0, 8).write(0, 8);
    // A mode: short block, window, transform, mapping; the framing bit.
    bits.write(0, 6).write(0, 1).write(0, 16).write(0, 16).write(0, 8).write(1, 1);
    let mut head = b"\x05vorbis".to_vec();
    head.extend(bits.bytes());
    head
}

/// From the lowest bit of each byte on, as Vorbis has it.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn write(&mut self, value: u64, count: u32) -> &mut Self {
        self.0.extend((0..count).map(|nth| value >> nth & 1 == 1));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        self.0.chunks(8).map(byte).collect()
    }
}
