//! What a run of the validation leaves behind: a table on the screen, and a report with plots.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use voxgray::report::{ComparisonPlot, PlotPoint, Residual};
use voxgray::{Error, Result};

use super::case::{Group, Kind};
use super::judge::{Compared, Judged};
use super::machine;
use super::run::CaseResult;
use super::study::Study;

/// Where the report goes; git ignores it.
pub fn report_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("validation").join("report")
}

/// Head of the table.
pub const HEAD: [&str; 8] =
    ["case", "worst cell", "difference", "bar", "z", "chi2/cells", "histories (per s)", "verdict"];

/// One row of the table.
pub type Row = [String; 8];

/// The row of a case.
pub fn row(result: &CaseResult) -> Row {
    let judged = &result.judged;
    let (place, difference, bar, z) = judged.worst().map_or_else(Default::default, |w| {
        let percent = |v: f64| format!("{:+.2} %", 100.0 * v / w.reference.0);
        let of_maximum = 100.0 * w.difference() / judged.maximum;
        let limit = w.bar.map_or(f64::NAN, |b| 100.0 * b / w.reference.0);
        (
            w.label.clone(),
            format!("{} ({of_maximum:+.2} % of max.)", percent(w.difference())),
            format!("{limit:.2} %"),
            format!("{:+.1}", w.z),
        )
    });
    let mut chi2 = format!("{:.1}/{}", judged.chi2.0, judged.chi2.1);
    if let Some((reduced, n)) = judged.voxels {
        let _ = write!(chi2, "; {n} voxels: {reduced:.3}");
    }
    let mut verdict = judged.verdict.name().to_string();
    if result.imbalance.abs() > super::judge::ENERGY_BAR {
        let _ = write!(verdict, " (energy {:+.1e})", result.imbalance);
    }
    let speed = format!("{:.1e} ({:.1e})", result.histories as f64, result.per_second);
    [result.name.clone(), place, difference, bar, z, chi2, speed, verdict]
}

/// A Markdown table.
pub fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Bars of the plot, per cent.
fn plot_bars(group: &Group, residual: Residual, x: [f64; 2]) -> Vec<(f64, f64, f64)> {
    let mut from = x[0];
    let mut bars = Vec::new();
    for zone in &group.zones {
        let of = if residual == Residual::OfMaximum { zone.of_maximum } else { zone.of_cell };
        let to = zone.to.unwrap_or(x[1]);
        // Zones that depend on the value cannot be drawn over the abscissa, but for the first.
        if let Some(of) = of.filter(|_| zone.above.is_none() || bars.is_empty()) {
            bars.push((from, to, of));
        }
        from = to;
        if zone.to.is_none() {
            break;
        }
    }
    bars
}

/// Draws a case; returns the file's name.
///
/// # Errors
/// If drawing or writing fails.
pub fn plot(group: &Group, result: &CaseResult, folder: &Path) -> Result<String> {
    let residual = match group.kind {
        Kind::Shells if group.zones.iter().any(|z| z.of_maximum.is_some()) => Residual::OfMaximum,
        Kind::Slabs => Residual::OfMaximum,
        _ => Residual::OfReference,
    };
    // The shells far beyond the range would squeeze the rest.
    let last = if residual == Residual::OfMaximum && group.kind == Kind::Shells {
        1.5
    } else {
        f64::INFINITY
    };
    let shown: Vec<&Compared> = result.judged.cells.iter().filter(|c| c.x <= last).collect();
    let points = |of: &dyn Fn(&Compared) -> (f64, f64)| -> Vec<PlotPoint> {
        let point = |c: &&Compared| PlotPoint { x: c.x, y: of(c).0, standard_error: of(c).1 };
        shown.iter().map(point).collect()
    };
    let (values, reference) = (points(&|c| c.value), points(&|c| c.reference));
    let edge = |f: fn(f64, f64) -> f64, start: f64| shown.iter().map(|c| c.x).fold(start, f);
    let range = [edge(f64::min, f64::INFINITY), edge(f64::max, f64::NEG_INFINITY)];
    let bars = plot_bars(group, residual, range);
    let canvas = ComparisonPlot {
        title: &result.name,
        x_label: result.problem.axes[0],
        y_label: result.problem.axes[1],
        value_name: "voxgray",
        reference_name: &group.reference,
        values: &values,
        reference: &reference,
        residual,
        bars: &bars,
        log_y: result.problem.log_y,
    }
    .draw()?;
    let file = format!("{}.png", result.name.replace('/', "-"));
    canvas.write_png(&folder.join(&file))?;
    Ok(file)
}

