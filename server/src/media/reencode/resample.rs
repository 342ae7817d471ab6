//! Another number of samples per second, without the tones that the new number cannot carry.
//!
//! A windowed sinc, worked out once for each place that a new sample can have between old ones.

use std::f64::consts::PI;

/// Zero crossings on each side: what falls back into the band from above is 60 dB down and more.
const CROSSINGS: usize = 16;
/// What of the band is kept; the rest is for the slope.
const KEPT: f64 = 0.94;

pub(super) struct Resampler {
    /// New samples stand `step / places` old ones apart, in lowest terms.
    step: u64,
    places: u64,
    /// Old samples on each side of a new one that it is made of.
    half: usize,
    /// For each place its weights, `2 * half` of them; empty where nothing is to be done.
    weights: Vec<f32>,
    /// Old samples; the first of them stands at `first` of all, with `half` zeros before the sound.
    held: Vec<f32>,
    first: u64,
    /// New samples so far, and old ones.
    made: u64,
    taken: u64,
}

impl Resampler {
    pub(super) fn new(from: u32, to: u32) -> Self {
        let shared = greatest_common_divisor(from, to);
        let (step, places) = (u64::from(from / shared), u64::from(to / shared));
        let narrower = (f64::from(to) / f64::from(from)).min(1.0);
        let half = (CROSSINGS as f64 / narrower).ceil() as usize;
        let weights = if from == to { Vec::new() } else { weights(places, half, narrower * KEPT) };
        Self { step, places, half, weights, held: vec![0.0; half], first: 0, made: 0, taken: 0 }
    }

    /// Takes one old sample and gives the new ones that can be made by now.
    pub(super) fn take(&mut self, sample: f32, give: &mut impl FnMut(f32)) {
        self.taken += 1;
        if self.weights.is_empty() {
            give(sample);
            return;
        }
        self.held.push(sample);
        self.make(give);
    }

    /// Gives the last new samples: as many in all as the sound is long.
    pub(super) fn finish(mut self, mut give: impl FnMut(f32)) {
        if self.weights.is_empty() {
            return;
        }
        let all = (self.taken * self.places).div_ceil(self.step);
        for _ in 0..self.half {
            if self.made < all {
                self.held.push(0.0);
                self.make(&mut give);
            }
        }
    }

    fn make(&mut self, give: &mut impl FnMut(f32)) {
        loop {
            let at = self.made * self.step;
            let (before, place) = (at / self.places, at % self.places);
            // The sample at `before` stands behind `half` zeros: its weights begin `half - 1` before it.
            let from = (before + 1 - self.first) as usize;
            let Some(around) = self.held.get(from..from + 2 * self.half) else { break };
            let weights = &self.weights[place as usize * 2 * self.half..][..2 * self.half];
            give(around.iter().zip(weights).map(|(sample, weight)| sample * weight).sum());
            self.made += 1;
        }
        let done = ((self.made * self.step / self.places) + 1 - self.first) as usize;
        if done > 16 * 1024 + 2 * self.half {
            let done = done.min(self.held.len());
            self.held.drain(..done);
            self.first += done as u64;
        }
    }
}

/// `width` is what is kept of the old band, 0 to 1.
fn weights(places: u64, half: usize, width: f64) -> Vec<f32> {
    let mut all = Vec::with_capacity(places as usize * 2 * half);
    for place in 0..places {
        let between = place as f64 / places as f64;
        let one = (0..2 * half).map(|nth| {
            let distance = nth as f64 - (half as f64 - 1.0) - between;
            sinc(distance * width) * window(distance / half as f64)
        });
        let one: Vec<f64> = one.collect();
        // However they fall, silence and a constant stay what they are.
        let sum: f64 = one.iter().sum();
        all.extend(one.iter().map(|weight| (weight / sum) as f32));
    }
    all
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Blackman's, from -1 to 1.
fn window(x: f64) -> f64 {
    if x.abs() >= 1.0 { 0.0 } else { 0.42 + 0.5 * (PI * x).cos() + 0.08 * (2.0 * PI * x).cos() }
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(from: u32, tone: f64, seconds: u32) -> Vec<f32> {
        let mut resampler = Resampler::new(from, 8_000);
        let mut made = Vec::new();
        for nth in 0..from * seconds {
            let sample = (2.0 * PI * tone * f64::from(nth) / f64::from(from)).sin() as f32;
            resampler.take(sample, &mut |new| made.push(new));
        }
        resampler.finish(|new| made.push(new));
        made
    }

    fn loudest(samples: &[f32]) -> f32 {
        // The ends rise from silence and fall back into it.
        samples[200..samples.len() - 200].iter().fold(0.0, |loudest, it| loudest.max(it.abs()))
    }

    #[test]
    fn as_long_as_before_and_in_tune() {
        for from in [4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 47_999] {
            let made = resampled(from, 440.0, 1);
            assert!(made.len().abs_diff(8_000) <= 1, "{from}: {}", made.len());
            let expected = |nth: usize| (2.0 * PI * 440.0 * nth as f64 / 8_000.0).sin() as f32;
            for (nth, sample) in made.iter().enumerate().take(7_800).skip(200) {
                assert!((sample - expected(nth)).abs() < 0.01, "{from}, {nth}: {sample}");
            }
        }
    }

    #[test]
    fn what_a_telephone_cannot_carry_is_gone_and_does_not_come_back_as_another_tone() {
        for from in [16_000, 44_100, 48_000] {
            assert!(loudest(&resampled(from, 3_000.0, 1)) > 0.97, "{from}");
            for tone in [4_600.0, 5_000.0, 7_000.0, 7_500.0] {
                let left = loudest(&resampled(from, tone, 1));
                assert!(left < 0.01, "{from}, {tone}: {left}");
            }
        }
    }
}
