//! A comparison plot: values and reference with both uncertainties, residuals in a panel below.

use super::axes::{Axes, Range};
use super::canvas::{Anchor, Canvas, Rgb, text_width};
use crate::error::{Error, Result};

const INK: Rgb = [40, 40, 40];
// Blue and orange of the Okabe-Ito palette, told apart by colour-blind readers.
const VALUE: Rgb = [0, 114, 178];
const REFERENCE: Rgb = [213, 94, 0];
const BAND: Rgb = [0, 158, 115];
const SIZE: (u32, u32) = (900, 640);

/// One point with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlotPoint {
    /// Abscissa.
    pub x: f64,
    /// Ordinate.
    pub y: f64,
    /// Standard error of `y` (0 if none).
    pub standard_error: f64,
}

/// What the lower panel shows, in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residual {
    /// Difference over the reference at the same point; points with reference 0 are left out.
    OfReference,
    /// Difference over the largest reference value.
    OfMaximum,
}

/// Values against a reference at the same abscissas.
#[derive(Debug, Clone)]
pub struct ComparisonPlot<'a> {
    /// Line above the plot.
    pub title: &'a str,
    /// Quantity and unit of x, such as `r / R_CSDA`.
    pub x_label: &'a str,
    /// Quantity and unit of y.
    pub y_label: &'a str,
    /// Legend of the values, such as `voxgray`.
    pub value_name: &'a str,
    /// Legend of the reference, such as `EGSnrc`.
    pub reference_name: &'a str,
    /// Our values.
    pub values: &'a [PlotPoint],
    /// The reference; same x, same order.
    pub reference: &'a [PlotPoint],
    /// Kind of residual.
    pub residual: Residual,
    /// Bar of acceptance (per cent), drawn as a band in the residual panel: `(from x, to x, half width)`.
    pub bars: &'a [(f64, f64, f64)],
    /// Logarithmic ordinate (values that are not positive are left out).
    pub log_y: bool,
}

