//! The anatomy of the patient-like phantom: where each organ is, in HU. It neglects everything smaller than
//! about 3 mm, the arms and the true course of bowel and vessels; it is for demonstration, not for dosimetry of
//! a person. Sizes follow an adult of 70 kg loosely (ICRP Publication 89: liver 1.8 kg, spleen 150 g,
//! kidneys 310 g, lungs 1.2 kg); HU are usual for a 120 kVp CT without contrast.

use std::sync::LazyLock;

use super::shapes::{Point, capsule, coverage, cylinder, ellipsoid, hash_unit, smooth_noise};

/// What a point belongs to; the order is that of the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Organ {
    /// Air and couch around the patient.
    Outside,
    /// Everything in the body without a label of its own.
    Remainder,
    /// Both lungs.
    Lungs,
    /// Heart with its blood.
    Heart,
    /// Liver without its tumour.
    Liver,
    /// Vertebrae.
    Spine,
    /// Both kidneys.
    Kidneys,
    /// Spleen.
    Spleen,
    /// A metastasis in the liver.
    LiverTumour,
    /// A lymph node metastasis in front of the spine.
    NodeTumour,
}

/// A painter: later shapes cover earlier ones by their share of the point.
struct Paint {
    hu: f64,
    organ: Organ,
    width: f64,
    /// Distance to the wall of the body cavity.
    cavity: f64,
}

impl Paint {
    /// Covers with `hu` where `distance` is negative.
    fn over(&mut self, distance: f64, hu: f64) {
        self.hu += coverage(distance, self.width) * (hu - self.hu);
    }

    /// As [`Paint::over`], and labels what is inside.
    fn organ(&mut self, distance: f64, hu: f64, organ: Organ) {
        self.over(distance, hu);
        if distance < 0.0 {
            self.organ = organ;
        }
    }
}

/// HU (without noise) and organ at `p`; edges are smeared linearly over `width` mm.
pub(super) fn at(p: Point, width: f64) -> (f64, Organ) {
    let mut paint = Paint { hu: -1000.0, organ: Organ::Outside, width, cavity: f64::INFINITY };
    couch(&mut paint, p);
    let skin = body(p, 0.0);
    if skin > 2.0 * width {
        return (paint.hu, paint.organ);
    }
    paint.cavity = body(p, CAVITY_DEPTH_MM);
    paint.organ(skin, 30.0, Organ::Remainder);
    paint.over(skin + 2.0, -105.0 + 12.0 * smooth_noise(p, 14.0, 1));
    wall(&mut paint, p);
    if paint.cavity < 4.0 * width {
        viscera(&mut paint, p);
        if p[2] > -60.0 {
            lungs(&mut paint, p);
            chest(&mut paint, p);
        }
        if p[2] < 65.0 {
            abdomen(&mut paint, p);
        }
    }
    spine(&mut paint, p);
    ribs(&mut paint, p);
    (paint.hu, paint.organ)
}

/// Distance to the body surface shrunk by `depth` (in front and behind by less: thinner fat there).
fn body(p: Point, depth: f64) -> f64 {
    let z = p[2];
    let waist = 9.0 * (-((z + 90.0) / 55.0).powi(2)).exp();
    let shoulder = 14.0 * ((z - 110.0) / 70.0).clamp(0.0, 1.0).powi(2);
    let a = 172.0 - waist - 0.5 * shoulder - depth;
    let b = 114.0 - 0.3 * waist - shoulder - 0.75 * depth;
    cylinder(p, [0.0, 0.0], [a, b], 2.35)
}

fn couch(paint: &mut Paint, p: Point) {
    // A shallow trough of foam in a carbon-fibre shell.
    let sag = 118.0 - 0.00045 * p[0] * p[0];
    let inside = (p[0].abs() - 215.0).max((sag - p[1]).max(p[1] - sag - 38.0));
    paint.over(inside, -150.0);
    paint.over(inside + 3.0, -985.0);
    let mattress = (p[0].abs() - 205.0).max((sag - 8.0 - p[1]).max(p[1] - sag));
    paint.over(mattress, -975.0);
}

