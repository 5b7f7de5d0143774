use super::Colour;

/// Minimum contrast of text against its background (WCAG 2.2, 1.4.3).
const TEXT_CONTRAST: f64 = 4.5;
/// Minimum contrast of a control against its background (WCAG 2.2, 1.4.11).
const CONTROL_CONTRAST: f64 = 3.0;
/// How far a button's colour moves on hover, in percent.
const HOVER: u8 = 14;

/// The backgrounds of one theme: `--ground` and `--surface` of `app.css`.
type Grounds = [Colour; 2];

const LIGHT: Grounds = [Colour::of(0xf6, 0xf5, 0xf2), Colour::WHITE];
const DARK: Grounds = [Colour::of(0x13, 0x14, 0x16), Colour::of(0x1b, 0x1d, 0x20)];

/// The accent colour of pages and mails, adapted to the light and the dark theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    pub light: Shades,
    pub dark: Shades,
}

/// The accent in one theme. Every pair of colours meets WCAG AA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shades {
    /// Links, the mark and the focus ring: readable on both backgrounds.
    pub accent: Colour,
    /// The background of buttons.
    pub fill: Colour,
    /// The text of buttons.
    pub ink: Colour,
    /// The background of buttons on hover.
    pub hover: Colour,
    /// The border of buttons, where `fill` alone does not stand out from the background.
    pub edge: Option<Colour>,
}

impl Accent {
    /// Derives both themes from the colour in `BRAND_ACCENT`.
    pub fn of(given: Colour) -> Self {
        Self {
            light: Shades::of(given, LIGHT, Colour::BLACK),
            dark: Shades::of(given, DARK, Colour::WHITE),
        }
    }
}

impl Default for Accent {
    /// The built-in blue, as in `app.css`.
    fn default() -> Self {
        Self {
            light: Shades {
                accent: Colour::of(0x1f, 0x5e, 0xff),
                fill: Colour::of(0x1f, 0x5e, 0xff),
                ink: Colour::WHITE,
                hover: Colour::of(0x17, 0x4b, 0xd1),
                edge: None,
            },
            dark: Shades {
                accent: Colour::of(0x7a, 0xa2, 0xff),
                fill: Colour::of(0x7a, 0xa2, 0xff),
                ink: Colour::of(0x0c, 0x12, 0x22),
                hover: Colour::of(0x93, 0xb4, 0xff),
                edge: None,
            },
        }
    }
}

impl Shades {
    fn of(given: Colour, grounds: Grounds, away_from_grounds: Colour) -> Self {
        let accent = first_mix(given, away_from_grounds, |colour| {
            stands_out(colour, grounds, TEXT_CONTRAST)
        });
        // Every colour has a contrast of at least 4.58 with white or with black.
        let ink = if given.contrast(Colour::WHITE) >= TEXT_CONTRAST {
            Colour::WHITE
        } else {
            Colour::BLACK
        };
        let toward_ink = given.mixed(ink, HOVER);
        let hover = if toward_ink.contrast(ink) >= TEXT_CONTRAST {
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
            edge: (!stands_out(given, grounds, CONTROL_CONTRAST)).then_some(accent),
        }
    }
}

fn stands_out(colour: Colour, grounds: Grounds, enough: f64) -> bool {
    grounds
        .iter()
        .all(|&ground| colour.contrast(ground) >= enough)
}

/// The first of 101 mixes, from `from` to `toward`, that is acceptable.
fn first_mix(from: Colour, toward: Colour, is_acceptable: impl Fn(Colour) -> bool) -> Colour {
    (0..=100)
        .map(|step| from.mixed(toward, step))
        .find(|&colour| is_acceptable(colour))
        .unwrap_or(toward)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of eight steps of each channel, and the accents of some brands.
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
    fn every_accent_gives_readable_text_and_visible_controls() {
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
    fn an_accent_with_enough_contrast_is_left_as_it_is() {
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
    fn the_colours_are_those_of_the_style_sheet() {
        let css = include_str!("../../static/app.css");
        let Accent { light, dark } = Accent::default();
        for (token, light, dark) in [
            ("--ground", LIGHT[0], DARK[0]),
            ("--surface", LIGHT[1], DARK[1]),
            ("--accent", light.accent, dark.accent),
            ("--accent-ink", light.ink, dark.ink),
            ("--accent-hover", light.hover, dark.hover),
        ] {
            let line = format!("{token}: light-dark({light}, {dark});");
            assert!(css.contains(&line), "no {line}");
        }
        assert_eq!((light.accent, dark.accent), (light.fill, dark.fill));
        assert!(css.contains("--accent-fill: var(--accent);"));
    }
}
