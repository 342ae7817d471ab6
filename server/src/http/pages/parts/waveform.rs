//! How loud a sound is where, drawn from what was noted when it was stored.

use maud::{Markup, html};

/// Height of one channel.
const HEIGHT: usize = 40;

/// A picture of loudness, one row for each channel; a click leads there in the player of that name.
pub fn waveform(player: &str, length_ms: u64, peaks: &[u8], channels: u8) -> Markup {
    let channels = usize::from(channels.max(1));
    let columns = peaks.len() / channels;
    html! {
        @if columns > 0 {
            svg.waveform viewBox={ "0 0 " (columns) " " (HEIGHT * channels) } preserveAspectRatio="none" aria-hidden="true"
                data-plays=(player) data-length=(length_ms as f64 / 1_000.0) {
                @for (row, of_channel) in peaks.chunks_exact(columns).enumerate() {
                    path class=(["stroke-accent", "stroke-second"][row % 2]) d=(bars(of_channel, row * HEIGHT)) {}
                }
            }
        }
    }
}

/// One upright stroke per loudness, around the middle of its row; silence is a dot.
fn bars(peaks: &[u8], top: usize) -> String {
    let middle = top as f64 + HEIGHT as f64 / 2.0;
    let bar = |(column, peak): (usize, &u8)| {
        let half = (f64::from(*peak) / 255.0 * (HEIGHT as f64 / 2.0 - 2.0)).max(0.5);
        format!("M{}.5 {:.1}V{:.1}", column, middle - half, middle + half)
    };
    peaks.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_has_its_row_and_loudness_its_height() {
        let drawn = waveform("player", 1_500, &[0, 255, 255, 0], 2).into_string();
        assert!(drawn.contains("viewBox=\"0 0 2 80\"") && drawn.contains("data-length=\"1.5\""), "{drawn}");
        assert!(drawn.contains("d=\"M0.5 19.5V20.5M1.5 2.0V38.0\""), "{drawn}");
        assert!(drawn.contains("d=\"M0.5 42.0V78.0M1.5 59.5V60.5\""), "{drawn}");
        assert_eq!(waveform("player", 1_500, &[], 1).into_string(), "");
    }
}
