use super::letter::{Block, Letter, Letterhead};

/// The `text/plain` part: complete, with every link in full.
pub(super) fn text_part(letter: &Letter, letterhead: &Letterhead) -> String {
    let last_line = letterhead.last_line(letter);
    let paragraphs: Vec<String> = letter
        .blocks
        .iter()
        .map(paragraph)
        .chain([last_line])
        .collect();
    paragraphs.join("\r\n\r\n") + "\r\n"
}

fn paragraph(block: &Block) -> String {
    match block {
        Block::Text {
            before,
            strong,
            after,
        } => format!("{before}{strong}{after}"),
        Block::Code(text) | Block::Quiet(text) => text.clone(),
        Block::Button { label, url } => format!("{label}:\r\n{url}"),
        Block::Aside { text, label, url } => format!("{text} {label}:\r\n{url}"),
    }
}
