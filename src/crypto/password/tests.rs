use super::*;
use crate::model::Secret;

const CHEAP: Argon2Params = Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 };

fn passwords_with(params: Argon2Params) -> Passwords {
    let max_wait = Duration::from_mins(1);
    let settings = PoolSettings { params, memory_bytes: 1 << 20, queue: 64, max_wait };
    Passwords::start(settings, Random::seeded(5)).unwrap()
}

fn password(text: &str) -> Password {
    Password::try_from(Secret::new(text.to_owned())).unwrap()
}

/// The pool that a small machine has: 64 MiB.
fn of_64_mib(params: Argon2Params) -> Passwords {
    let max_wait = Duration::from_mins(1);
    let settings = PoolSettings { params, memory_bytes: 64 << 20, queue: 64, max_wait };
    Passwords::start(settings, Random::seeded(5)).unwrap()
}

fn argon2(expected: Expected) -> Phc {
    let Expected::Argon2(phc) = expected else { panic!("a hash of another system") };
    phc
}

/// PW-07.
#[tokio::test]
async fn a_password_becomes_an_argon2id_phc_string_with_a_salt_of_its_own() {
    let passwords = passwords_with(CHEAP);
    let one = passwords.hash(&password("correct horse")).await.unwrap();
    let two = passwords.hash(&password("correct horse")).await.unwrap();
    assert_ne!(one, two);
    assert!(one.as_phc().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    let phc = Phc::parse(one.as_phc()).unwrap();
    assert_eq!((phc.salt.len(), phc.output.len()), (16, 32));
    for hash in [one, two] {
        let verdict = passwords.verify(&password("correct horse"), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::Match { rehash: false }));
    }
}

/// PW-02: nothing is cut off, not at 72 bytes and not at a NUL.
#[tokio::test]
async fn every_character_of_a_password_counts() {
    let passwords = passwords_with(CHEAP);
    let long = "x".repeat(100);
    let hash = passwords.hash(&password(&long)).await.unwrap();
    let others = [&long[..72], &long[..99], &format!("{}y", &long[..99]), &format!("{long}\0"), ""];
    for other in others {
        let verdict = passwords.verify(&password(other), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::Mismatch), "{other:?}");
    }
    let nul = passwords.hash(&password("secret\0one")).await.unwrap();
    assert_eq!(passwords.verify(&password("secret\0two"), Some(&nul)).await, Ok(Verdict::Mismatch));
    assert_eq!(passwords.verify(&password("secret"), Some(&nul)).await, Ok(Verdict::Mismatch));
    let scripts = "пароль密碼🔑".repeat(8);
    let hash = passwords.hash(&password(&scripts)).await.unwrap();
    let verdict = passwords.verify(&password(&scripts), Some(&hash)).await;
    assert_eq!(verdict, Ok(Verdict::Match { rehash: false }));
}

/// PW-03, PW-04.
#[tokio::test]
async fn two_keyboards_type_one_password_and_nothing_else_is_conflated() {
    let passwords = passwords_with(CHEAP);
    let good = Ok(Verdict::Match { rehash: false });
    for (set, typed) in [("cafe\u{301} 1", "caf\u{e9} 1"), ("caf\u{e9}\u{a0}1", "cafe\u{301} 1")] {
        let hash = passwords.hash(&password(set)).await.unwrap();
        assert_eq!(passwords.verify(&password(typed), Some(&hash)).await, good);
        assert_eq!(passwords.verify(&password(set), Some(&hash)).await, good);
        for other in ["cafe 1", "CAF\u{c9} 1", "caf\u{e9} \u{2460}", " caf\u{e9} 1", "caf\u{e9} 1 "]
        {
            let verdict = passwords.verify(&password(other), Some(&hash)).await;
            assert_eq!(verdict, Ok(Verdict::Mismatch), "{other:?}");
        }
    }
}

