use serde::Deserialize;
use thiserror::Error;

/// The longest value, in bytes.
const LONGEST: usize = 4096;

/// A value from the query of the provider's callback: visible ASCII, at most 4 096 bytes, or empty. A provider sends
/// nothing else, and every other value stays away from the provider (SECURITY rule 32).
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CallbackValue(String);

/// Why a text is no value of a callback. The text may hold a code, so the error does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not visible ASCII of at most {LONGEST} bytes")]
pub struct InvalidCallbackValue;

impl CallbackValue {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl TryFrom<String> for CallbackValue {
    type Error = InvalidCallbackValue;

    fn try_from(text: String) -> Result<Self, InvalidCallbackValue> {
        let is_plain = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then_some(Self(text)).ok_or(InvalidCallbackValue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SECURITY rule 32.
    #[test]
    fn a_callback_value_is_visible_ascii_of_a_bounded_length() {
        for text in ["", "a_code", "!~", &"a".repeat(LONGEST)] {
            let value = CallbackValue::try_from(text.to_owned()).unwrap();
            assert_eq!(value.as_str(), text);
            assert_eq!(value.is_empty(), text.is_empty());
            assert_eq!(value.into_string(), text);
        }
        for text in [
            "\0",
            "a b",
            "a\r\nb",
            "a\u{7f}",
            "é",
            "\u{fffd}",
            &"a".repeat(LONGEST + 1),
        ] {
            let refused = CallbackValue::try_from(text.to_owned());
            assert_eq!(refused.err(), Some(InvalidCallbackValue), "{text:?}");
        }
    }
}
