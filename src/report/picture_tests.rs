use super::*;
use crate::image::Grid;
use crate::report::body_box_mm;

fn volume(value: impl Fn([f64; 3]) -> f32) -> Volume<f32> {
    let grid = Grid::aligned([20, 16, 12], [-38.0, -30.0, -33.0], [4.0, 4.0, 6.0]);
    let data =
        (0..grid.len()).map(|i| value(grid.to_mm(grid.unlinear(i).map(|c| c as f64)))).collect();
    Volume::new(grid, data).expect("sizes")
}

fn picture<'a>(ct: &'a Volume<f32>, overlay: &'a Volume<f32>) -> OverlayPicture<'a> {
    OverlayPicture {
        ct,
        overlay,
        centre_mm: [0.0; 3],
        view_mm: None,
        window_hu: (-160.0, 240.0),
        overlay_range: (1.0, 10.0),
        scale: OverlayScale::Linear,
        colours: ColourMap::Inferno,
        opacity: 1.0,
        label: "absorbed dose rate / (mGy/h)",
        title: "",
        pixels_per_mm: 2.0,
    }
}

/// Only the patient's left anterior head octant is hot: each plane must show it at its place.
#[test]
fn orientation_is_radiological() {
    let ct = volume(|_| 40.0);
    let hot = volume(|p| if p[0] > 0.0 && p[1] < 0.0 && p[2] > 0.0 { 10.0 } else { 0.0 });
    let mut what = picture(&ct, &hot);
    what.centre_mm = [10.0, -10.0, 10.0];
    let canvas = what.draw().expect("valid");
    // Axial: 160 x 128 px from (10, 30 + (144 - 128) / 2).
    let is_hot = |x: u32, y: u32| {
        let [r, g, b] = canvas.pixel(x, y).expect("inside");
        !(r == g && g == b)
    };
    assert!(is_hot(10 + 120, 38 + 40) && !is_hot(10 + 40, 38 + 40) && !is_hot(10 + 120, 38 + 100));
    // Coronal: 160 x 144 px from (180, 30).
    assert!(
        is_hot(180 + 120, 30 + 40) && !is_hot(180 + 40, 30 + 40) && !is_hot(180 + 120, 30 + 110)
    );
    // Sagittal: 128 x 144 px from (350, 30).
    assert!(
        is_hot(350 + 40, 30 + 40) && !is_hot(350 + 100, 30 + 40) && !is_hot(350 + 40, 30 + 110)
    );
}

#[test]
fn the_overlay_is_transparent_below_its_range() {
    let (ct, cold) = (volume(|_| 40.0), volume(|_| 0.99));
    let canvas = picture(&ct, &cold).draw().expect("valid");
    assert_eq!(canvas.pixel(10 + 70, 38 + 50), Some([127; 3]));
}

#[test]
fn the_body_box_leaves_the_couch_out() {
    // A body of 40 x 40 x 72 mm, then a gap, then a thin couch behind it.
    let ct = volume(|p| match (p[0].abs() < 20.0, p[1]) {
        (true, y) if y.abs() < 20.0 => 40.0,
        (_, y) if y > 28.0 => 0.0,
        _ => -1000.0,
    });
    let (low, high) = body_box_mm(&ct, 4.0);
    assert_eq!((low, high), ([-24.0, -24.0, -36.0], [24.0, 24.0, 36.0]));
    assert_eq!(body_box_mm(&volume(|_| -1000.0), 4.0), ([-40.0, -32.0, -36.0], [40.0, 32.0, 36.0]));
}

#[test]
fn sampling_is_exact_for_a_linear_field() {
    let v = volume(|p| (p[0] + 2.0 * p[1] - 3.0 * p[2]) as f32);
    let sampler = Sampler::new(&v).expect("axes");
    let p = [3.3, -7.1, 4.9];
    assert!((sampler.at(p).expect("inside") - (3.3 - 14.2 - 14.7)).abs() < 1e-4);
    assert_eq!(sampler.at([41.0, 0.0, 0.0]), None);
}

#[test]
fn nonsense_options_are_refused() {
    let (ct, dose) = (volume(|_| 40.0), volume(|_| 1.0));
    let refused = |change: fn(&mut OverlayPicture)| {
        let mut what = picture(&ct, &dose);
        change(&mut what);
        assert!(what.draw().is_err());
    };
    refused(|p| p.overlay_range = (2.0, 2.0));
    refused(|p| p.overlay_range = (0.0, f64::NAN));
    refused(|p| (p.overlay_range, p.scale) = ((0.0, 2.0), OverlayScale::Log));
    refused(|p| p.window_hu = (100.0, -100.0));
    refused(|p| p.pixels_per_mm = 0.0);
    refused(|p| p.pixels_per_mm = 1e6);
    refused(|p| p.centre_mm[2] = 500.0);
    refused(|p| p.view_mm = Some(([0.0; 3], [0.0; 3])));
}
