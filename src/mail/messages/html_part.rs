//! The `text/html` part: one column, light and dark, nothing to fetch.
//!
//! Mail programs drop SVG, style sheets or scripts, so each element has its light colours inline.
//! The style element only holds the dark colours. Tables and inline styles work in all of them.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::letter::{Block, Letter, Letterhead};
use crate::domain::Shades;

/// The colours of `app.css` in one theme.
struct Theme {
    ground: &'static str,
    surface: &'static str,
    line: &'static str,
    ink: &'static str,
    quiet: &'static str,
}

const LIGHT: Theme = Theme {
    ground: "#f6f5f2",
    surface: "#ffffff",
    line: "#e2e0da",
    ink: "#17181a",
    quiet: "#5c5f66",
};
const DARK: Theme = Theme {
    ground: "#131416",
    surface: "#1b1d20",
    line: "#2f3237",
    ink: "#f1f0ec",
    quiet: "#a3a6ad",
};

const SANS: &str = "system-ui,-apple-system,Segoe UI,Roboto,sans-serif";
const MONO: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace";
/// Hides the preheader in the mail itself; mail programs still show it in their list.
const HIDDEN: &str =
    "display:none;max-height:0;overflow:hidden;font-size:1px;line-height:1px;opacity:0";

pub(super) fn html_part(letter: &Letter, letterhead: &Letterhead) -> String {
    let Theme {
        ground,
        surface,
        line,
        ink,
        quiet,
    } = LIGHT;
    let accent = letterhead.accent.light;
    let last_line_font = match letter.last_line {
        Some(_) => MONO,
        None => SANS,
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                title { (letter.subject) }
                style { (PreEscaped(dark_colours(letterhead.accent.dark))) }
            }
            body.ground style={ "margin:0;padding:0;background:" (ground) } {
                div style=(HIDDEN) { (letter.preheader) }
                (table("", &html! {
                    td align="center" style="padding:32px 16px" {
                        (table("max-width:480px", &html! {
                            td style="padding:0 4px 16px" { (masthead(letterhead)) }
                        }))
                        (table("max-width:480px", &html! {
                            td.card.ink style={
                                "background:" (surface) ";border:1px solid " (line) ";border-radius:14px;"
                                "padding:28px 28px 8px;font:16px/1.5 " (SANS) ";color:" (ink) ";overflow-wrap:anywhere"
                            } {
                                @for block in &letter.blocks { (paragraph(block, accent)) }
                            }
                        }))
                        (table("max-width:480px", &html! {
                            td.quiet style={
                                "padding:16px 4px 0;font:13px/1.5 " (last_line_font) ";color:" (quiet)
                                ";overflow-wrap:anywhere"
                            } {
                                (letterhead.last_line(letter))
                            }
                        }))
                    }
                }))
            }
        }
    }
    .into_string()
}

/// A table of one row, as wide as the screen or as `limit` lets it be.
fn table(limit: &str, cells: &Markup) -> Markup {
    html! {
        table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"
            style={ "table-layout:fixed;" (limit) } {
            tr { (cells) }
        }
    }
}

/// The mark and the console's name. The mark is a doorway within a doorway, drawn with borders.
fn masthead(letterhead: &Letterhead) -> Markup {
    let accent = letterhead.accent.light.accent;
    let doorway = |width: u8, height: u8| {
        format!(
            "width:{width}px;height:{height}px;margin:0 auto;border:2px solid {accent};border-bottom:0;\
             border-radius:{width}px {width}px 0 0;line-height:1px;font-size:1px"
        )
    };
    html! {
        table role="presentation" cellpadding="0" cellspacing="0" border="0" {
            tr {
                td width="24" valign="bottom" {
                    div.mark style={ "width:22px;border-bottom:2px solid " (accent) } {
                        div.mark style={ (doorway(14, 16)) ";padding-top:3px" } {
                            div.mark style=(doorway(5, 12)) {}
                        }
                    }
                }
                td.ink style={
                    "padding-left:10px;font:600 16px/1.4 " (SANS) ";color:" (LIGHT.ink) ";overflow-wrap:anywhere"
                } {
                    (letterhead.brand)
                }
            }
        }
    }
}

fn paragraph(block: &Block, accent: Shades) -> Markup {
    let Theme {
        ground,
        line,
        ink,
        quiet,
        ..
    } = LIGHT;
    html! {
        @match block {
            Block::Text { before, strong, after } => {
                p style="margin:0 0 16px" {
                    (before)
                    @if !strong.is_empty() { b { (strong) } }
                    (after)
                }
            }
            Block::Code(code) => {
                // One tap or double click selects all of it. The padding balances the last letter's spacing.
                p.code.ink style={
                    "margin:0 0 16px;background:" (ground) ";border-radius:10px;padding:14px 0 14px 6px;"
                    "text-align:center;font:600 34px/1.2 " (MONO) ";letter-spacing:6px;color:" (ink)
                    ";-webkit-user-select:all;user-select:all"
                } { (code) }
            }
            Block::Button { label, url } => {
                p style="margin:4px 0 20px" {
                    a.button href=(url) style={
                        "display:inline-block;padding:12px 20px;border:1px solid " (accent.edge.unwrap_or(accent.fill))
                        ";border-radius:10px;background:" (accent.fill) ";color:" (accent.ink)
                        ";font-weight:600;text-decoration:none"
                    } { (label) }
                }
            }
            Block::Quiet(text) => {
                p.quiet style={ "margin:0 0 20px;color:" (quiet) ";font-size:15px" } { (text) }
            }
            Block::Aside { text, label, url } => {
                p.quiet.line style={
                    "margin:0 0 16px;padding-top:16px;border-top:1px solid " (line) ";color:" (quiet) ";font-size:14px"
                } {
                    (text) " "
                    a.link href=(url) style={ "color:" (accent.accent) } { (label) }
                    "."
                }
            }
        }
    }
}

/// Overrides the inline colours in a dark mail program. All values are ours: nothing needs escaping.
fn dark_colours(accent: Shades) -> String {
    let Theme {
        ground,
        surface,
        line,
        ink,
        quiet,
    } = DARK;
    let Shades {
        accent: link,
        fill,
        ink: on_fill,
        edge,
        ..
    } = accent;
    let edge = edge.unwrap_or(fill);
    format!(
        ":root{{color-scheme:light dark;supported-color-schemes:light dark}}\
         @media (prefers-color-scheme:dark){{\
         .ground,.code{{background:{ground}!important}}\
         .card{{background:{surface}!important;border-color:{line}!important}}\
         .line{{border-color:{line}!important}}\
         .ink{{color:{ink}!important}}\
         .quiet{{color:{quiet}!important}}\
         .link{{color:{link}!important}}\
         .mark{{border-color:{link}!important}}\
         .button{{background:{fill}!important;border-color:{edge}!important;color:{on_fill}!important}}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_are_those_of_the_style_sheet() {
        let css = include_str!("../../../static/app.css");
        for (token, light, dark) in [
            ("--ground", LIGHT.ground, DARK.ground),
            ("--surface", LIGHT.surface, DARK.surface),
            ("--line", LIGHT.line, DARK.line),
            ("--ink", LIGHT.ink, DARK.ink),
            ("--quiet", LIGHT.quiet, DARK.quiet),
        ] {
            let line = format!("{token}: light-dark({light}, {dark});");
            assert!(css.contains(&line), "no {line}");
        }
    }
}
