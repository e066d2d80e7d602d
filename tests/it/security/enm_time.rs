//! Whether the time of a refused login tells that there is an account. It is measured and
//! therefore not part of a plain `cargo test`.

use std::time::{Duration, Instant};

use doorkey::crypto::{Argon2Params, PoolSettings};
use serde_json::json;

use crate::auth::{WRONG_PASSWORD, patch};
use crate::harness::{PASSWORD, Setup};

/// Refused logins of each kind.
const SAMPLES: usize = 300;

/// The probability, by the two-sided test of Mann and Whitney in its normal approximation, that
/// samples of one distribution differ as these do.
fn mann_whitney(one: &[Duration], other: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = one.iter().map(|time| (*time, true)).collect();
    all.extend(other.iter().map(|time| (*time, false)));
    all.sort_unstable();
    // Ties are as good as impossible at nanoseconds, and two of them change nothing.
    let ranks = all.iter().zip(1_u32..).filter(|((_, is_one), _)| *is_one).map(|(_, rank)| rank);
    let rank_sum: f64 = ranks.map(f64::from).sum();
    let size = |sample: &[Duration]| f64::from(u32::try_from(sample.len()).unwrap());
    let (n, m) = (size(one), size(other));
    let from_mean = rank_sum - n * (n + m + 1.0) / 2.0;
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    complementary_error((from_mean / deviation).abs() / std::f64::consts::SQRT_2)
}

/// `erfc(x)` for `x >= 0`, to 1.5e-7 (Abramowitz and Stegun, 7.1.26).
fn complementary_error(x: f64) -> f64 {
    let t = 1.0 / 0.327_591_1_f64.mul_add(x, 1.0);
    let factors = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let sum = factors.iter().fold(0.0_f64, |sum, factor| sum.mul_add(t, *factor));
    sum * t * (-x * x).exp()
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// The known figures: nothing for equal samples, next to nothing for shifted ones.
#[test]
fn the_test_of_mann_and_whitney_tells_a_shift_from_none() {
    assert!((complementary_error(0.0) - 1.0).abs() < 1e-6);
    assert!((complementary_error(1.163_087) - 0.1).abs() < 1e-5);
    let times = |start: u64, step: u64| -> Vec<Duration> {
        (0..300).map(|n| Duration::from_nanos(start + n * step)).collect()
    };
    assert!(mann_whitney(&times(0, 10), &times(5, 10)) > 0.9);
    assert!(mann_whitney(&times(0, 10), &times(600, 10)) < 1e-6);
    // U is 8 where its mean is 12.5 and its deviation 4.79.
    let few = |ranks: [u64; 5]| ranks.map(Duration::from_nanos);
    let p = mann_whitney(&few([1, 2, 5, 7, 8]), &few([3, 4, 6, 9, 10]));
    assert!((0.33..0.37).contains(&p), "{p}");
}

/// On a quiet machine, by the parameters that are shipped:
/// `cargo test --release --test it enm_02 -- --ignored --nocapture`
#[tokio::test]
#[ignore = "it measures: see its command"]
async fn enm_02_a_refused_login_takes_as_long_without_an_account_as_with_one() {
    let mut setup = Setup::default();
    setup.pool = PoolSettings { params: Argon2Params::default(), ..setup.pool };
    let server = setup.start().await;
    let root = server.admin().await;
    server.account("known", &["user"]).await;
    let disabled = server.account("disabled", &["user"]).await;
    patch(&root, &disabled, &json!({"disabled": true})).await.status(200);
    let invited = json!({"username": "invited"});
    root.post("/admin/users").json(&invited).send().await.status(201);
    let eve = server.anonymous();
    let kinds = [
        ("known", WRONG_PASSWORD),
        ("unknown", WRONG_PASSWORD),
        ("disabled", PASSWORD),
        ("invited", PASSWORD),
    ];
    let mut times: [Vec<Duration>; 4] = std::array::from_fn(|_| Vec::with_capacity(SAMPLES));
    for round in 0..SAMPLES + 5 {
        // In another order each round, so that nobody always follows the same one.
        for turn in 0..kinds.len() {
            let at = (turn * (1 + 2 * (round % 2)) + round) % kinds.len();
            let (name, password) = kinds[at];
            let start = Instant::now();
            let answer = eve.login(name, password).await;
            let took = start.elapsed();
            answer.status(401);
            // The first ones warm up.
            if round >= 5 {
                times[at].push(took);
            }
        }
    }
    let base = median(&times[0]);
    eprintln!("known: median {base:?} of {SAMPLES}");
    for ((name, _), times_of) in kinds.iter().zip(&times).skip(1) {
        let (other, p) = (median(times_of), mann_whitney(&times[0], times_of));
        let apart = (other.as_secs_f64() / base.as_secs_f64() - 1.0).abs();
        eprintln!("{name}: median {other:?}, {:.2} % apart, p = {p:.3}", apart * 100.0);
        assert!(apart < 0.05 && p >= 0.01, "{name} can be told from a known account");
    }
}
