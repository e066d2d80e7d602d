//! The one form of a password, so that every keyboard's way to type it is the same password.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::is_nfc;
use zeroize::Zeroizing;

use crate::model::Password;

/// How much longer NFC can make a text, in bytes of UTF-8 (Unicode Standard Annex 15, 8.2).
const GROWTH: usize = 3;

/// The password as RFC 8265, 4.2 (`OpaqueString`) prepares it: spaces other than U+0020 become
/// U+0020, then Unicode form C. Nothing else changes: case, leading and trailing spaces count.
/// Not form KC, which takes `①` for `1`.
pub(super) fn normalize(password: &Password) -> Zeroizing<String> {
    let typed = password.expose();
    // Room for all of it from the start: a growing text would leave unwiped copies behind.
    let mut text = Zeroizing::new(String::with_capacity(typed.len() * GROWTH));
    if !typed.contains(is_other_space) && is_nfc(typed) {
        text.push_str(typed);
    } else {
        text.extend(typed.chars().map(|c| if is_other_space(c) { ' ' } else { c }).nfc());
    }
    text
}

/// The general category `Zs` but for U+0020.
fn is_other_space(c: char) -> bool {
    matches!(
        c,
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    fn normalized(text: &str) -> String {
        let password = Password::try_from(Secret::new(text.to_owned())).unwrap();
        normalize(&password).to_string()
    }

    /// PW-04.
    #[test]
    fn composed_and_decomposed_letters_are_one_and_compatibility_forms_are_not() {
        assert_eq!(normalized("cafe\u{301}"), "caf\u{e9}");
        assert_eq!(normalized("caf\u{e9}"), "caf\u{e9}");
        assert_ne!(normalized("\u{2460}"), "1");
        assert_ne!(normalized("\u{fb01}"), "fi");
    }

    /// PW-03.
    #[test]
    fn spaces_and_case_are_kept() {
        assert_eq!(normalized("  Ab c \t"), "  Ab c \t");
        assert_eq!(normalized("a\u{a0}b\u{3000}c\u{2003}d"), "a b c d");
    }

    #[test]
    fn the_longest_password_never_grows_beyond_its_first_room() {
        // U+1D160 is the character that grows most: 4 bytes to 12.
        let longest = "\u{1D160}".repeat(Password::MAX_BYTES / 4);
        assert_eq!(normalized(&longest).len(), Password::MAX_BYTES * GROWTH);
        assert!(normalized(&"\u{390}".repeat(512)).len() <= Password::MAX_BYTES * GROWTH);
    }
}