impl ComparisonPlot<'_> {
    /// Residuals in per cent with their combined standard error, as the lower panel shows them.
    pub fn residuals(&self) -> Vec<PlotPoint> {
        let largest = self.reference.iter().map(|r| r.y.abs()).fold(0.0, f64::max);
        let pairs = self.values.iter().zip(self.reference);
        pairs
            .filter_map(|(v, r)| {
                let of = match self.residual {
                    Residual::OfReference => r.y.abs(),
                    Residual::OfMaximum => largest,
                };
                let percent = 100.0 / of;
                let standard_error = percent * v.standard_error.hypot(r.standard_error);
                (of > 0.0).then_some(PlotPoint { x: r.x, y: percent * (v.y - r.y), standard_error })
            })
            .collect()
    }

    /// Draws the plot.
    ///
    /// # Errors
    /// If there are no points, the series do not match, or a value is not finite.
    pub fn draw(&self) -> Result<Canvas> {
        self.check()?;
        let mut canvas = Canvas::new(SIZE.0, SIZE.1, [255; 3])?;
        canvas.text(92.0, 22.0, 17.0, INK, Anchor::Start, self.title);
        let x = self.x_range();
        let (left, width) = (92.0, f64::from(SIZE.0) - 92.0 - 24.0);
        let upper = Axes { left, top: 44.0, width, height: 346.0, x, y: self.y_range() };
        upper.draw(&mut canvas, "", self.y_label, 6);
        let shown = |p: &&PlotPoint| !self.log_y || p.y > 0.0;
        let line: Vec<(f64, f64)> =
            self.reference.iter().filter(shown).map(|p| upper.pixel_kept(p.x, p.y)).collect();
        canvas.polyline(&line, 1.6, REFERENCE, None);
        for point in self.reference.iter().filter(shown) {
            error_bar(&mut canvas, &upper, point, REFERENCE, 5.0);
        }
        for point in self.values.iter().filter(shown) {
            error_bar(&mut canvas, &upper, point, VALUE, 3.0);
            let (px, py) = upper.pixel_kept(point.x, point.y);
            canvas.fill_circle(px, py, 3.4, VALUE);
        }
        self.legend(&mut canvas, &upper);
        self.draw_residuals(&mut canvas, &upper);
        Ok(canvas)
    }

    fn draw_residuals(&self, canvas: &mut Canvas, upper: &Axes) {
        let residuals = self.residuals();
        let reach = residuals.iter().map(|p| p.y.abs() + p.standard_error).fold(0.0, f64::max);
        let bar = self.bars.iter().map(|b| b.2).fold(0.0, f64::max);
        // A far outlier must not flatten the rest: at most four times the bar is shown.
        let reach = if bar > 0.0 { reach.clamp(1.3 * bar, 4.0 * bar) } else { reach.max(1e-9) };
        let y = Range { low: -1.1 * reach, high: 1.1 * reach, log: false };
        let lower = Axes { top: 408.0, height: 160.0, y, ..*upper };
        let of = match self.residual {
            Residual::OfReference => "difference / %",
            Residual::OfMaximum => "diff. / % of max.",
        };
        lower.draw(canvas, self.x_label, of, 5);
        for &(from, to, half) in self.bars {
            let (from, to) = (from.max(lower.x.low), to.min(lower.x.high));
            let (x0, y0) = lower.pixel_kept(from, half);
            let (x1, y1) = lower.pixel_kept(to, -half);
            canvas.fill_rect(x0, y0, x1 - x0, y1 - y0, BAND, 0.13);
            for y in [y0, y1] {
                canvas.polyline(&[(x0, y), (x1, y)], 1.2, BAND, Some((6.0, 4.0)));
            }
        }
        let zero = lower.pixel(lower.x.low, 0.0).1;
        canvas.line((lower.left, zero), (lower.left + lower.width, zero), 1.2, REFERENCE);
        for point in &residuals {
            error_bar(canvas, &lower, point, VALUE, 3.0);
            let (px, py) = lower.pixel_kept(point.x, point.y);
            canvas.fill_circle(px, py, 3.2, VALUE);
        }
    }

    fn legend(&self, canvas: &mut Canvas, axes: &Axes) {
        let size = 14.0;
        let bar = if self.bars.is_empty() { "" } else { "bar of acceptance" };
        let names = [self.value_name, self.reference_name, bar];
        let width = names.iter().map(|n| text_width(n, size)).fold(0.0, f64::max) + 58.0;
        let rows = if bar.is_empty() { 2.0 } else { 3.0 };
        let height = 24.0 * rows + 8.0;
        let (x, y) = self.free_corner(axes, width, height);
        canvas.fill_rect(x, y, width, height, [255; 3], 0.88);
        let row = |i: usize| y + 16.0 + 24.0 * i as f64;
        canvas.line((x + 24.0, row(0) - 7.0), (x + 24.0, row(0) + 7.0), 1.3, VALUE);
        canvas.fill_circle(x + 24.0, row(0), 3.6, VALUE);
        canvas.line((x + 8.0, row(1)), (x + 40.0, row(1)), 1.8, REFERENCE);
        canvas.line((x + 24.0, row(1) - 7.0), (x + 24.0, row(1) + 7.0), 1.3, REFERENCE);
        if !bar.is_empty() {
            canvas.fill_rect(x + 8.0, row(2) - 6.0, 32.0, 12.0, BAND, 0.25);
        }
        for (i, name) in names.iter().enumerate() {
            canvas.text(x + 48.0, row(i), size, INK, Anchor::Start, name);
        }
    }

    /// The corner of the frame (upper left point of a box of that size) that hides the fewest points.
    fn free_corner(&self, axes: &Axes, width: f64, height: f64) -> (f64, f64) {
        let (near, far) = (axes.left + 12.0, axes.left + axes.width - width - 12.0);
        let (top, bottom) = (axes.top + 12.0, axes.top + axes.height - height - 12.0);
        let corners = [(far, top), (near, top), (near, bottom), (far, bottom)];
        let hidden = |(x, y): &(f64, f64)| {
            let points =
                self.values.iter().chain(self.reference).map(|p| axes.pixel_kept(p.x, p.y));
            let inside = points.filter(|(px, py)| {
                (x - 24.0..x + width + 24.0).contains(px)
                    && (y - 14.0..y + height + 14.0).contains(py)
            });
            inside.count()
        };
        corners.into_iter().min_by_key(hidden).unwrap_or((far, top))
    }

    fn check(&self) -> Result<()> {
        let bad = |problem: String, why: &str| {
            Err(Error::run(
                format!("plot '{}': {problem}", self.title),
                why,
                "Check the data that are plotted.",
            ))
        };
        let (n, m) = (self.values.len(), self.reference.len());
        if n == 0 || n != m {
            return bad(
                format!("{n} values and {m} reference points"),
                "both are needed, in pairs",
            );
        }
        let all = self.values.iter().chain(self.reference);
        if let Some(p) =
            all.clone().find(|p| ![p.x, p.y, p.standard_error].iter().all(|v| v.is_finite()))
        {
            return bad(format!("point {p:?}"), "points must be finite");
        }
        if let Some((v, r)) = self.values.iter().zip(self.reference).find(|(v, r)| v.x != r.x) {
            return bad(format!("x = {} against x = {}", v.x, r.x), "abscissas must be the same");
        }
        if self.log_y && all.clone().all(|p| p.y <= 0.0) {
            return bad("no positive value".into(), "a logarithmic axis needs one");
        }
        Ok(())
    }

    fn x_range(&self) -> Range {
        let low = self.reference.iter().map(|p| p.x).fold(f64::INFINITY, f64::min);
        let high = self.reference.iter().map(|p| p.x).fold(f64::NEG_INFINITY, f64::max);
        let pad = if high > low { 0.03 * (high - low) } else { 0.5 };
        Range { low: low - pad, high: high + pad, log: false }
    }

    fn y_range(&self) -> Range {
        let all = self.values.iter().chain(self.reference);
        if self.log_y {
            let positive = all.filter(|p| p.y > 0.0).map(|p| p.y);
            let low = positive.clone().fold(f64::INFINITY, f64::min);
            let high = positive.fold(0.0, f64::max);
            return Range { low: low / 1.5, high: high * 1.5, log: true };
        }
        let low = all.clone().map(|p| p.y - p.standard_error).fold(0.0, f64::min);
        let high = all.map(|p| p.y + p.standard_error).fold(f64::NEG_INFINITY, f64::max);
        let pad = if high > low { 0.06 * (high - low) } else { 1.0 };
        Range { low: if low < 0.0 { low - pad } else { 0.0 }, high: high + pad, log: false }
    }
}