/// Muscle of chest and belly wall, with fat planes between.
fn wall(paint: &mut Paint, p: Point) {
    let streaks = smooth_noise([p[0], p[1], 0.4 * p[2]], 9.0, 2);
    paint.over(body(p, 17.0 + 2.0 * smooth_noise(p, 40.0, 3)), 52.0 - 22.0 * streaks.max(0.2));
    // Back muscles on both sides of the spine.
    for side in [-1.0, 1.0] {
        paint.over(
            cylinder(p, [side * 34.0, 76.0], [27.0, 19.0], 2.3),
            50.0 - 18.0 * streaks.max(0.3),
        );
    }
}

/// Depth of the cavity's wall below the flanks, mm.
const CAVITY_DEPTH_MM: f64 = 34.0;

/// Fat and soft tissue that fill the cavity.
fn viscera(paint: &mut Paint, p: Point) {
    let fat = -92.0 + 10.0 * smooth_noise(p, 18.0, 4);
    paint.over(paint.cavity, fat);
    // The mediastinum ends on the middle of the diaphragm, which falls to the back.
    let floor = 14.0 - 0.35 * p[1] - p[2];
    paint.over(paint.cavity.max(floor), 0.4 * fat + 45.0);
}

/// Height of the diaphragm, mm.
fn diaphragm(p: Point) -> f64 {
    let dome = |cx: f64, top: f64| {
        let r2 = ((p[0] - cx) / 82.0).powi(2) + ((p[1] + 5.0) / 92.0).powi(2);
        top - 85.0 * r2
    };
    dome(-72.0, 38.0).max(dome(75.0, 24.0))
}

fn lungs(paint: &mut Paint, p: Point) {
    let below = diaphragm(p) - p[2];
    let gravity = 0.6 * p[1];
    let parenchyma = -845.0 + gravity + 35.0 * smooth_noise(p, 12.0, 5);
    for side in [-1.0, 1.0] {
        let shape = ellipsoid(p, [side * 78.0, -2.0, 40.0], [60.0, 88.0, 185.0], 2.3);
        let lung = shape.max(below).max(paint.cavity + 3.0);
        paint.organ(lung, parenchyma, Organ::Lungs);
        if lung < 0.0 {
            for tube in VESSELS.iter().filter(|t| t.from[0] * side > 0.0) {
                if let Some(d) = tube.distance(p) {
                    paint.over(d, 38.0);
                }
            }
        }
    }
}

/// A tapered tube with its bounding box.
struct Tube {
    from: Point,
    to: Point,
    radii: (f64, f64),
    low: Point,
    high: Point,
}

impl Tube {
    fn new(from: Point, to: Point, radii: (f64, f64)) -> Self {
        // 4 mm beyond the wall for smeared edges.
        let reach = radii.0.max(radii.1) + 4.0;
        let low = [0, 1, 2].map(|a| from[a].min(to[a]) - reach);
        let high = [0, 1, 2].map(|a| from[a].max(to[a]) + reach);
        Tube { from, to, radii, low, high }
    }

    /// Distance to the wall; `None` far outside.
    fn distance(&self, p: Point) -> Option<f64> {
        let near = (0..3).all(|a| (self.low[a]..=self.high[a]).contains(&p[a]));
        near.then(|| capsule(p, self.from, self.to, self.radii.0, self.radii.1))
    }
}