/// The cells of a case as CSV.
fn cells_csv(judged: &Judged) -> String {
    let mut text =
        String::from("cell,value,value_sigma,reference,reference_sigma,difference,z,bar,verdict\n");
    for c in &judged.cells {
        let bar = c.bar.map_or(String::new(), |b| format!("{b:.4e}"));
        let _ = writeln!(
            text,
            "{},{:.5e},{:.2e},{:.5e},{:.2e},{:+.3e},{:+.2},{bar},{}",
            c.label.replace(',', " "),
            c.value.0,
            c.value.1,
            c.reference.0,
            c.reference.1,
            c.difference(),
            c.z,
            c.verdict.name()
        );
    }
    text
}

/// The cells of a case as an HTML table.
fn cells_html(judged: &Judged) -> String {
    let mut text = String::from(
        "<table><tr><th>cell</th><th>voxgray</th><th>reference</th><th>difference</th><th>% of cell</th>\
         <th>% of max.</th><th>z</th><th>bar / % of cell</th><th>verdict</th></tr>\n",
    );
    for c in &judged.cells {
        let percent = |v: f64| 100.0 * v / c.reference.0;
        let bar = c.bar.map_or("shown only".into(), |b| format!("{:.2}", percent(b)));
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{:.5e} &plusmn; {:.2} %</td><td>{:.5e} &plusmn; {:.2} %</td><td>{:+.2e}</td>\
             <td>{:+.2}</td><td>{:+.3}</td><td>{:+.1}</td><td>{bar}</td><td>{}</td></tr>",
            c.label,
            c.value.0,
            100.0 * c.value.1 / c.value.0,
            c.reference.0,
            percent(c.reference.1),
            c.difference(),
            percent(c.difference()),
            100.0 * c.difference() / judged.maximum,
            c.z,
            c.verdict.name()
        );
    }
    text + "</table>\n"
}

/// One line on a further reference.
pub fn second(name: &str, judged: &Judged) -> String {
    judged.worst().map_or_else(String::new, |w| {
        format!(
            "against {name} (not judged): worst {} {:+.2} % of the cell, {:+.2} % of the maximum, z {:+.1}; chi2/cells {:.1}/{}",
            w.label,
            100.0 * w.difference() / w.reference.0,
            100.0 * w.difference() / judged.maximum,
            w.z,
            judged.chi2.0,
            judged.chi2.1
        )
    })
}

/// A row of an HTML table.
fn html_row(tag: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|c| format!("<{tag}>{c}</{tag}>")).collect();
    format!("<tr>{cells}</tr>\n")
}

/// The report while it grows.
pub struct Report {
    folder: PathBuf,
    body: String,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
    extra: String,
}

const STYLE: &str = "body{font:15px sans-serif;max-width:62em;margin:2em auto}table{border-collapse:collapse;font-size:13px}\
td,th{border:1px solid #ccc;padding:2px 8px;text-align:right}td:first-child{text-align:left}img{max-width:100%}";

