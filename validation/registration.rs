//! Registration against known motions and against elastix: `cargo run --release --example registration -- [options]`; see `docs/registration.md`.
//!
//! Known: the simulated patient of `../shared/images/synthetic_lu177_4tp`, whose true motion between scans is stated there. elastix: the files that
//! `validation/elastix.py` makes. Distances are those of displaced points over the body, as numbers of transforms about different centres cannot be compared.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use voxgray::image::{Affine, Rigid, Volume};
use voxgray::io::{Frames, read_image, read_transform};
use voxgray::registration::{
    Kind, Metric, Registration, Settings, agreement, body_points, register,
};
use voxgray::{Error, Result};

/// Registers images whose transform is known, from random starts too.
#[derive(Debug, Parser)]
struct Options {
    /// Folder of the images.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/images"))]
    images: PathBuf,
    /// Random starts of each pair.
    #[arg(long, default_value_t = 20)]
    starts: usize,
    /// Only this pair, such as ct_072h.
    #[arg(long)]
    only: Option<String>,
    /// mi or ncc; default by the kinds of the images.
    #[arg(long)]
    metric: Option<String>,
    /// Points of the finest level.
    #[arg(long)]
    points: Option<usize>,
    /// Voxels of the finest level, mm.
    #[arg(long)]
    finest: Option<f64>,
    /// Fixed image, moving image and the transform between them by another program, in place of the simulated patient.
    #[arg(long, num_args = 3, value_names = ["FIXED", "MOVING", "TRANSFORM"])]
    against: Option<Vec<PathBuf>>,
}

/// What is registered, and what is right.
struct Case {
    name: String,
    fixed: (Volume<f32>, Kind),
    moving: (Volume<f32>, Kind),
    truth: Affine,
}

fn main() -> ExitCode {
    match study(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn study(options: &Options) -> Result<()> {
    if !options.images.is_dir() {
        println!("skipped: {} is absent", options.images.display());
        return Ok(());
    }
    println!(
        "pair\tmetric\tstarts\tconverged\tmean_mm\tlargest_mm\trotation_deg\tworst_largest_mm\tworst_rotation_deg\tcorrelation_before\tcorrelation_after\tseconds"
    );
    if let Some(files) = &options.against {
        let image = |n: usize| -> Result<(Volume<f32>, Kind)> {
            let (volume, _) = read_image(&files[n], None)?;
            let ct = volume.data.iter().any(|v| *v < -300.0);
            Ok((volume, if ct { Kind::Ct } else { Kind::Activity }))
        };
        let truth = read_transform(&files[2], &Frames::default())?.map;
        return run(
            options,
            &Case { name: "against".into(), fixed: image(0)?, moving: image(1)?, truth },
        );
    }
    let folder = options.images.join("synthetic_lu177_4tp");
    for (kind, stem) in [(Kind::Ct, "ct_{}h_hu"), (Kind::Activity, "spect_{}h_bqml")] {
        let name = |hours: u32| stem.replace("{}", &format!("{hours:03}"));
        let read = |hours: u32| {
            read_image(&folder.join(format!("{}.nii.gz", name(hours))), None).map(|r| (r.0, kind))
        };
        for hours in [24, 72, 168] {
            if options.only.as_ref().is_some_and(|o| !name(hours).starts_with(o.as_str())) {
                continue;
            }
            let fixed = read(4)?;
            let truth = motion(&folder, hours, &fixed.0)?;
            run(options, &Case { name: name(hours), fixed, moving: read(hours)?, truth })?;
        }
    }
    Ok(())
}

/// The stated motion: a turn about the middle of the CT, then a shift; it brings what the scan of 4 h shows to where a later one shows it.
fn motion(folder: &Path, hours: u32, fixed: &Volume<f32>) -> Result<Affine> {
    let path = folder.join("truth_time_activity.csv");
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
    let row = text.lines().find(|l| l.starts_with(&format!("{hours}.0,"))).unwrap_or_default();
    let numbers: Vec<f64> = row.split(',').skip(5).filter_map(|x| x.parse().ok()).collect();
    let [x, y, z, degrees] = numbers[..] else {
        return Err(Error::input(
            format!("{}: no motion at {hours} h", path.display()),
            "it is the truth",
            "Look.",
        ));
    };
    let rigid = Rigid {
        angles_rad: [0.0, 0.0, degrees.to_radians()],
        translation_mm: [x, y, z],
        centre_mm: fixed.grid.middle_mm(),
    };
    Ok(rigid.affine())
}

/// Numbers between -1 and 1.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn run(options: &Options, case: &Case) -> Result<()> {
    let (fixed, moving) = (&case.fixed, &case.moving);
    let mut settings = Settings::of(fixed.1, moving.1);
    match options.metric.as_deref() {
        Some("mi") => settings.metric = Metric::MutualInformation,
        Some("ncc") => settings.metric = Metric::Correlation,
        _ => {}
    }
    settings.points = options.points.unwrap_or(settings.points);
    settings.finest_mm = options.finest.unwrap_or(settings.finest_mm);
    let body = body_points(&fixed.0, fixed.1)?;
    let middle = fixed.0.grid.middle_mm();
    let mut state = 20_261_129;
    let (mut missed, mut seconds, mut converged) = (Vec::new(), Vec::new(), 0);
    let mut last = Affine::IDENTITY;
    for n in 0..=options.starts {
        let start = match n {
            0 => Affine::IDENTITY,
            // Up to 30 mm and 10 degrees from the right place.
            _ => Rigid {
                angles_rad: [0, 1, 2].map(|_| (10.0 * random(&mut state)).to_radians()),
                translation_mm: [0, 1, 2].map(|_| 30.0 * random(&mut state)),
                centre_mm: middle,
            }
            .affine()
            .then(&case.truth),
        };
        let clock = Instant::now();
        let found = register(&Registration {
            fixed: &fixed.0,
            fixed_kind: fixed.1,
            moving: &moving.0,
            moving_kind: moving.1,
            mask: None,
            start,
            settings,
        })?;
        seconds.push(clock.elapsed().as_secs_f64());
        let map = found.transform.affine();
        if n == 0 {
            last = map;
            eprintln!("{}: {:?}", case.name, found);
        }
        let miss = |p: &[f64; 3]| {
            let (a, b) = (map.apply(*p), case.truth.apply(*p));
            (0..3).map(|c| (a[c] - b[c]).powi(2)).sum::<f64>().sqrt()
        };
        let all: Vec<f64> = body.iter().map(miss).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let largest = all.iter().copied().fold(0.0, f64::max);
        let turn = case.truth.then(&map.inverse()?).angle_rad().to_degrees();
        if n > 0 && mean < 0.5 && turn < 0.2 {
            converged += 1;
        }
        missed.push((mean, largest, turn));
    }
    let both = agreement(
        (&fixed.0, fixed.1),
        (&moving.0, moving.1),
        &[Affine::IDENTITY, last, case.truth],
    )?;
    eprintln!("correlation of the reference {:?}", both[2]);
    let worst = |f: fn(&(f64, f64, f64)) -> f64| missed.iter().map(f).fold(0.0, f64::max);
    seconds.sort_by(f64::total_cmp);
    println!(
        "{}\t{}\t{}\t{converged}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.3}\t{:.2}",
        case.name,
        settings.metric.name(),
        options.starts,
        missed[0].0,
        missed[0].1,
        missed[0].2,
        worst(|m| m.1),
        worst(|m| m.2),
        both[0].correlation,
        both[1].correlation,
        seconds[seconds.len() / 2]
    );
    Ok(())
}
