//! Cumulative dose-volume histograms with their 95 % bands by the noise of the map.

use super::axes::{Axes, Range};
use super::canvas::{Anchor, Canvas, Rgb, text_width};
use super::svg::Svg;
use crate::error::{Error, Result};

const INK: Rgb = [40, 40, 40];
const SIZE: (u32, u32) = (900, 600);
/// The Okabe-Ito palette (without yellow, which white swallows), told apart by colour-blind readers.
pub(super) const COLOURS: [Rgb; 7] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [230, 159, 0],
    [0, 0, 0],
];
/// Dashes of every further round of the palette, px.
const DASHES: [Option<(f64, f64)>; 3] = [None, Some((9.0, 4.0)), Some((3.0, 3.0))];
/// Dashes of lines that each have their own, px, as SVG has them; told apart without colours.
const OWN_DASHES: [&str; 7] = ["", "9 4", "3 3", "12 3 3 3", "16 5", "6 2", "12 3 3 3 3 3"];

/// A histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct DvhLine {
    /// Its name in the legend.
    pub name: String,
    /// (value, share in %) in order of the values.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper limit (%) at each point; empty where there is no band.
    pub band: Vec<(f64, f64)>,
}

/// Several histograms.
#[derive(Debug, Clone)]
pub struct DvhPlot<'a> {
    /// Line above the plot.
    pub title: &'a str,
    /// A second line, smaller.
    pub subtitle: &'a str,
    /// Quantity and unit of the abscissa.
    pub x_label: &'a str,
    /// Quantity and unit of the ordinate, such as `volume / %`.
    pub y_label: &'a str,
    /// The histograms.
    pub lines: &'a [DvhLine],
    /// As SVG, each line has dashes of its own beside its colour: for lines of one thing that lie close.
    pub dashed: bool,
}

/// Part of the volume (%) whose doses need not be seen: a few voxels of noise would leave no room for the others.
const UNSEEN: f64 = 0.1;

