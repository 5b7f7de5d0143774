//! Characters that a page, a terminal or a log must not pass on from foreign text.

use std::error::Error;

/// Foreign text for one line of a page, a terminal or a log. Line breaks and tabs become spaces; other
/// [hidden](is_hidden) characters become U+FFFD.
pub fn printable(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// As [`printable`], cut to `longest` characters with “…” behind the cut.
pub fn printable_up_to(longest: usize, text: &str) -> String {
    let mut rest = text.chars();
    let mut line: String = rest.by_ref().take(longest).map(shown).collect();
    if rest.next().is_some() {
        line.push('…');
    }
    line
}

/// An error and its causes on one line, separated by colons. A cause whose text is already there is left out.
pub fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    printable(&line).trim().to_owned()
}

fn shown(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if is_hidden(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Control characters, line and paragraph separators, and marks that change the direction of the text
/// after them. Joiners are not hidden: names are written with them.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text is blank to the eye: it is empty, or has only spaces and characters without a shape.
pub fn shows_nothing(text: &str) -> bool {
    // Unicode counts the Braille pattern without dots (U+2800) as visible.
    let blank = |c: char| c.is_whitespace() || is_invisible(c) || c == '\u{2800}';
    text.chars().all(blank)
}

/// Unicode's `Default_Ignorable_Code_Point`. Inside a word they may join or separate letters.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_one_line_without_commands_to_a_terminal() {
        for (foreign, line) in [
            ("Mira Bell", "Mira Bell"),
            ("Mira\u{1b}[2J", "Mira\u{fffd}[2J"),
            ("two\r\nlines\tand\u{2028}more", "two  lines and more"),
            ("no\u{202e}body\u{2066}", "no\u{fffd}body\u{fffd}"),
            ("نازنین\u{200c}زهرا", "نازنین\u{200c}زهرا"),
        ] {
            assert_eq!(printable(foreign), line);
        }
        assert_eq!(printable_up_to(4, "e\u{7}éé"), "e\u{fffd}éé");
        assert_eq!(printable_up_to(3, "ab\nde"), "ab …");
    }
}
