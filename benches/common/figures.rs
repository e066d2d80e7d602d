//! Numbers in and out: arguments, medians, and what most waits are below.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::fmt::Debug;
use std::str::FromStr;

/// What follows `name`; `None` without it. Cargo adds arguments of its own.
pub fn argument<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    let text = std::env::args().skip_while(|arg| arg != name).nth(1)?;
    Some(text.parse().expect("what this argument takes"))
}

/// The middle one.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 50)
}

/// The one below which so many of a hundred are; 0 where there is none.
pub fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((sorted.len() * percent / 100).min(last)).copied().unwrap_or(0.0)
}