impl DvhPlot<'_> {
    /// Doses of the axis: to where less than [`UNSEEN`] of the volume is left in every histogram.
    fn doses(&self) -> Range {
        let low = self.lines.iter().flat_map(|l| &l.points).map(|p| p.0).fold(0.0, f64::min);
        let top = |l: &DvhLine| {
            let end = l.points.iter().find(|p| p.1 < UNSEEN).or(l.points.last());
            end.map_or(low, |p| p.0)
        };
        let high = self.lines.iter().map(top).fold(low, f64::max);
        Range { low, high: high.max(low + f64::MIN_POSITIVE) * 1.02, log: false }
    }

    /// What of the histograms lies on the axis.
    fn within(&self, high: f64) -> Vec<DvhLine> {
        let cut = |line: &DvhLine| {
            let mut line = line.clone();
            let n = line.points.iter().take_while(|p| p.0 <= high).count();
            line.points.truncate(n);
            line.band.truncate(n);
            line
        };
        self.lines.iter().map(cut).collect()
    }

    /// Draws the plot.
    ///
    /// # Errors
    /// If there is no histogram of two points, a band does not match, or a value is not finite.
    pub fn draw(&self) -> Result<Canvas> {
        self.check()?;
        let mut canvas = Canvas::new(SIZE.0, SIZE.1, [255; 3])?;
        canvas.text(92.0, 18.0, 17.0, INK, Anchor::Start, self.title);
        canvas.text(92.0, 38.0, 13.0, INK, Anchor::Start, self.subtitle);
        let x = self.doses();
        let y = Range { low: 0.0, high: 105.0, log: false };
        let (left, width) = (92.0, f64::from(SIZE.0) - 92.0 - 24.0);
        let axes = Axes { left, top: 54.0, width, height: f64::from(SIZE.1) - 54.0 - 62.0, x, y };
        axes.draw(&mut canvas, self.x_label, self.y_label, 6);
        let lines = self.within(axes.x.high);
        for (n, line) in lines.iter().enumerate() {
            band(&mut canvas, &axes, line, COLOURS[n % COLOURS.len()]);
        }
        for (n, line) in lines.iter().enumerate() {
            let pixels: Vec<(f64, f64)> =
                line.points.iter().map(|p| axes.pixel_kept(p.0, p.1)).collect();
            canvas.polyline(&pixels, 2.0, COLOURS[n % COLOURS.len()], dash(n));
        }
        self.legend(&mut canvas, &axes);
        Ok(canvas)
    }

    /// The plot as SVG; what it shows is also said in words.
    ///
    /// # Errors
    /// As [`DvhPlot::draw`].
    pub fn svg(&self) -> Result<String> {
        self.check()?;
        let (w, h) = (f64::from(SIZE.0), f64::from(SIZE.1) - 20.0);
        let names: Vec<&str> = self.lines.iter().map(|l| l.name.as_str()).collect();
        let mut svg =
            Svg::new(w, h, self.title, &format!("{}: {}", self.subtitle, names.join(", ")));
        let x = self.doses();
        let y = Range { low: 0.0, high: 105.0, log: false };
        let (left, width) = (92.0, w - 92.0 - 190.0);
        let axes = Axes { left, top: 20.0, width, height: h - 20.0 - 62.0, x, y };
        svg.axes(&axes, self.x_label, self.y_label, 6);
        let lines = self.within(axes.x.high);
        for (n, line) in lines.iter().enumerate().filter(|(_, l)| !l.band.is_empty()) {
            let at = |p: &(f64, f64), y: f64| axes.pixel_kept(p.0, y);
            let pairs = || line.points.iter().zip(&line.band);
            let mut area: Vec<_> = pairs().map(|(p, b)| at(p, b.1)).collect();
            area.extend(pairs().rev().map(|(p, b)| at(p, b.0)));
            svg.area(&area, COLOURS[n % COLOURS.len()], 0.2);
        }
        for (n, line) in lines.iter().enumerate() {
            let pixels: Vec<_> = line.points.iter().map(|p| axes.pixel_kept(p.0, p.1)).collect();
            let dash = match self.dashed {
                true => OWN_DASHES[n % OWN_DASHES.len()].to_owned(),
                false => dash(n).map_or(String::new(), |(on, off)| format!("{on} {off}")),
            };
            svg.line(&pixels, 2.0, COLOURS[n % COLOURS.len()], &dash);
            let (lx, ly) = (axes.left + axes.width + 14.0, axes.top + 14.0 + 20.0 * n as f64);
            svg.line(&[(lx, ly), (lx + 34.0, ly)], 2.0, COLOURS[n % COLOURS.len()], &dash);
            svg.text(lx + 40.0, ly, 12.5, Anchor::Start, &line.name);
        }
        Ok(svg.finish())
    }

    fn legend(&self, canvas: &mut Canvas, axes: &Axes) {
        const ROWS: usize = 20;
        let shown = self.lines.len().min(ROWS);
        let more = self.lines.len() - shown;
        let mut names: Vec<String> = self.lines[..shown].iter().map(|l| l.name.clone()).collect();
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        let width = names.iter().map(|n| text_width(n, 13.0)).fold(0.0, f64::max) + 52.0;
        let (x, y) = (axes.left + axes.width - width - 8.0, axes.top + 8.0);
        canvas.fill_rect(x, y, width, 20.0 * names.len() as f64 + 8.0, [255; 3], 0.8);
        for (n, name) in names.iter().enumerate() {
            let row = y + 14.0 + 20.0 * n as f64;
            if n < shown {
                let ends = [(x + 6.0, row), (x + 38.0, row)];
                canvas.polyline(&ends, 2.0, COLOURS[n % COLOURS.len()], dash(n));
            }
            canvas.text(x + 44.0, row, 13.0, INK, Anchor::Start, name);
        }
    }

    fn check(&self) -> Result<()> {
        let bad = |why: &str| {
            let problem = format!("plot '{}'", self.title);
            Err(Error::run(problem, why, "Check the data that are plotted."))
        };
        if self.lines.is_empty() || self.lines.iter().any(|l| l.points.len() < 2) {
            return bad("histograms of two points or more are needed");
        }
        for line in self.lines {
            if !line.band.is_empty() && line.band.len() != line.points.len() {
                return bad("a band has a limit for each point");
            }
            let all = line.points.iter().chain(&line.band).flat_map(|p| [p.0, p.1]);
            if all.into_iter().any(|v| !v.is_finite()) {
                return bad("all values must be finite");
            }
        }
        Ok(())
    }
}

