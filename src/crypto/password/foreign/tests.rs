use proptest::prelude::*;

use super::*;

/// Made with passlib, Python's bcrypt, hashlib and crypt(3) of glibc.
const OF_CORRECT_HORSE: &[&str] = &[
    "$2b$04$URks82M802k./KRYgekvzeJds4zGy5Ptz4u.i7O84insoeq1ERV3O",
    "$2a$04$QpP8TKLpDQXTfQzsFiKvCO8jkc5UwuZzOShgZy5XIYLCTgNUfumvO",
    "$2y$04$QpP8TKLpDQXTfQzsFiKvCO8jkc5UwuZzOShgZy5XIYLCTgNUfumvO",
    "$scrypt$ln=4,r=8,p=1$ZYxRCkGIUUqJUcpZCwGAcA$jkQlUllH+L9tVQuWzSWDeEvH/xTy22GmBdJjSMh1JCY",
    "$pbkdf2-sha256$1000$MgagNCaklBKCMEZobY1Ryg$fLRnXOxf3j.JSpO2aOpZ.UWpdkkyQaqn.Teir4RgWaE",
    "$pbkdf2-sha512$1000$gXBOKQWAEALAGCMEoHTuPQ$8YBROJBj3YReqKfFP302FID8gQy/u4YMNRs/lIs1/Z8v1.ihvrX2IsvvwWDO9WevDCzNB6c02kFDDguIE7DOVQ",
    "$pbkdf2$1000$FULoXQthrDWmFALAOIfQ2g$0X.8YdsIV/s5i9KPrueGcltp8WI",
    "pbkdf2_sha256$1000$Zi8BaSW4NlLG$RUfF8WSC+G3R8Ef5lwS7UBf4gn5dbXQ08B2+j0bnWwE=",
    "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M",
    "$pbkdf2-sha256$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M",
    "$5$rounds=1000$2e0vQU6GKe9TFPnQ$I266w2YRHSuGsh833dnNBdtGbz/bXWkURo2lThZ7zY5",
    "$6$rounds=1000$Fke1MWN12YSOn3p5$lA0vds8EeIar6kk5uNZcJHoz5DC51Q3VlX7NiKveMNibdu.1iq9RGsIA6nXR2aOyl/WwEaUSugBdySQ2ftVsM.",
    "$5$saltstring$vc6YOOogU4kWVvwga8e9zTFgKcy4tb5LaPxIiPJzqEC",
    "$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/",
];

fn matches(text: &str, password: &str) -> bool {
    let hash = Foreign::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    hash.matches(password, &Memory::new(1024, 8)).unwrap()
}

#[test]
fn each_form_matches_its_password_and_no_other() {
    for text in OF_CORRECT_HORSE {
        assert!(matches(text, "correct horse"), "{text}");
        for wrong in ["correct horsf", "correct hors", "", "correct horse\0", "correct horse\0x"] {
            assert!(!matches(text, wrong), "{text} {wrong:?}");
        }
    }
}

/// jBCrypt's own tests; what crypt(3) of glibc makes of the inputs of the specification of
/// SHA-crypt; RFC 7914, 12.
#[test]
fn the_published_hashes_match() {
    let empty = "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.";
    assert!(matches(empty, ""));
    let drepper = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";
    assert!(matches(drepper, "Hello world!"));
    let drepper = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
    assert!(matches(drepper, "Hello world!"));
    let rfc = "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA";
    assert!(matches(rfc, "password"));
}

