//! Colours, and whether one can be read on another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A colour of sRGB, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

/// A text that is no [`Colour`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAColour;

impl fmt::Display for NotAColour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a colour is # and six hexadecimal digits")
    }
}

impl std::error::Error for NotAColour {}

impl Colour {
    /// No light.
    pub const BLACK: Self = Self::rgb(0, 0, 0);
    /// All of it.
    pub const WHITE: Self = Self::rgb(255, 255, 255);

    /// The colour of these parts.
    #[must_use]
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// How well the one is read on the other (WCAG 2.2, "contrast ratio"), in hundredths: 100 is
    /// not at all, 2100 black on white.
    #[must_use]
    pub fn contrast(self, other: Self) -> u32 {
        let (one, two) = (self.luminance(), other.luminance());
        let ratio = (one.max(two) + 0.05) / (one.min(two) + 0.05);
        #[expect(clippy::cast_possible_truncation, reason = "between 100 and 2100")]
        #[expect(clippy::cast_sign_loss, reason = "between 100 and 2100")]
        let hundredths = (ratio * 100.0).floor() as u32;
        hundredths
    }

    /// The nearest colour on the way to `end` that has at least this contrast, in hundredths, to
    /// `ground`; `end` itself when none has.
    #[must_use]
    pub fn readable(self, ground: Self, (end, least): (Self, u32)) -> Self {
        let steps = (0..=100).map(|percent| self.towards(end, percent));
        steps.into_iter().find(|colour| colour.contrast(ground) >= least).unwrap_or(end)
    }

    fn towards(self, end: Self, percent: u16) -> Self {
        let mut parts = self.0;
        for (part, end) in parts.iter_mut().zip(end.0) {
            let mixed = (u16::from(*part) * (100 - percent) + u16::from(end) * percent) / 100;
            *part = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
        Self(parts)
    }

    /// Relative luminance (WCAG 2.2), 0 to 1.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl FromStr for Colour {
    type Err = NotAColour;
    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = u32::from_str_radix(digits.ok_or(NotAColour)?, 16).map_err(|_| NotAColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self::rgb(red, green, blue))
    }
}

impl TryFrom<String> for Colour {
    type Error = NotAColour;
    fn try_from(text: String) -> Result<Self, NotAColour> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    /// The pairs that explanations of the rule name: #767676 is the lightest grey that reaches
    /// 4.5 on white.
    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert_eq!(Colour::BLACK.contrast(Colour::WHITE), 2100);
        assert_eq!(Colour::WHITE.contrast(Colour::WHITE), 100);
        assert_eq!(colour("#767676").contrast(Colour::WHITE), 454);
        assert_eq!(colour("#777777").contrast(Colour::WHITE), 447);
        assert_eq!(Colour::WHITE.contrast(colour("#ff0000")), 399);
    }

    #[test]
    fn every_colour_can_be_made_readable_on_light_and_on_dark_and_a_readable_one_stays() {
        let (light, dark) = (colour("#f6f7f8"), colour("#1b1e22"));
        for text in ["#000000", "#ffffff", "#ffff00", "#0000ff", "#2f5d8a", "#808080", "#00ff88"] {
            let on_light = colour(text).readable(light, (Colour::BLACK, 450));
            let on_dark = colour(text).readable(dark, (Colour::WHITE, 450));
            assert!(on_light.contrast(light) >= 450 && on_dark.contrast(dark) >= 450, "{text}");
        }
        let good = colour("#2f5d8a");
        assert_eq!(good.readable(light, (Colour::BLACK, 450)), good);
    }

    #[test]
    fn a_colour_is_written_in_one_form() {
        assert_eq!(colour("#A0b1C2").to_string(), "#a0b1c2");
        for bad in ["", "#", "a0b1c2", "#a0b1c", "#a0b1c2d", "#a0b1cg", "#+0b1c2", "red", "#ää0"]
        {
            assert_eq!(bad.parse::<Colour>(), Err(NotAColour), "{bad}");
        }
    }
}
