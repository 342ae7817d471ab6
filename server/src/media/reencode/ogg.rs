//! Ogg files with Vorbis in them.

use std::fs::File;
use std::io::{BufReader, ErrorKind};

use lewton::audio::{PreviousWindowRight, read_audio_packet_generic};
use lewton::header::{read_header_ident, read_header_setup};
use lewton::samples::InterleavedSamples;
use ogg::{OggReadError, Packet, PacketReader};

use super::{Unfit, Written, vorbis_setup};

pub(super) fn decode(file: File, written: &mut Written) -> Result<(), Unfit> {
    let mut packets = PacketReader::new(BufReader::new(file));
    let first = packets.read_packet_expected()?;
    if !first.data.starts_with(b"\x01vorbis") {
        return Err(Unfit::Codec(if first.data.starts_with(b"Opus") {
            "Opus"
        } else {
            "something else than Vorbis"
        }));
    }
    let ident = read_header_ident(&first.data).map_err(|_| damaged("its first head"))?;
    written.begin(ident.audio_sample_rate, ident.audio_channels)?;
    // What it says of itself is of no interest, and would be read at its own word.
    let comment = of(&first, packets.read_packet_expected()?)?;
    if !comment.data.starts_with(b"\x03vorbis") {
        return Err(damaged("its second head"));
    }
    let setup = of(&first, packets.read_packet_expected()?)?;
    vorbis_setup::is_reasonable(&setup.data).map_err(|_| damaged("its third head"))?;
    let blocks = (ident.blocksize_0, ident.blocksize_1);
    let setup = read_header_setup(&setup.data, ident.audio_channels, blocks);
    let setup = setup.map_err(|_| damaged("its third head"))?;

    let mut window = PreviousWindowRight::new();
    let mut heard: u64 = 0;
    while let Some(packet) = packets.read_packet()? {
        let packet = of(&first, packet)?;
        let sound =
            read_audio_packet_generic::<InterleavedSamples<f32>>(&ident, &setup, &packet.data, &mut window);
        let sound = sound.map_err(|_| damaged("a piece of its sound"))?;
        let mut count = sound.samples.len() / usize::from(ident.audio_channels);
        if packet.last_in_stream() {
            // The last page says how many samples there are in all: the rest only fills a block up.
            let left = packet.absgp_page().saturating_sub(heard);
            count = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        heard += count as u64;
        written.take(&sound.samples[..count * usize::from(ident.audio_channels)])?;
    }
    Ok(())
}

/// One stream from beginning to end; nothing beside it, nothing behind it.
fn of(first: &Packet, packet: Packet) -> Result<Packet, Unfit> {
    if packet.stream_serial() == first.stream_serial() {
        Ok(packet)
    } else {
        Err(Unfit::Codec("several streams"))
    }
}

fn damaged(what: &str) -> Unfit {
    Unfit::Damaged(format!("{what} cannot be read"))
}

impl From<OggReadError> for Unfit {
    fn from(error: OggReadError) -> Self {
        match error {
            OggReadError::ReadError(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Self::Damaged("it breaks off".to_owned())
            }
            OggReadError::ReadError(error) => Self::Disk(error),
            _ => damaged("a page"),
        }
    }
}