#[test]
fn bcrypt_counts_72_bytes_and_every_form_takes_the_password_as_typed() {
    let long = "$2b$04$RyWxUiHfi.1OUwtOG0F87eP0.EgX1E1ZOmQx7FF69Xqzkzvgymy7m";
    assert!(matches(long, &"a".repeat(80)) && matches(long, &"a".repeat(72)));
    assert!(!matches(long, &"a".repeat(71)));
    let decomposed = "$2b$04$06n2WnDJRd0qD5gRlNBk7uHwStCc3WUToxg2.V1sAB3kVghYz6VVS";
    assert!(matches(decomposed, "cafe\u{301} nfd"));
    assert!(!matches(decomposed, "caf\u{e9} nfd"));
    let hundred = "$6$rounds=1000$saltstring$LO1z7YQ05760SM/x1NQX9Xm8HYp.ZqDwu48VKgbuhftoYrhh9AErew0YRsDuN/5SC0zlqbgzcrYXL.7Bd7mj70";
    assert!(matches(hundred, &"x".repeat(100)));
    assert!(!matches(hundred, &"x".repeat(513)));
}

#[test]
fn what_costs_too_much_is_told_from_what_is_unknown() {
    let swaps = [
        ("$2b$04$", "$2b$14$", None),
        ("$2b$04$", "$2b$15$", Some(BadHash::TooDear)),
        ("$2b$04$", "$2b$31$", Some(BadHash::TooDear)),
        ("$2b$04$", "$2b$32$", Some(BadHash::Unknown)),
        ("$2b$04$", "$2b$03$", Some(BadHash::Unknown)),
        ("$2b$04$", "$2b$4$", Some(BadHash::Unknown)),
        ("$2b$04$", "$2x$04$", Some(BadHash::Unknown)),
        ("ln=4,r=8,p=1", "ln=18,r=8,p=1", None),
        ("ln=4,r=8,p=1", "ln=18,r=9,p=1", Some(BadHash::TooDear)),
        ("ln=4,r=8,p=1", "ln=18,r=8,p=2", Some(BadHash::TooDear)),
        ("ln=4,r=8,p=1", "ln=63,r=4294967295,p=4294967295", Some(BadHash::TooDear)),
        ("ln=4,r=8,p=1", "ln=255,r=8,p=1", Some(BadHash::TooDear)),
        ("ln=4,r=8,p=1", "ln=4,r=0,p=1", Some(BadHash::Unknown)),
        ("pbkdf2-sha256$1000$", "pbkdf2-sha256$2000000$", None),
        ("pbkdf2-sha256$1000$", "pbkdf2-sha256$2000001$", Some(BadHash::TooDear)),
        ("pbkdf2-sha256$1000$", "pbkdf2-sha256$0$", Some(BadHash::Unknown)),
        ("pbkdf2_sha256$1000$", "pbkdf2_sha256$2000001$", Some(BadHash::TooDear)),
        ("i=1000,l=32", "i=1000,l=31", Some(BadHash::Unknown)),
        ("$5$rounds=1000$", "$5$rounds=1000000$", None),
        ("$5$rounds=1000$", "$5$rounds=1000001$", Some(BadHash::TooDear)),
        ("$5$rounds=1000$", "$5$rounds=999$", Some(BadHash::Unknown)),
    ];
    for (from, to, expected) in swaps {
        let text = OF_CORRECT_HORSE.iter().find(|text| text.contains(from)).unwrap();
        let text = text.replacen(from, to, 1);
        assert_eq!(Foreign::parse(&text).err(), expected, "{text}");
    }
    for text in ["", "$", "$$", "!", "*", "x", "$1$salt$hash", "{SSHA}x", "$2b$12$short", "$7$x$y"]
    {
        assert_eq!(Foreign::parse(text).err(), Some(BadHash::Unknown), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reading(text in ".{0,200}") {
        let _ = Foreign::parse(&text);
    }

    #[test]
    fn a_damaged_hash_is_refused_or_compares(
        which in 0..OF_CORRECT_HORSE.len(),
        at in 0_usize..120,
        with in "[ -~é]",
        cut in 0_usize..120,
    ) {
        let mut letters: Vec<char> = OF_CORRECT_HORSE[which].chars().collect();
        let at = at % letters.len();
        letters[at] = with.chars().next().unwrap();
        letters.truncate(letters.len().saturating_sub(cut / 60));
        let _ = Foreign::parse(&letters.into_iter().collect::<String>());
    }
}