/// Branching vessels from each hilum: fixed directions, two generations.
static VESSELS: LazyLock<Vec<Tube>> = LazyLock::new(|| {
    let mut tubes = Vec::new();
    for side in [-1.0, 1.0] {
        let hilum = [side * 34.0, 4.0, 72.0];
        for i in 0..11 {
            let angle = f64::from(i) * 0.7 + 0.4 * side;
            let up = 80.0 * (1.3 * f64::from(i) + 0.5).sin();
            let reach = [side * (30.0 + 14.0 * angle.cos().abs()), 60.0 * angle.sin(), up];
            let branch = [0, 1, 2].map(|a| hilum[a] + 0.55 * reach[a]);
            tubes.push(Tube::new(hilum, branch, (5.0, 3.2)));
            for twig in [-1.0, 1.0] {
                let end = [
                    branch[0] + side * 26.0,
                    branch[1] + 0.45 * reach[1] + twig * 15.0,
                    branch[2] + 0.45 * reach[2] - twig * 17.0,
                ];
                tubes.push(Tube::new(branch, end, (2.8, 1.2)));
            }
        }
    }
    tubes
});

/// Loops of small bowel: short tubes at fixed random places in the middle of the belly.
static BOWEL: LazyLock<Vec<Tube>> = LazyLock::new(|| {
    let draw = |i: u64, low: f64, high: f64| low + (high - low) * hash_unit(7_000 + i);
    (0..64)
        .map(|i| {
            let k = 8 * i;
            let at = [draw(k, -72.0, 78.0), draw(k + 1, -62.0, 4.0), draw(k + 2, -185.0, -92.0)];
            let turn = draw(k + 3, 0.0, 3.2);
            let half = draw(k + 4, 14.0, 26.0);
            let along = [half * turn.cos(), 6.0 * (3.0 * turn).sin(), half * turn.sin()];
            let radius = draw(k + 5, 10.5, 13.5);
            let ends = [-1.0, 1.0].map(|s| [0, 1, 2].map(|a| at[a] + s * along[a]));
            Tube::new(ends[0], ends[1], (radius, radius))
        })
        .collect()
});

fn chest(paint: &mut Paint, p: Point) {
    // Turned so that the apex points left, down and forwards.
    let (dx, dy, dz) = (p[0] - 18.0, p[1] + 28.0, p[2] - 52.0);
    let (c, s) = (0.8, 0.6);
    let turned = [c * dx - s * dy, s * dx + c * dy, dz + 0.25 * dx];
    let fat = ellipsoid(turned, [0.0; 3], [64.0, 48.0, 52.0], 2.2);
    paint.over(fat.max(diaphragm(p) - p[2] - 12.0), -85.0);
    let heart = ellipsoid(turned, [0.0; 3], [58.0, 43.0, 47.0], 2.2);
    paint.organ(heart, 48.0, Organ::Heart);
    for (x, y, rx, ry) in [(16.0, 4.0, 30.0, 20.0), (-26.0, 4.0, 18.0, 28.0)] {
        paint.over(ellipsoid(turned, [x, y, 0.0], [rx, ry, 34.0], 2.0), 38.0);
    }
    // Great vessels, oesophagus, windpipe.
    if p[2] > 75.0 {
        paint.over(cylinder(p, [8.0, -18.0], [15.0, 15.0], 2.0), 42.0);
        paint.over(cylinder(p, [-22.0, -14.0], [9.0, 9.0], 2.0), 40.0);
    }
    paint.over(cylinder(p, [25.0, 22.0], [12.0, 12.0], 2.0).max(-p[2]), 42.0);
    if p[2] > 60.0 {
        paint.over(cylinder(p, [4.0, 18.0], [7.0, 5.0], 2.0), 30.0);
    }
    for side in [-1.0, 1.0] {
        let fork = [0.0, 2.0, 96.0];
        paint.over(capsule(p, fork, [side * 34.0, 4.0, 74.0], 7.0, 5.0), -990.0);
    }
    paint.over(cylinder(p, [0.0, 2.0], [8.5, 8.0], 2.0).max(96.0 - p[2]), -995.0);
}