/// PW-18: and the dummy's work is done, as for an unknown account.
#[tokio::test]
async fn an_unreadable_hash_is_a_verdict_and_no_panic() {
    let passwords = passwords_with(CHEAP);
    let good = passwords.hash(&password("correct horse")).await.unwrap();
    let cut = &good.as_phc()[..good.as_phc().len() - 30];
    let bcrypt = "$2b$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    for bad in ["", "$", "plain", "\0", bcrypt, cut] {
        let hash = PasswordHash::from_phc(bad.to_owned());
        let verdict = passwords.verify(&password("correct horse"), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::Unreadable), "{bad:?}");
        let phc = argon2(passwords.0.expectation(&password("x"), Some(&hash)).0);
        assert_eq!(phc.params, CHEAP);
    }
}

#[tokio::test]
async fn a_stored_hash_cannot_hang_the_pool() {
    let passwords = passwords_with(CHEAP);
    let good = passwords.hash(&password("correct horse")).await.unwrap();
    for dear in ["m=4194304,t=1,p=1", "m=1048577,t=1,p=1", "m=64,t=17,p=1", "m=64,t=1,p=5"] {
        let hash = PasswordHash::from_phc(good.as_phc().replace("m=64,t=1,p=1", dear));
        let verdict = passwords.verify(&password("correct horse"), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::Unreadable), "{dear}");
    }
}

#[tokio::test]
async fn the_parameters_in_use_are_never_too_dear() {
    let dear = Argon2Params { memory_kib: 8, iterations: 20, parallelism: 1 };
    let passwords = passwords_with(dear);
    let hash = passwords.hash(&password("correct horse")).await.unwrap();
    let verdict = passwords.verify(&password("correct horse"), Some(&hash)).await;
    assert_eq!(verdict, Ok(Verdict::Match { rehash: false }));
}

/// PW-10.
#[tokio::test]
async fn where_there_is_no_account_a_dummy_of_the_current_parameters_is_verified() {
    for params in [CHEAP, Argon2Params { memory_kib: 128, ..CHEAP }] {
        let passwords = passwords_with(params);
        let (expected, if_equal, otherwise) = passwords.0.expectation(&password("x"), None);
        let phc = argon2(expected);
        assert_eq!(phc.params, params);
        assert_eq!((phc.salt.len(), phc.output.len()), (SALT_BYTES, OUTPUT_BYTES));
        assert_eq!((if_equal, otherwise), (Verdict::Mismatch, Verdict::Mismatch));
        let verdict = passwords.verify(&password("anything"), None).await;
        assert_eq!(verdict, Ok(Verdict::Mismatch));
    }
}

/// PW-11.
#[tokio::test]
async fn a_match_under_other_parameters_asks_for_a_new_hash() {
    let weaker = passwords_with(CHEAP);
    let stronger = passwords_with(Argon2Params { iterations: 2, memory_kib: 32, ..CHEAP });
    let hash = weaker.hash(&password("correct horse")).await.unwrap();
    let verdict = stronger.verify(&password("correct horse"), Some(&hash)).await;
    assert_eq!(verdict, Ok(Verdict::Match { rehash: true }), "with a bigger block than its own");
    let verdict = stronger.verify(&password("another horse"), Some(&hash)).await;
    assert_eq!(verdict, Ok(Verdict::Mismatch));
    let foreign = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$";
    let phc = Phc::parse(&format!("{foreign}{}", "A".repeat(43))).unwrap();
    let (_, if_equal, _) =
        weaker.0.expectation(&password("x"), Some(&PasswordHash::from_phc(phc.to_text())));
    assert_eq!(if_equal, Verdict::Match { rehash: true }, "a short salt");
}

#[tokio::test]
async fn parameters_that_argon2_cannot_use_are_raised_and_not_a_panic() {
    let none = Argon2Params { memory_kib: 0, iterations: 0, parallelism: 0 };
    let passwords = passwords_with(none);
    let hash = passwords.hash(&password("correct horse")).await.unwrap();
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
}

/// PW-08.
#[test]
fn the_threads_fit_the_memory_and_the_cores() {
    let threads = |memory_bytes| {
        let params = Argon2Params::default();
        PoolSettings { params, memory_bytes, queue: 1, max_wait: Duration::ZERO }.threads()
    };
    let cores = thread::available_parallelism().unwrap().get();
    assert_eq!(threads(0), 1);
    assert_eq!(threads(2 * 19_456 * 1024 - 1), 1);
    assert_eq!(threads(2 * 19_456 * 1024), cores.min(2));
    assert_eq!(threads(u64::MAX), cores);
}

