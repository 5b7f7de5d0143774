//! The style sheet that follows `app.css` when `BRAND_ACCENT` is set.

use crate::domain::{Accent, Colour};

/// Sets the accent's tokens, which `app.css` defines, and nothing else.
pub fn style_sheet(given: Colour) -> String {
    let Accent { light, dark } = Accent::of(given);
    let edge =
        |edge: Option<Colour>| edge.map_or("transparent".to_owned(), |colour| colour.to_string());
    format!(
        ":root {{\n  --accent: light-dark({}, {});\n  --accent-fill: {};\n  --accent-ink: {};\n  \
         --accent-hover: {};\n  --accent-edge: light-dark({}, {});\n}}\n",
        light.accent,
        dark.accent,
        light.fill,
        light.ink,
        light.hover,
        edge(light.edge),
        edge(dark.edge),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