fn abdomen(paint: &mut Paint, p: Point) {
    bowel(paint, p);
    for side in [-1.0, 1.0] {
        let psoas = 6.0 + 0.14 * (-70.0 - p[2]).clamp(0.0, 130.0);
        paint.over(cylinder(p, [side * 36.0, 46.0], [psoas, psoas + 2.0], 2.0), 55.0);
    }
    // Aorta goes on; vena cava.
    paint.over(capsule(p, [25.0, 22.0, 4.0], [10.0, 14.0, -36.0], 12.0, 9.5), 42.0);
    paint.over(cylinder(p, [10.0, 14.0], [9.5, 9.5], 2.0).max(p[2] + 32.0), 42.0);
    paint.over(cylinder(p, [-16.0, 14.0], [12.0, 8.5], 2.0).max(p[2] - 40.0), 40.0);

    let stomach =
        ellipsoid(p, [62.0, -30.0, -28.0], [38.0, 40.0, 46.0], 2.2).max(p[2] - diaphragm(p) + 7.0);
    paint.over(stomach, 50.0);
    paint.over(stomach + 4.0, 18.0);
    let gas = ellipsoid(p, [62.0, -44.0, -22.0], [24.0, 22.0, 32.0], 2.0).max(p[1] + 48.0);
    paint.over(gas.max(stomach + 5.0), -980.0);

    let spleen = ellipsoid(p, [106.0, 40.0, -22.0], [30.0, 46.0, 50.0], 2.0);
    let under = p[2] - diaphragm(p) + 5.0;
    paint.organ(spleen.max(under).max(paint.cavity + 4.0), 52.0, Organ::Spleen);

    let right = ellipsoid(p, [-74.0, -4.0, -40.0], [74.0, 82.0, 84.0], 2.3);
    // The right lobe keeps clear of vena cava and spine behind.
    let medial = 27.0 + 9.0 * ((p[2] + 30.0) / 50.0).powi(2);
    let right = right.max(p[0] + medial - 1.1 * (10.0 - p[1]).max(0.0));
    let left = ellipsoid(p, [-6.0, -44.0, -8.0], [74.0, 38.0, 38.0], 2.2);
    let liver = right.min(left).max(under).max(paint.cavity + 3.0);
    paint.organ(liver, 58.0 + 3.0 * smooth_noise(p, 8.0, 6), Organ::Liver);
    if liver < -6.0 {
        for (a, b, r) in [
            ([-28.0, 6.0, -42.0], [-92.0, -8.0, -26.0], 6.0),
            ([-50.0, 0.0, -34.0], [-78.0, 40.0, 0.0], 4.0),
            ([-32.0, 4.0, -40.0], [-12.0, -42.0, -10.0], 4.5),
        ] {
            paint.over(capsule(p, a, b, r, 2.0), 38.0);
        }
    }
    paint.over(ellipsoid(p, [-46.0, -44.0, -78.0], [15.0, 15.0, 24.0], 2.0), 8.0);
    kidneys(paint, p);
    paint.organ(
        ellipsoid(p, [-96.0, -2.0, -46.0], [17.0, 16.0, 17.0], 2.0),
        44.0,
        Organ::LiverTumour,
    );
    paint.organ(
        ellipsoid(p, [31.0, 8.0, -114.0], [12.0, 11.0, 14.0], 2.0),
        46.0,
        Organ::NodeTumour,
    );
}

fn kidneys(paint: &mut Paint, p: Point) {
    for (x, z, side) in [(-64.0, -92.0, -1.0), (66.0, -78.0, 1.0)] {
        // The upper pole leans towards the spine.
        let lean = [p[0] - side * 0.18 * (z - p[2]), p[1] + 0.12 * (p[2] - z), p[2]];
        let kidney = ellipsoid(lean, [x, 48.0, z], [27.0, 25.0, 53.0], 2.2);
        paint.over(kidney - 7.0, -100.0);
        paint.organ(kidney, 34.0, Organ::Kidneys);
        let sinus = ellipsoid(lean, [x - side * 14.0, 44.0, z], [15.0, 9.0, 26.0], 2.0);
        if kidney < 2.0 && sinus < 0.0 {
            paint.organ = Organ::Remainder;
        }
        paint.over(sinus.max(kidney - 4.0), -55.0);
    }
}

