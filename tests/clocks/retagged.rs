//! A real PET with its own pixels, spacings and noise, whose times and corrections are changed: START, ADMIN and NONE in local time and
//! UTC, as one bed and as three.

use voxgray::image::{Grid, Volume};
use voxgray::io::dicom::{ReadOptions, read_activity};
use voxgray::io::write_metaimage;

use crate::source::*;
use crate::writer::DataSet;

/// Pixels of a slice along an edge, cut from the middle.
const EDGE: usize = 40;

struct Real {
    /// Bq at the administration.
    bq: f64,
    /// Stored values of each slice and Bq/mL per unit.
    slices: Vec<(Vec<i16>, f64)>,
    spacing: [f64; 3],
}

/// The slices from the thigh's tumour up.
fn real() -> Real {
    let path = crate::shared::image("petct_sts001/STS_001/PET");
    let pet = read_activity(&[path], &ReadOptions::default()).unwrap();
    let grid = &pet.volume.grid;
    let [nx, ny, _] = grid.dims;
    let mut real = Real { bq: 0.0, slices: Vec::new(), spacing: grid.spacing_mm() };
    let [dx, dy, dz] = real.spacing;
    for k in 80..80 + SLICES {
        let value = |p: usize| {
            let (i, j) = (nx / 2 - EDGE / 2 + p % EDGE, ny / 2 - EDGE / 2 + p / EDGE);
            f64::from(pet.volume.data[i + nx * (j + ny * k)]).max(0.0)
        };
        let values: Vec<f64> = (0..EDGE * EDGE).map(value).collect();
        let slope = values.iter().copied().fold(0.0, f64::max) / 32_000.0;
        let stored: Vec<i16> = values.iter().map(|v| (v / slope).round() as i16).collect();
        real.bq += stored.iter().map(|s| f64::from(*s) * slope).sum::<f64>() * dx * dy * dz * 1e-3;
        real.slices.push((stored, slope));
    }
    real
}

fn retagged(real: &Real, scanner: &Scanner, zone: Zone) -> Vec<DataSet> {
    let [dx, dy, dz] = real.spacing;
    let tagged = pet(scanner, zone).into_iter().zip(&real.slices).enumerate();
    tagged
        .map(|(k, (object, (stored, slope)))| {
            object
                .us((0x0028, 0x0010), &[EDGE as u16])
                .us((0x0028, 0x0011), &[EDGE as u16])
                .ds((0x0028, 0x0030), &[dy, dx])
                .ds((0x0020, 0x0032), &[0.0, 0.0, dz * k as f64])
                .ds((0x0028, 0x1053), &[slope * scanner.stored(k)])
                .pixels(stored)
        })
        .collect()
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn a_real_pet_in_every_convention() {
    let real = real();
    let bench = Bench::new();
    let [dx, dy, dz] = real.spacing;
    let grid = Grid::aligned([EDGE, EDGE, SLICES + 2], [0.0, 0.0, -dz], [dx, dy, dz]);
    let water = vec![0.0; grid.len()];
    write_metaimage(&bench.path("own_ct.mha"), &Volume::new(grid, water).unwrap()).unwrap();
    let all = real.bq * half_life_s("F-18") / std::f64::consts::LN_2;
    for correction in ["START", "ADMIN", "NONE"] {
        for zone in [Zone::Local, Zone::Utc] {
            for beds in [1, 3] {
                let what = format!("{correction} {zone:?} {beds}");
                let scan = |hours: f64| Scanner {
                    // As its own header states it.
                    header_half_life_s: 6588.0,
                    ..Scanner::new("F-18", correction, hours * 3600.0, beds)
                };
                bench.series("a", &retagged(&real, &scan(1.0), zone));
                let run = bench.dose("a", "F-18", &["--physical-decay"]);
                run.expect(all, &what);
                bench.series("b", &retagged(&real, &scan(2.5), zone));
                bench.text("s.toml", &series_of("", &[("a", ""), ("b", "")]));
                let run = bench.dose("s.toml", "F-18", &[]);
                let ratio = run.decays() / all;
                println!("{what}: {ratio:.7}");
                run.expect(all, &what);
            }
        }
    }
}
