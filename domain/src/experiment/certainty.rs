//! How strongly successes and trials speak against a supposed rate, counted so that looking often does no harm.
//!
//! For one arm with `s` successes and `f` failures, and a supposed rate `p`, let
//!
//! ```text
//! M(p) = B(s + 1/2, f + 1/2) / B(1/2, 1/2) / (p^s (1 - p)^f)        B: the beta function
//! ```
//!
//! the likelihood averaged over all rates (weights of Jeffreys), divided by the likelihood of `p`. If `p` is the true rate,
//! `M(p)` starts at 1 and is a martingale that is never negative, whatever the number of trials: so by Ville's inequality the
//! chance that it **ever** reaches `1/α` is at most `α` (Ville 1939; Robbins, "Statistical methods related to the law of the
//! iterated logarithm", Annals of Mathematical Statistics 41, 1970; Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform,
//! nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49, 2021). Nothing is approximated, so it holds for
//! the first trial as for the millionth. The product of `M` over two arms is such a martingale of the pair of their rates.

use super::comparison::Count;

/// Steps of halving: more than the digits of a double.
const HALVINGS: u32 = 60;

/// The natural logarithm of the likelihood averaged over all rates.
pub fn ln_average(count: Count) -> f64 {
    let (s, f) = (count.successes() as f64, count.failures() as f64);
    ln_gamma(s + 0.5) + ln_gamma(f + 0.5) - ln_gamma(s + f + 1.0) - std::f64::consts::PI.ln()
}

/// The natural logarithm of the likelihood of a rate.
pub fn ln_likelihood(count: Count, rate: f64) -> f64 {
    times_ln(count.successes(), rate) + times_ln(count.failures(), 1.0 - rate)
}

/// The rates that are not ruled out at level `alpha`, as their lowest and highest: the true one is among them at every look,
/// except with a chance of at most `alpha`.
pub fn interval(count: Count, alpha: f64) -> (f64, f64) {
    let Some(observed) = count.rate() else { return (0.0, 1.0) };
    let least = ln_average(count) + alpha.ln();
    let possible = |rate| ln_likelihood(count, rate) > least;
    // The likelihood falls to both sides of the observed rate.
    let low = if possible(0.0) { 0.0 } else { border(0.0, observed, possible) };
    let high = if possible(1.0) { 1.0 } else { border(1.0, observed, possible) };
    (low, high)
}

/// Whether the first arm is better than the second at level `alpha`: no pair of rates in which it is not is possible any more.
/// The most likely such pair has the common rate of both.
pub fn is_better(one: Count, other: Count, alpha: f64) -> bool {
    let (Some(rate), Some(other_rate)) = (one.rate(), other.rate()) else { return false };
    let both = one.and(other);
    let common = both.rate().unwrap_or_default();
    rate > other_rate && ln_likelihood(both, common) <= least_of_pair(one, other, alpha)
}

/// The smallest difference of rates, the first minus the second, that is not ruled out at level `alpha`; for an arm that
/// [`is_better`]. In fractions of one.
pub fn least_difference(one: Count, other: Count, alpha: f64) -> f64 {
    let (Some(rate), Some(other_rate)) = (one.rate(), other.rate()) else { return 0.0 };
    let least = least_of_pair(one, other, alpha);
    border(0.0, rate - other_rate, |difference| {
        let other_rate = likeliest_with(one, other, difference);
        ln_likelihood(one, other_rate + difference) + ln_likelihood(other, other_rate) > least
    })
}

fn least_of_pair(one: Count, other: Count, alpha: f64) -> f64 {
    ln_average(one) + ln_average(other) + alpha.ln()
}

/// The rate of the second arm that is likeliest when the first one's is higher by `difference`: where the slope of the
/// likelihood, which only falls, becomes zero.
fn likeliest_with(one: Count, other: Count, difference: f64) -> f64 {
    let slope_of = |count: Count, rate: f64| per(count.successes(), rate) - per(count.failures(), 1.0 - rate);
    let rises = |rate: f64| slope_of(one, rate + difference) + slope_of(other, rate) > 0.0;
    border(1.0 - difference, 0.0, rises)
}

/// Where a statement stops being true, on the side where it is not; it holds at `inside`, and not (or only just) at `outside`.
fn border(outside: f64, inside: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut outside, mut inside) = (outside, inside);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(outside, inside);
        if holds(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    outside
}

fn times_ln(count: u64, value: f64) -> f64 {
    if count == 0 { 0.0 } else { count as f64 * value.ln() }
}

fn per(count: u64, value: f64) -> f64 {
    if count == 0 { 0.0 } else { count as f64 / value }
}

/// The natural logarithm of the gamma function for a positive number, by Stirling's series (DLMF 5.11.1), which from 10 on is
/// exact to twelve digits; smaller numbers are moved there.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut passed) = (x, 1.0);
    while x < 10.0 {
        passed *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - f64::ln(passed)
}

#[cfg(test)]
mod tests;
