use std::fmt;

use rand::{CryptoRng, RngExt};
use thiserror::Error;

const DIGITS: usize = 6;

/// A code of six digits. Leading zeros are significant.
pub struct SignInCode([u8; DIGITS]);

/// The text does not contain exactly six digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("Enter the six digits from the mail.")]
pub struct InvalidCode;

impl SignInCode {
    /// Generates a uniformly random code (ASVS 6.5.3).
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        Self::from_number(random.random_range(0..1_000_000))
    }

    fn from_number(mut number: u32) -> Self {
        let mut digits = [0; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
        Self(digits)
    }

    /// Parses typed or pasted text. Spaces and dashes of any kind are ignored. The decimal digits of other scripts are
    /// accepted.
    pub fn parse(typed: &str) -> Result<Self, InvalidCode> {
        let mut digits = [0; DIGITS];
        let mut count = 0;
        for character in typed.chars().filter(|c| !is_separator(*c)) {
            let value = decimal_value(character).ok_or(InvalidCode)?;
            *digits.get_mut(count).ok_or(InvalidCode)? = b'0' + value;
            count += 1;
        }
        if count == DIGITS {
            Ok(Self(digits))
        } else {
            Err(InvalidCode)
        }
    }

    /// The digits, for the hash and for the mail only.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The zero of each run of ten decimal digits (Unicode's `Nd`), for scripts that keyboards write.
const ZEROS: [u32; 21] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0xff10,
];

fn decimal_value(c: char) -> Option<u8> {
    ZEROS
        .iter()
        .filter_map(|zero| u32::from(c).checked_sub(*zero))
        .find(|value| *value < 10)
        .and_then(|value| u8::try_from(value).ok())
}

impl fmt::Debug for SignInCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInCode(……)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_kept() {
        assert_eq!(SignInCode::from_number(42).expose(), "000042");
        assert_eq!(SignInCode::from_number(999_999).expose(), "999999");
        assert_eq!(SignInCode::from_number(0).expose(), "000000");
    }

    // SECURITY rule 1: codes come from a CSPRNG and are uniform. In 60 000 codes, each digit is expected 6 000 times at
    // each place. The bound is eight standard deviations.
    #[test]
    fn codes_are_spread_evenly() {
        let mut seen = [[0_i32; 10]; DIGITS];
        for _ in 0..60_000 {
            let code = SignInCode::generate(&mut rand::rng());
            for (place, digit) in code.0.iter().enumerate() {
                seen[place][usize::from(digit - b'0')] += 1;
            }
        }
        for count in seen.iter().flatten() {
            assert!((count - 6_000).abs() < 590, "{seen:?}");
        }
    }

    #[test]
    fn what_a_person_pastes_is_understood() {
        for typed in [
            "042917",
            " 042 917\n",
            "042-917",
            "0 4 2 9 1 7",
            "０４２９１７",
            "٠٤٢٩١٧",
            "०४२९१७",
            "042\u{2013}917",
            "\u{200e}042917",
        ] {
            assert_eq!(SignInCode::parse(typed).unwrap().expose(), "042917");
        }
    }

    #[test]
    fn anything_but_six_digits_is_refused() {
        for typed in [
            "",
            "04291",
            "0429170",
            "04291a",
            "042.917",
            "²³¹¼½¾",
            "-",
            "十二三四五六",
        ] {
            assert!(SignInCode::parse(typed).is_err(), "{typed:?} was taken");
        }
    }

    // SECURITY rule 4: no code in a log.
    #[test]
    fn a_printed_code_hides_its_digits() {
        assert_eq!(
            format!("{:?}", SignInCode::from_number(42_917)),
            "SignInCode(……)"
        );
    }
}
