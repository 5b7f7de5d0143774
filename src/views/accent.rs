//! A team's own accent: the style sheet that comes after `app.css` when `BRAND_ACCENT` is set.

use crate::domain::Colour;

/// What text needs against its ground (WCAG 2.2, 1.4.3).
const FOR_TEXT: f64 = 4.5;
/// What a control needs against its ground (WCAG 2.2, 1.4.11).
const FOR_CONTROLS: f64 = 3.0;
/// How far a button's colour moves under the pointer, in hundredths.
const HOVER: u8 = 14;

/// What links lie on, in one theme: `--ground` and `--surface` of `app.css`.
type Grounds = [Colour; 2];

const LIGHT: Grounds = [Colour::of(0xf6, 0xf5, 0xf2), Colour::WHITE];
const DARK: Grounds = [Colour::of(0x13, 0x14, 0x16), Colour::of(0x1b, 0x1d, 0x20)];

/// What becomes of the accent in one theme.
#[derive(Debug, Clone, Copy)]
struct Shades {
    /// Links, the mark and the ring around what has the focus: readable on every ground.
    accent: Colour,
    /// Buttons: the colour as it was given.
    fill: Colour,
    /// What is written on them.
    ink: Colour,
    /// Buttons under the pointer.
    hover: Colour,
    /// Around them, where the colour alone would not stand out.
    edge: Option<Colour>,
}

impl Shades {
    fn of(given: Colour, grounds: Grounds, away_from_grounds: Colour) -> Self {
        let accent = until(given, away_from_grounds, |colour| {
            stands_out(colour, grounds, FOR_TEXT)
        });
        // One of the two always reaches 4.58.
        let ink = if given.contrast(Colour::WHITE) >= FOR_TEXT {
            Colour::WHITE
        } else {
            Colour::BLACK
        };
        let toward_ink = given.mixed(ink, HOVER);
        let hover = if toward_ink.contrast(ink) >= FOR_TEXT {
            toward_ink
        } else if ink == Colour::WHITE {
            given.mixed(Colour::BLACK, HOVER)
        } else {
            given.mixed(Colour::WHITE, HOVER)
        };
        Self {
            accent,
            fill: given,
            ink,
            hover,
            edge: (!stands_out(given, grounds, FOR_CONTROLS)).then_some(accent),
        }
    }
}

/// The style sheet. It sets the tokens that `app.css` begins with and nothing else.
pub fn style_sheet(given: Colour) -> String {
    let light = Shades::of(given, LIGHT, Colour::BLACK);
    let dark = Shades::of(given, DARK, Colour::WHITE);
    let edge = |shades: Shades| {
        shades
            .edge
            .map_or_else(|| "transparent".to_owned(), |colour| colour.to_string())
    };
    format!(
        ":root {{\n  --accent: light-dark({}, {});\n  --accent-fill: {};\n  --accent-ink: {};\n  \
         --accent-hover: {};\n  --accent-edge: light-dark({}, {});\n}}\n",
        light.accent,
        dark.accent,
        light.fill,
        light.ink,
        light.hover,
        edge(light),
        edge(dark),
    )
}

fn stands_out(colour: Colour, grounds: Grounds, enough: f64) -> bool {
    grounds
        .iter()
        .all(|&ground| colour.contrast(ground) >= enough)
}

/// The first step toward another colour that will do.
fn until(from: Colour, toward: Colour, will_do: impl Fn(Colour) -> bool) -> Colour {
    (0..=100)
        .map(|step| from.mixed(toward, step))
        .find(|&colour| will_do(colour))
        .unwrap_or(toward)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corners and the middle of all colours in every combination, and some brands' own.
    fn colours() -> Vec<Colour> {
        let steps = [0, 0x1f, 0x55, 0x76, 0x80, 0xaa, 0xd4, 0xff];
        let mut all: Vec<_> = [0x1f5eff, 0xffd400, 0xffff00, 0x777777, 0x595959, 0xe4002b]
            .map(|rgb: u32| {
                let [_, red, green, blue] = rgb.to_be_bytes();
                Colour::of(red, green, blue)
            })
            .into();
        for red in steps {
            for green in steps {
                all.extend(steps.map(|blue| Colour::of(red, green, blue)));
            }
        }
        all
    }

    #[test]
    fn whatever_the_colour_text_can_be_read_and_controls_can_be_seen() {
        for given in colours() {
            for (grounds, away) in [(LIGHT, Colour::BLACK), (DARK, Colour::WHITE)] {
                let shades = Shades::of(given, grounds, away);
                assert!(shades.ink.contrast(shades.fill) >= 4.5, "{shades:?}");
                assert!(shades.ink.contrast(shades.hover) >= 4.5, "{shades:?}");
                assert!(shades.hover != shades.fill, "{shades:?}");
                let edge = shades.edge.unwrap_or(shades.fill);
                for ground in grounds {
                    assert!(shades.accent.contrast(ground) >= 4.5, "{shades:?}");
                    assert!(edge.contrast(ground) >= 3.0, "{shades:?}");
                }
            }
        }
    }

    #[test]
    fn a_colour_that_will_do_stays_as_it_is() {
        let blue = Colour::of(0x1f, 0x5e, 0xff);
        let shades = Shades::of(blue, LIGHT, Colour::BLACK);
        assert_eq!((shades.accent, shades.fill), (blue, blue));
        assert_eq!((shades.ink, shades.edge), (Colour::WHITE, None));
        let yellow = Colour::of(0xff, 0xd4, 0x00);
        let shades = Shades::of(yellow, DARK, Colour::WHITE);
        assert_eq!((shades.accent, shades.fill), (yellow, yellow));
        assert_eq!((shades.ink, shades.edge), (Colour::BLACK, None));
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let css = include_str!("../../static/app.css");
        let tokens = ["--ground", "--surface"];
        for (token, (light, dark)) in tokens.into_iter().zip(LIGHT.into_iter().zip(DARK)) {
            let line = format!("{token}: light-dark({light}, {dark});");
            assert!(css.contains(&line), "no {line}");
        }
    }

    #[test]
    fn the_style_sheet_sets_tokens_that_the_built_in_one_has() {
        let css = include_str!("../../static/app.css");
        let own = style_sheet(Colour::BLACK);
        let set: Vec<_> = own
            .lines()
            .filter_map(|line| line.split_once(':'))
            .collect();
        assert_eq!(set.len(), 6, "{own}");
        for (token, _) in set {
            assert!(css.contains(&format!("{token}:")), "{token}");
        }
    }
}