impl Report {
    /// Starts a report in an emptied `folder`.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, &e))?;
        Ok(Report {
            folder,
            body: String::new(),
            rows: Vec::new(),
            notes: Vec::new(),
            extra: String::new(),
        })
    }

    /// Adds a case: plot, cells, second references.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn add(&mut self, group: &Group, result: &CaseResult) -> Result<()> {
        let image = plot(group, result, &self.folder)?;
        self.rows.push(row(result).to_vec());
        let name = &result.name;
        self.write(&format!("{}.csv", name.replace('/', "-")), &cells_csv(&result.judged))?;
        let _ = writeln!(
            self.body,
            "<h2 id=\"{name}\">{name}</h2><p>{}. Bar: {}. Precision: {}.</p><p>{:.2e} histories, {:.2e} per second ({}); energy \
             imbalance {:+.1e}; our standard error is {:.2} of the reference's (median).</p><img src=\"{image}\">",
            group.title,
            group.bar,
            group.precision,
            result.histories as f64,
            result.per_second,
            result.engine,
            result.imbalance,
            result.error_ratio
        );
        for (word, judged) in &result.others {
            let line = second(word, judged);
            let _ = writeln!(self.body, "<p>{line}</p>");
            self.notes.push(format!("{name} {line}"));
        }
        let _ = writeln!(
            self.body,
            "<details><summary>all cells</summary>{}</details>",
            cells_html(&result.judged)
        );
        Ok(())
    }

    /// Adds a study that is not a comparison cell by cell.
    ///
    /// # Errors
    /// If a plot cannot be drawn or written.
    pub fn add_study(&mut self, study: &Study) -> Result<()> {
        let title = format!("{}: {}", study.title, study.verdict.name());
        let _ = writeln!(self.extra, "\n### {title}\n\n{}", markdown(&study.head, &study.rows));
        let head: Vec<String> = study.head.iter().map(ToString::to_string).collect();
        let lines: String = study.rows.iter().map(|r| html_row("td", r)).collect();
        let _ =
            writeln!(self.body, "<h2>{title}</h2><table>{}{lines}</table>", html_row("th", &head));
        for plot in &study.plots {
            let canvas = ComparisonPlot {
                title: &plot.title,
                x_label: &plot.axes[0],
                y_label: &plot.axes[1],
                value_name: "voxgray",
                reference_name: &plot.reference_name,
                values: &plot.values,
                reference: &plot.reference,
                residual: Residual::OfMaximum,
                bars: &[],
                log_y: false,
            }
            .draw()?;
            canvas.write_png(&self.folder.join(&plot.file))?;
            let _ = writeln!(self.body, "<img src=\"{}\">", plot.file);
        }
        Ok(())
    }

    /// The summary in Markdown.
    pub fn summary(&self, settings: &str) -> String {
        let head = format!(
            "voxgray against other codes, {}, {}\n\n{settings}\n\n",
            machine::date(),
            machine::describe()
        );
        let notes: String = self.notes.iter().map(|n| format!("- {n}\n")).collect();
        let table = if self.rows.is_empty() { String::new() } else { markdown(&HEAD, &self.rows) };
        format!("{head}{table}\n{notes}{}", self.extra)
    }

    /// Writes `index.html` and `summary.md`; returns the former's path.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn finish(&self, settings: &str) -> Result<PathBuf> {
        self.write("summary.md", &self.summary(settings))?;
        let head: Vec<String> = HEAD.iter().map(ToString::to_string).collect();
        let rows: String = self
            .rows
            .iter()
            .map(|r| {
                let mut linked = r.clone();
                linked[0] = format!("<a href=\"#{0}\">{0}</a>", r[0]);
                html_row("td", &linked)
            })
            .collect();
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>voxgray validation</title><style>{STYLE}</style>\
             <h1>voxgray against other codes</h1><p>{}, {}. {settings}</p><table>{}{rows}</table>{}</html>\n",
            machine::date(),
            machine::describe(),
            html_row("th", &head),
            self.body
        );
        self.write("index.html", &page)?;
        Ok(self.folder.join("index.html"))
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.folder.join(file);
        std::fs::write(&path, text).map_err(|e| Error::io("write", &path, &e))
    }
}