/// Small bowel with a little gas in front, and colon with gas on both flanks.
fn bowel(paint: &mut Paint, p: Point) {
    let inside = paint.cavity + 6.0;
    for (i, tube) in BOWEL.iter().enumerate() {
        let Some(d) = tube.distance(p) else { continue };
        let d = d.max(inside);
        paint.over(d, 44.0);
        paint.over(d + 2.6, 16.0 + 12.0 * smooth_noise(p, 7.0, 9));
        if i % 6 == 0 {
            paint.over((d + 3.2).max(p[1] - tube.from[1].min(tube.to[1]) + 4.0), -880.0);
        }
    }
    for side in [-1.0, 1.0] {
        let bulge = 2.5 * (p[2] / 9.0).sin();
        let colon = cylinder(p, [side * 108.0, 4.0], [20.0 + bulge, 21.0 + bulge], 2.0);
        let colon = colon.max(p[2] + 58.0).max(paint.cavity + 2.0);
        paint.over(colon, 42.0);
        paint.over(colon + 3.0, 10.0 + 30.0 * smooth_noise(p, 10.0, 7));
        paint.over((colon + 4.0).max(p[1]), -940.0);
    }
}

fn spine(paint: &mut Paint, p: Point) {
    // A slight kyphosis and lordosis move the vertebrae forwards and back.
    let y0 = 46.0 + 6.0 * (p[2] / 110.0).sin();
    let phase = (p[2] / 31.0).rem_euclid(1.0) * 31.0;
    let in_disc = (phase - 15.5).abs() - 11.5;
    let waist = 1.6 * (1.0 - (in_disc / 11.5).clamp(-1.0, 0.0).abs());
    let body = cylinder(p, [0.0, y0], [21.0 + waist, 16.5 + waist], 2.2);
    paint.organ(body, 75.0, Organ::Spine);
    let vertebra = body.max(in_disc);
    paint.over(vertebra, 620.0);
    paint.over(vertebra + 2.2, 165.0 + 45.0 * smooth_noise(p, 4.0, 8));

    let canal = cylinder(p, [0.0, y0 + 27.0], [10.0, 8.5], 2.0);
    let arch = cylinder(p, [0.0, y0 + 26.0], [17.0, 15.0], 2.0);
    let level = (phase - 13.0).abs() - 9.0;
    let process = cylinder(p, [0.0, y0 + 43.0], [3.6, 11.0], 2.5).max((phase - 10.0).abs() - 9.0);
    let wing = capsule(
        [p[0].abs(), p[1], phase],
        [12.0, y0 + 22.0, 13.0],
        [38.0, y0 + 29.0, 13.0],
        6.0,
        3.8,
    );
    let bone = arch.max(level).min(process).min(wing).max(8.5 - (p[1] - y0));
    paint.organ(bone, 560.0, Organ::Spine);
    paint.over(bone + 2.4, 260.0);
    paint.over(canal, 28.0);
}

/// Oblique rings that fall towards the front, and the breastbone.
fn ribs(paint: &mut Paint, p: Point) {
    let shell = body(p, 29.0).abs() - 3.8;
    let fall = 0.42 * (80.0 - p[1]);
    let phase = ((p[2] + fall) / 30.0).rem_euclid(1.0) * 30.0;
    let reach = p[2] > -70.0 - 0.35 * (p[1] - 60.0).min(0.0);
    let lateral = p[0].abs() > 40.0 || (p[1] < 0.0 && p[0].abs() > 16.0 && p[2] > 45.0);
    if reach && lateral {
        let rib = shell.max((phase - 15.0).abs() - 6.2);
        let cartilage = p[1] < -78.0;
        paint.over(rib, if cartilage { 110.0 } else { 680.0 });
        paint.over(rib + 2.2, if cartilage { 110.0 } else { 240.0 });
    }
    let sternum = cylinder(p, [0.0, -84.0], [19.0, 6.5], 3.0).max(40.0 - p[2]);
    paint.over(sternum, 430.0);
    paint.over(sternum + 2.0, 140.0);
}