/// One standard error up and down, with caps, kept inside the frame.
fn error_bar(canvas: &mut Canvas, axes: &Axes, point: &PlotPoint, colour: Rgb, cap: f64) {
    if point.standard_error <= 0.0 {
        return;
    }
    let (x, top) = axes.pixel_kept(point.x, point.y + point.standard_error);
    let (_, bottom) = axes.pixel_kept(point.x, point.y - point.standard_error);
    canvas.line((x, top), (x, bottom), 1.2, colour);
    for y in [top, bottom] {
        canvas.line((x - cap, y), (x + cap, y), 1.2, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(factor: f64, standard_error: f64) -> Vec<PlotPoint> {
        let x = (0..20).map(|i| 0.025 + 0.05 * f64::from(i));
        x.map(|x| PlotPoint { x, y: factor * x * (1.2 - x), standard_error }).collect()
    }

    fn plot<'a>(values: &'a [PlotPoint], reference: &'a [PlotPoint]) -> ComparisonPlot<'a> {
        ComparisonPlot {
            title: "test",
            x_label: "r / R_CSDA",
            y_label: "E / MeV",
            value_name: "voxgray",
            reference_name: "EGSnrc",
            values,
            reference,
            residual: Residual::OfMaximum,
            bars: &[(0.0, 0.85, 1.0), (0.85, 1.2, 2.0)],
            log_y: false,
        }
    }

    #[test]
    fn residuals_are_in_percent_with_both_uncertainties() {
        let (values, reference) = (points(1.02, 0.003), points(1.0, 0.004));
        let largest = reference.iter().map(|p| p.y).fold(0.0, f64::max);
        let mut plot = plot(&values, &reference);
        let of_maximum = plot.residuals();
        for (r, p) in of_maximum.iter().zip(&reference) {
            assert!((r.y - 2.0 * p.y / largest).abs() < 1e-9);
            assert!((r.standard_error - 0.5 / largest).abs() < 1e-9);
        }
        plot.residual = Residual::OfReference;
        assert!(plot.residuals().iter().all(|r| (r.y - 2.0).abs() < 1e-9));
    }

    #[test]
    fn it_draws_both_series_linear_and_logarithmic() {
        let (values, reference) = (points(1.02, 0.003), points(1.0, 0.004));
        for log_y in [false, true] {
            let mut plot = plot(&values, &reference);
            plot.log_y = log_y;
            let canvas = plot.draw().expect("valid");
            let count = |colour: Rgb| {
                let all = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
                all.filter(|(x, y)| canvas.pixel(*x, *y) == Some(colour)).count()
            };
            // 20 points of 3.4 px radius: at least 20 px each fully covered.
            assert!(count(VALUE) > 400, "{}", count(VALUE));
            assert!(count(REFERENCE) > 200);
        }
    }

    #[test]
    fn unusable_data_are_refused() {
        let (mut values, reference) = (points(1.0, 0.0), points(1.0, 0.0));
        assert!(plot(&values[1..], &reference).draw().is_err());
        assert!(plot(&[], &[]).draw().is_err());
        values[3].y = f64::NAN;
        assert!(plot(&values, &reference).draw().is_err());
        values[3].y = 1.0;
        values[3].x = 9.0;
        assert!(plot(&values, &reference).draw().is_err());
    }
}