/// PW-08.
#[tokio::test]
async fn a_storm_is_answered_in_full_and_the_excess_is_busy() {
    let settings = PoolSettings {
        params: Argon2Params { memory_kib: 4_096, ..CHEAP },
        memory_bytes: 0,
        queue: 3,
        max_wait: Duration::from_secs(30),
    };
    let passwords = Passwords::start(settings, Random::seeded(5)).unwrap();
    assert_eq!(passwords.retry_after(), Duration::from_secs(10));
    let mut storm = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let passwords = passwords.clone();
        storm.spawn(async move { passwords.verify(&password("anything"), None).await });
    }
    let verdicts = storm.join_all().await;
    let busy = verdicts.iter().filter(|v| **v == Err(Busy)).count();
    assert!((1..50).contains(&busy), "{busy} were refused");
    assert!(verdicts.iter().all(|v| matches!(v, Ok(Verdict::Mismatch) | Err(Busy))));
}

#[tokio::test]
async fn a_hash_of_another_system_matches_as_typed_and_is_to_be_replaced() {
    let passwords = passwords_with(CHEAP);
    let cafe = "cafe\u{301} nfd";
    for (text, typed, other) in [
        ("$2b$04$URks82M802k./KRYgekvzeJds4zGy5Ptz4u.i7O84insoeq1ERV3O", "correct horse", "x"),
        ("$2b$04$06n2WnDJRd0qD5gRlNBk7uHwStCc3WUToxg2.V1sAB3kVghYz6VVS", cafe, "caf\u{e9} nfd"),
        (ARGON2ID_OF_DECOMPOSED, cafe, "caf\u{e9} nfd"),
        (
            "$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$upMolgTkMlwbVBjdk8MFwkTNVPmQTsViYFz5ZF/pVVg",
            "correct horse",
            "x",
        ),
        (
            "$argon2d$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$yKlBuXMyPSQ2Ltk1+t0pQsoKwkaTMFgDcq5mzUVT8GI",
            "correct horse",
            "x",
        ),
    ] {
        let hash = passwords.import(text.to_owned()).unwrap();
        let verdict = passwords.verify(&password(typed), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::Match { rehash: true }), "{text}");
        assert_eq!(passwords.verify(&password(other), Some(&hash)).await, Ok(Verdict::Mismatch));
    }
}

/// Made by argon2-cffi of bytes that are not in form C.
const ARGON2ID_OF_DECOMPOSED: &str = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$SPAClDP9zhT4q5M8lPk4UrQngvlQct4hevmr+bjfDMQ";

#[test]
fn an_imported_argon2_hash_costs_at_most_what_is_allowed_or_what_new_ones_cost() {
    let with = |params: &str| ARGON2ID_OF_DECOMPOSED.replacen("m=64,t=1,p=1", params, 1);
    let import = |passwords: &Passwords, params: &str| passwords.import(with(params)).err();
    let passwords = of_64_mib(CHEAP);
    assert_eq!(import(&passwords, "m=65536,t=10,p=4"), None);
    assert_eq!(import(&passwords, "m=65537,t=1,p=1"), Some(BadHash::TooLarge(65)));
    assert_eq!(import(&passwords, "m=262144,t=10,p=4"), Some(BadHash::TooLarge(256)));
    for dear in ["m=262145,t=1,p=1", "m=64,t=11,p=1", "m=64,t=1,p=5"] {
        assert_eq!(import(&passwords, dear), Some(BadHash::TooDear), "{dear}");
    }
    assert_eq!(import(&passwords, "m=64"), Some(BadHash::Unknown));
    let dearer = passwords_with(Argon2Params { iterations: 12, ..CHEAP });
    assert_eq!(import(&dearer, "m=64,t=12,p=1"), None);
}

