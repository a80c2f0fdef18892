//! Line drawings as SVG: axes, lines, bands, points. Text is text, for who searches, enlarges or listens.

use std::fmt::Write as _;

use super::axes::{Axes, tick_text};
use super::canvas::{Anchor, Rgb};
use super::html::escaped;

const INK: Rgb = [40, 40, 40];
const GRID: Rgb = [222, 222, 222];
const TICK_SIZE: f64 = 13.0;
const LABEL_SIZE: f64 = 15.0;

/// A drawing.
#[derive(Debug, Clone)]
pub struct Svg {
    text: String,
}

impl Svg {
    /// An empty one; `title` and `words` say what it shows.
    pub fn new(width: f64, height: f64, title: &str, words: &str) -> Self {
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}. {}\" \
             font-family=\"DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif\">",
            escaped(title),
            escaped(words)
        );
        Svg { text }
    }

    /// The markup.
    pub fn finish(self) -> String {
        self.text + "</svg>"
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f64, f64)], width: f64, colour: Rgb, dash: &str) {
        let dash =
            if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = write!(
            self.text,
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{dash}/>",
            path(points),
            hex(colour)
        );
    }

    /// A filled area.
    pub fn area(&mut self, points: &[(f64, f64)], colour: Rgb, opacity: f64) {
        let _ = write!(
            self.text,
            "<path d=\"{}Z\" fill=\"{}\" fill-opacity=\"{opacity}\"/>",
            path(points),
            hex(colour)
        );
    }

    /// A filled circle.
    pub fn circle(&mut self, x: f64, y: f64, radius: f64, colour: Rgb) {
        let _ = write!(
            self.text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{}\"/>",
            hex(colour)
        );
    }

    /// Text with its middle at `y`.
    pub fn text(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, text: &str) {
        self.words(x, y, size, anchor, text, "");
    }

    fn words(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, text: &str, more: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = write!(
            self.text,
            "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{}\"{more}>{}</text>",
            y + 0.36 * size,
            hex(INK),
            escaped(text)
        );
    }

    /// Frame, grid lines, ticks and labels; an empty x label also leaves out the x tick texts.
    pub(super) fn axes(&mut self, axes: &Axes, x_label: &str, y_label: &str, y_ticks: usize) {
        let (left, top) = (axes.left, axes.top);
        let (right, bottom) = (left + axes.width, top + axes.height);
        for tick in axes.x.ticks(8) {
            let x = left + axes.width * axes.x.unit(tick);
            self.line(&[(x, top), (x, bottom)], 1.0, GRID, "");
            if !x_label.is_empty() {
                self.text(x, bottom + 14.0, TICK_SIZE, Anchor::Middle, &tick_text(tick));
            }
        }
        for tick in axes.y.ticks(y_ticks) {
            let y = top + axes.height * (1.0 - axes.y.unit(tick));
            self.line(&[(left, y), (right, y)], 1.0, GRID, "");
            self.text(left - 8.0, y, TICK_SIZE, Anchor::End, &tick_text(tick));
        }
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.line(&corners, 1.2, INK, "");
        let (cx, cy) = (left + 0.5 * axes.width, top + 0.5 * axes.height);
        if !x_label.is_empty() {
            self.text(cx, bottom + 36.0, LABEL_SIZE, Anchor::Middle, x_label);
        }
        let x = left - 64.0;
        let turned = format!(" transform=\"rotate(-90 {x:.1} {cy:.1})\"");
        self.words(x, cy, LABEL_SIZE, Anchor::Middle, y_label, &turned);
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (n, (x, y)) in points.iter().enumerate() {
        let _ = write!(text, "{}{x:.1} {y:.1}", if n == 0 { "M" } else { "L" });
    }
    text
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
