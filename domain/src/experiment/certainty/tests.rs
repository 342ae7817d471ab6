//! The proof, checked by counting: nothing here is simulated.

use proptest::prelude::*;

use super::*;

fn count(successes: u64, trials: u64) -> Count {
    Count::new(successes, trials).unwrap()
}

#[test]
fn the_gamma_function_is_known_where_it_is_a_factorial_or_a_half() {
    let mut ln_factorial = 0.0;
    for n in 1..200_u32 {
        // Γ(n) is (n-1)!, and Γ(n)·Γ(n+1/2) is 2^(1-2n)·√π·Γ(2n).
        assert!((ln_gamma(f64::from(n)) - ln_factorial).abs() < 1e-10 * f64::from(n), "{n}");
        ln_factorial += f64::from(n).ln();
    }
    assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-12);
    assert!((ln_gamma(1.5) - (std::f64::consts::PI.sqrt() / 2.0).ln()).abs() < 1e-12);
}

/// Before a trial the average likelihood is that of both its outcomes together: so `M` is a martingale for every rate.
#[test]
fn the_average_likelihood_of_now_is_that_of_both_next_outcomes() {
    assert!(ln_average(count(0, 0)).abs() < 1e-12);
    for trials in 0..60 {
        for successes in 0..=trials {
            let next = ln_average(count(successes + 1, trials + 1)).exp()
                + ln_average(count(successes, trials + 1)).exp();
            let now = ln_average(count(successes, trials)).exp();
            assert!((next / now - 1.0).abs() < 1e-10, "{successes} of {trials}: {next} {now}");
        }
    }
}

/// The chance that the true rate is ever outside the interval within 300 trials, looked at after each: summed over all paths.
#[test]
fn an_interval_misses_its_rate_with_no_more_than_the_stated_chance() {
    for rate in [0.001, 0.02, 0.05, 0.3, 0.5, 0.97] {
        let mut paths = vec![1.0];
        let mut missed = 0.0;
        for trials in 1..=300_u64 {
            let before = |s: usize| paths.get(s).copied().unwrap_or(0.0);
            let mut after: Vec<f64> = (0..=trials as usize)
                .map(|s| {
                    let came = if s == 0 { 0.0 } else { before(s - 1) * rate };
                    came + before(s) * (1.0 - rate)
                })
                .collect();
            for (successes, chance) in after.iter_mut().enumerate() {
                let seen = count(successes as u64, trials);
                if *chance > 0.0 && ln_average(seen) - ln_likelihood(seen, rate) >= -(0.05_f64.ln()) {
                    missed += std::mem::take(chance);
                }
            }
            paths = after;
        }
        assert!(missed <= 0.05, "rate {rate}: {missed}");
        assert!(missed > 0.0005, "rate {rate}: an interval that never misses is too wide: {missed}");
    }
}

/// The same for two arms with one rate, each with a trial at a time, up to 60 each: the chance that either is ever called better.
#[test]
fn of_two_equal_arms_one_is_called_better_with_no_more_than_the_stated_chance() {
    for rate in [0.05, 0.2, 0.5] {
        let width = 61;
        let mut paths = vec![0.0; width * width];
        paths[0] = 1.0;
        let mut called = 0.0;
        for trials in 1..width as u64 {
            let mut after = vec![0.0; width * width];
            for one in 0..trials as usize {
                for other in 0..trials as usize {
                    let chance = paths[one * width + other];
                    after[one * width + other] += chance * (1.0 - rate) * (1.0 - rate);
                    after[(one + 1) * width + other] += chance * rate * (1.0 - rate);
                    after[one * width + other + 1] += chance * (1.0 - rate) * rate;
                    after[(one + 1) * width + other + 1] += chance * rate * rate;
                }
            }
            for one in 0..=trials as usize {
                for other in 0..=trials as usize {
                    let (a, b) = (count(one as u64, trials), count(other as u64, trials));
                    if is_better(a, b, 0.05) || is_better(b, a, 0.05) {
                        called += std::mem::take(&mut after[one * width + other]);
                    }
                }
            }
            paths = after;
        }
        assert!(called <= 0.05, "rate {rate}: {called}");
    }
}

fn counts() -> impl Strategy<Value = Count> {
    (0..5_000_u64).prop_flat_map(|trials| (0..=trials).prop_map(move |successes| count(successes, trials)))
}

proptest! {
    #[test]
    fn an_interval_lies_in_range_around_what_was_observed(count in counts()) {
        let (low, high) = interval(count, 0.05);
        let observed = count.rate().unwrap_or(0.5);
        prop_assert!((0.0..=observed).contains(&low) && (observed..=1.0).contains(&high), "{low} {observed} {high}");
    }

    #[test]
    fn the_least_difference_of_a_better_arm_is_above_nothing_and_below_what_was_observed(a in counts(), b in counts()) {
        prop_assume!(is_better(a, b, 0.05));
        let least = least_difference(a, b, 0.05);
        prop_assert!(least >= 0.0 && least < a.rate().unwrap() - b.rate().unwrap(), "{least}");
        prop_assert!(!is_better(b, a, 0.05));
        // A stricter level claims less.
        prop_assert!(!is_better(a, b, 0.01) || least_difference(a, b, 0.01) <= least);
    }
}
