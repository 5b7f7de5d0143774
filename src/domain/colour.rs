use std::fmt;

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    pub const BLACK: Self = Self::of(0, 0, 0);
    pub const WHITE: Self = Self::of(255, 255, 255);

    pub const fn of(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Parses `#rrggbb`. The `#` is optional, because it starts a comment in a `.env` file.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self::of(red, green, blue))
    }

    /// The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, “contrast ratio”).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Mixes `hundredths` percent of `other` into this colour.
    pub fn mixed(self, other: Self, hundredths: u8) -> Self {
        let share = u16::from(hundredths.min(100));
        let mix = |own: u8, other: u8| {
            let sum = u16::from(own) * (100 - share) + u16::from(other) * share;
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        Self::of(
            mix(self.red, other.red),
            mix(self.green, other.green),
            mix(self.blue, other.blue),
        )
    }

    /// The relative luminance, from 0 to 1 (WCAG 2.2, “relative luminance”).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_and_nothing_else_is() {
        for text in ["#1f5eff", "1F5EFF"] {
            assert_eq!(Colour::parse(text), Some(Colour::of(0x1f, 0x5e, 0xff)));
        }
        assert_eq!(Colour::of(1, 2, 254).to_string(), "#0102fe");
        for text in [
            "", "#", "#fff", "#1f5eff0", "blue", "#1f5e fg", "##1f5ef", "+1f5ef", "ｆｆ",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        let near = |one: f64, two: f64| (one - two).abs() < 0.01;
        assert!(near(Colour::BLACK.contrast(Colour::WHITE), 21.0));
        assert!(near(Colour::WHITE.contrast(Colour::WHITE), 1.0));
        // The lightest grey with enough contrast for text on white.
        let grey = Colour::of(0x76, 0x76, 0x76);
        assert!(near(Colour::WHITE.contrast(grey), 4.54));
        assert!(near(grey.contrast(Colour::WHITE), 4.54));
        // Very dark colours are on the linear part of the sRGB curve.
        assert!(near(Colour::of(10, 10, 10).contrast(Colour::BLACK), 1.06));
    }

    #[test]
    fn a_mix_lies_between() {
        assert_eq!(Colour::BLACK.mixed(Colour::WHITE, 0), Colour::BLACK);
        assert_eq!(Colour::BLACK.mixed(Colour::WHITE, 100), Colour::WHITE);
        assert_eq!(
            Colour::BLACK.mixed(Colour::WHITE, 50),
            Colour::of(128, 128, 128)
        );
    }
}
