//! Axes of a plot: data to pixels, round tick values, frame and labels.

use super::canvas::{Anchor, Canvas, Rgb};

const INK: Rgb = [40, 40, 40];
const GRID: Rgb = [228, 228, 228];
const TICK_SIZE: f64 = 13.0;
const LABEL_SIZE: f64 = 15.0;

/// Range and scale of one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
    pub log: bool,
}

impl Range {
    /// Position of `value` between 0 (low) and 1 (high); outside values lie outside.
    pub(super) fn unit(&self, value: f64) -> f64 {
        if self.log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// Round tick values inside the range, about `count` of them.
    pub(super) fn ticks(&self, count: usize) -> Vec<f64> {
        if self.log && self.high / self.low > 8.0 {
            return self.log_ticks(count);
        }
        let raw = (self.high - self.low) / count.max(1) as f64;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power);
        let step = step.into_iter().find(|s| *s >= raw * 0.999).unwrap_or(10.0 * power);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }

    fn log_ticks(&self, count: usize) -> Vec<f64> {
        let (a, b) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let decades = (self.high / self.low).log10();
        let mantissas: &[f64] = if decades <= 1.3 {
            &[1.0, 2.0, 3.0, 5.0]
        } else if decades <= 2.5 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        let every = (decades / count.max(1) as f64).ceil().max(1.0) as i32;
        (a..=b)
            .filter(|p| p % every == 0)
            .flat_map(|p| mantissas.iter().map(move |m| m * 10f64.powi(p)))
            .filter(|v| (-1e-9..=1.0 + 1e-9).contains(&self.unit(*v)))
            .collect()
    }
}

/// A tick value in as few digits as needed.
pub(super) fn tick_text(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&magnitude) {
        let text = format!("{value:.2e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        return format!("{mantissa}e{exponent}").replace('-', "\u{2212}");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "\u{2212}")
}

/// A rectangle of the canvas with an x and a y axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axes {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Range,
    pub y: Range,
}

impl Axes {
    /// Pixel position of a data point.
    pub(super) fn pixel(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + self.width * self.x.unit(x), self.top + self.height * (1.0 - self.y.unit(y)))
    }

    /// As [`Axes::pixel`], y kept within a little of the frame so that far points do not cover other parts.
    pub(super) fn pixel_kept(&self, x: f64, y: f64) -> (f64, f64) {
        let (px, py) = self.pixel(x, y);
        (px, py.clamp(self.top, self.top + self.height))
    }

    /// Frame, grid lines, tick texts and labels; an empty x label also leaves out the x tick texts.
    pub(super) fn draw(&self, canvas: &mut Canvas, x_label: &str, y_label: &str, y_ticks: usize) {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        for tick in self.x.ticks(8) {
            let x = self.left + self.width * self.x.unit(tick);
            canvas.line((x, self.top), (x, bottom), 1.0, GRID);
            canvas.line((x, bottom), (x, bottom - 5.0), 1.0, INK);
            if !x_label.is_empty() {
                canvas.text(x, bottom + 13.0, TICK_SIZE, INK, Anchor::Middle, &tick_text(tick));
            }
        }
        for tick in self.y.ticks(y_ticks) {
            let y = self.top + self.height * (1.0 - self.y.unit(tick));
            canvas.line((self.left, y), (right, y), 1.0, GRID);
            canvas.line((self.left, y), (self.left + 5.0, y), 1.0, INK);
            canvas.text(self.left - 8.0, y, TICK_SIZE, INK, Anchor::End, &tick_text(tick));
        }
        let corners = [
            (self.left, self.top),
            (right, self.top),
            (right, bottom),
            (self.left, bottom),
            (self.left, self.top),
        ];
        canvas.polyline(&corners, 1.2, INK, None);
        let (cx, cy) = (self.left + 0.5 * self.width, self.top + 0.5 * self.height);
        canvas.text(cx, bottom + 36.0, LABEL_SIZE, INK, Anchor::Middle, x_label);
        canvas.text_up(self.left - 66.0, cy, LABEL_SIZE, INK, Anchor::Middle, y_label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let linear = Range { low: -0.37, high: 1.02, log: false };
        assert_eq!(linear.ticks(6), [-0.25, 0.0, 0.25, 0.5, 0.75, 1.0]);
        let log = Range { low: 0.02, high: 250.0, log: true };
        assert_eq!(log.ticks(6), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!((log.unit(0.02), log.unit(250.0)), (0.0, 1.0));
    }

    #[test]
    fn tick_texts_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (-2.0, "\u{2212}2"),
            (1e6, "1e6"),
            (2.5e-7, "2.5e\u{2212}7"),
        ] {
            assert_eq!(tick_text(value), text);
        }
    }
}
