/// Whether nobody sees anything of a text: it is empty, or all of it is spaces and characters without a shape.
pub fn shows_nothing(text: &str) -> bool {
    // A Braille pattern without dots is a letter to Unicode, and nothing to the eye.
    let blank = |c: char| c.is_whitespace() || is_invisible(c) || c == '\u{2800}';
    text.chars().all(blank)
}

/// Unicode's `Default_Ignorable_Code_Point`. Within a word they may join or part letters.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}