const SCRYPT: &str =
    "$scrypt$ln=4,r=8,p=1$ZYxRCkGIUUqJUcpZCwGAcA$jkQlUllH+L9tVQuWzSWDeEvH/xTy22GmBdJjSMh1JCY";

/// PW-08: 64 MiB are passlib's scrypt, and what fits is taken.
#[test]
fn an_imported_scrypt_hash_needs_no_more_memory_than_there_is() {
    let passwords = of_64_mib(CHEAP);
    let import = |params| passwords.import(SCRYPT.replacen("ln=4,r=8,p=1", params, 1)).err();
    assert_eq!(import("ln=16,r=8,p=1"), None);
    assert_eq!(import("ln=14,r=8,p=16"), None);
    assert_eq!(import("ln=17,r=8,p=1"), Some(BadHash::TooLarge(128)));
    assert_eq!(import("ln=1,r=524288,p=1"), Some(BadHash::TooLarge(256)));
    assert_eq!(import("ln=18,r=9,p=1"), Some(BadHash::TooDear));
    assert!(BadHash::TooLarge(128).to_string().contains("passwords.memory"));
}

/// PW-08: as after a setting was lowered. A verdict with the dummy's work, and no allocation.
#[tokio::test]
async fn a_stored_hash_that_needs_more_memory_than_there_is_is_not_compared_with() {
    let passwords = of_64_mib(CHEAP);
    let good = passwords.hash(&password("correct horse")).await.unwrap();
    let stored = [
        (good.as_phc().replace("m=64", "m=1048576"), 1024),
        (SCRYPT.replacen("ln=4", "ln=18", 1), 256),
    ];
    for (text, mib) in stored {
        let hash = PasswordHash::from_phc(text);
        let verdict = passwords.verify(&password("correct horse"), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::TooLarge(mib)));
        let (expected, ..) = passwords.0.expectation(&password("correct horse"), Some(&hash));
        assert_eq!(argon2(expected).params, CHEAP);
    }
}

/// PW-08: each fits alone, all together do not.
#[tokio::test]
async fn large_hashes_wait_for_each_other() {
    let passwords = passwords_with(CHEAP);
    let large = passwords_with(Argon2Params { memory_kib: 1_000, ..CHEAP });
    let hash = large.hash(&password("correct horse")).await.unwrap();
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..40 {
        let (passwords, hash) = (passwords.clone(), hash.clone());
        let stored = [Some(hash), None][number % 2].clone();
        logins.spawn(async move {
            let verdict = passwords.verify(&password("correct horse"), stored.as_ref()).await;
            (stored.is_some(), verdict)
        });
    }
    for (is_stored, verdict) in logins.join_all().await {
        let found = if is_stored { Verdict::Match { rehash: true } } else { Verdict::Mismatch };
        assert_eq!(verdict, Ok(found));
    }
}

/// ENM-02: no password is refused sooner than for a name that nobody has.
#[tokio::test]
async fn a_password_that_a_foreign_hash_cannot_have_costs_the_dummys_work() {
    let passwords = passwords_with(CHEAP);
    let sha_crypt = "$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC";
    let bcrypt = "$2b$04$URks82M802k./KRYgekvzeJds4zGy5Ptz4u.i7O84insoeq1ERV3O";
    let long = "x".repeat(513);
    for (text, typed) in
        [(sha_crypt, "correct horse\0"), (bcrypt, "\0"), (SCRYPT, "a\0b"), (sha_crypt, &long)]
    {
        let (typed, hash) = (password(typed), passwords.import(text.to_owned()).unwrap());
        let (expected, if_equal, otherwise) = passwords.0.expectation(&typed, Some(&hash));
        assert_eq!(argon2(expected).params, CHEAP, "{text}");
        assert_eq!((if_equal, otherwise), (Verdict::Mismatch, Verdict::Mismatch));
        assert_eq!(passwords.verify(&typed, Some(&hash)).await, Ok(Verdict::Mismatch));
    }
    let (expected, ..) = passwords
        .0
        .expectation(&password(&long[1..]), Some(&PasswordHash::from_phc(sha_crypt.to_owned())));
    assert!(matches!(expected, Expected::Foreign(_)), "512 bytes are compared");
}
