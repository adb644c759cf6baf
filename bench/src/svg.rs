//! Bars, readable on light and on dark ground.

use std::fmt::Write;

const WIDTH: u32 = 860;
const LABELS: u32 = 350;
const VALUES: u32 = 90;
const BAR: u32 = 14;
const GAP: u32 = 8;
const TITLE: u32 = 40;

/// A plot: titled groups of bars with one scale.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    /// What the parts of a bar are.
    pub(crate) parts: Vec<String>,
    pub(crate) bars: Vec<Bar>,
}

/// A bar of several parts, in milliseconds.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) parts: Vec<f64>,
}

/// Plots beneath one another.
pub(crate) fn render(plots: &[Plot]) -> String {
    let total: u32 = plots.iter().map(height).sum();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {total}\" width=\"{WIDTH}\" height=\"{total}\" \
         role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <style>text{{fill:#7d8590}}.t{{font-weight:600}}.p0{{fill:#3b82c4}}.p1{{fill:#d9822b}}.p2{{fill:#5a9e6f}}\
         @media (prefers-color-scheme:dark){{text{{fill:#9da7b3}}.p0{{fill:#58a6ff}}.p1{{fill:#e3a04f}}.p2{{fill:#6fc18a}}}}\
         </style>\n"
    );
    let mut top = 0;
    for plot in plots {
        plot.draw(&mut svg, top);
        top += height(plot);
    }
    svg.push_str("</svg>\n");
    svg
}

fn height(plot: &Plot) -> u32 {
    let bars = u32::try_from(plot.bars.len()).unwrap_or(0);
    TITLE + bars * (BAR + GAP) + 2 * GAP
}

impl Plot {
    fn draw(&self, svg: &mut String, top: u32) {
        let longest = self
            .bars
            .iter()
            .map(Bar::total)
            .fold(f64::MIN_POSITIVE, f64::max);
        let scale = f64::from(WIDTH - LABELS - VALUES) / longest;
        let baseline = top + 20;
        let _ = writeln!(
            svg,
            "<text class=\"t\" x=\"8\" y=\"{baseline}\">{}</text>",
            escape(&self.title)
        );
        let mut x = f64::from(LABELS);
        for (number, part) in self.parts.iter().enumerate() {
            let _ = writeln!(
                svg,
                "<rect class=\"p{number}\" x=\"{x:.0}\" y=\"{}\" width=\"10\" height=\"10\"/>\
                 <text x=\"{:.0}\" y=\"{}\">{}</text>",
                top + 26,
                x + 14.0,
                top + 35,
                escape(part)
            );
            x += 34.0 + 7.0 * part.chars().count() as f64;
        }
        for (number, bar) in self.bars.iter().enumerate() {
            let y = top + TITLE + GAP / 2 + u32::try_from(number).unwrap_or(0) * (BAR + GAP);
            bar.draw(svg, y, scale);
        }
    }
}

impl Bar {
    fn total(&self) -> f64 {
        self.parts.iter().sum()
    }

    fn draw(&self, svg: &mut String, y: u32, scale: f64) {
        let baseline = y + BAR - 3;
        let label = escape(&self.label);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{baseline}\" text-anchor=\"end\">{label}</text>",
            LABELS - 8
        );
        let mut x = f64::from(LABELS);
        for (number, part) in self.parts.iter().enumerate() {
            let width = part * scale;
            let _ = writeln!(
                svg,
                "<rect class=\"p{number}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\"/>"
            );
            x += width;
        }
        let value = self.total();
        let digits = if value < 100.0 { 1 } else { 0 };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{baseline}\">{value:.digits$} ms</text>",
            x + 6.0
        );
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVG: &str = "http://www.w3.org/2000/svg";

    fn plot(bars: Vec<Bar>) -> Plot {
        Plot {
            title: "a < b & c".to_owned(),
            parts: vec!["init".to_owned(), "first".to_owned()],
            bars,
        }
    }

    #[test]
    fn a_plot_is_well_formed_whatever_is_in_it() {
        let bars = vec![
            Bar {
                label: "users GET /v1/users/<me>".to_owned(),
                parts: vec![3.0, 1.5],
            },
            Bar {
                label: "slow".to_owned(),
                parts: vec![300.0, 500.0],
            },
            Bar {
                label: String::new(),
                parts: vec![],
            },
        ];
        let svg = render(&[plot(bars), plot(Vec::new())]);
        let document = roxmltree::Document::parse(&svg).unwrap();
        assert!(document.root_element().has_tag_name((SVG, "svg")));
        assert!(
            svg.contains("a &lt; b &amp; c") && svg.contains("800 ms") && svg.contains("4.5 ms")
        );
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn the_longest_bar_fits() {
        let svg = render(&[plot(vec![Bar {
            label: "x".to_owned(),
            parts: vec![1.0, 1.0],
        }])]);
        let right = f64::from(WIDTH - VALUES);
        assert!(svg.contains(&format!("x=\"{:.1}\"", right + 6.0)), "{svg}");
    }
}