fn dash(n: usize) -> Option<(f64, f64)> {
    DASHES[n / COLOURS.len() % DASHES.len()]
}

/// The band, a column per step.
fn band(canvas: &mut Canvas, axes: &Axes, line: &DvhLine, colour: Rgb) {
    for (points, limits) in line.points.windows(2).zip(line.band.windows(2)) {
        let (x0, top) = axes.pixel_kept(points[0].0, limits[0].1.max(limits[1].1));
        let (x1, bottom) = axes.pixel_kept(points[1].0, limits[0].0.min(limits[1].0));
        canvas.fill_rect(x0, top, x1 - x0, bottom - top, colour, 0.22);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, top: f64) -> DvhLine {
        let points: Vec<(f64, f64)> =
            (0..=200).map(|i| (top * f64::from(i) / 200.0, 100.0 - 0.5 * f64::from(i))).collect();
        let band = points.iter().map(|p| (p.1 - 8.0, p.1 + 8.0)).collect();
        DvhLine { name: name.into(), points, band }
    }

    /// One voxel of a thousand at 400 Gy leaves the axis to the others.
    #[test]
    fn a_few_hot_voxels_do_not_set_the_axis() {
        let points = vec![(0.0, 100.0), (1.0, 60.0), (2.0, 0.05), (400.0, 0.05), (400.1, 0.0)];
        let lines = [DvhLine { name: "lungs".into(), points, band: Vec::new() }];
        let plot = DvhPlot {
            title: "t",
            subtitle: "s",
            x_label: "dose / Gy",
            y_label: "volume / %",
            lines: &lines,
            dashed: false,
        };
        assert!((plot.doses().high / 2.04 - 1.0).abs() < 1e-9);
        assert_eq!(plot.within(plot.doses().high)[0].points.len(), 3);
        assert!(plot.svg().is_ok());
    }

    #[test]
    fn lines_and_bands_leave_their_ink() {
        let lines = [line("liver", 20.0), line("tumour", 60.0)];
        let plot = |lines: &[DvhLine]| {
            DvhPlot {
                title: "t",
                subtitle: "s",
                x_label: "dose / Gy",
                y_label: "volume / %",
                lines,
                dashed: false,
            }
            .draw()
        };
        let canvas = plot(&lines).expect("valid");
        let count = |colour: Rgb| {
            let all = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
            all.filter(|(x, y)| canvas.pixel(*x, *y) == Some(colour)).count()
        };
        assert!(count(COLOURS[0]) > 200 && count(COLOURS[1]) > 400);
        // 22 % of blue over white.
        let shade = [0, 1, 2].map(|c| 255 - ((255 - u16::from(COLOURS[1][c])) * 22 + 50) / 100);
        let near = |p: Rgb| (0..3).all(|c| (i32::from(p[c]) - i32::from(shade[c])).abs() <= 2);
        let all = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
        let shaded = all.filter(|(x, y)| canvas.pixel(*x, *y).is_some_and(near)).count();
        assert!(shaded > 10_000, "{shaded}");
        let mut bad = lines.clone();
        bad[0].band.pop();
        assert!(plot(&bad).is_err() && plot(&[]).is_err());
        bad[0].band.clear();
        bad[1].points[3].1 = f64::NAN;
        assert!(plot(&bad).is_err());
    }
}
