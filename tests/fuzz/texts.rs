//! Texts: tables of curves and names with what is fitted to them, TOML files with keys, values of options.

use std::path::Path;

use voxgray::activity::{
    CalibrationResult, DecayCorrection, History, ImageCalibration, InputUnit, Moment,
};
use voxgray::cli::values;
use voxgray::image::{Grid, read_label_names};
use voxgray::io::dicom::GeometryOverride;
use voxgray::kinetics::table::{TableOptions, read_curves};
use voxgray::kinetics::{Choice, Points, Spread, integrate_points};
use voxgray::phantom::HuCurve;
use voxgray::phantom::maps::MaterialMap;
use voxgray::physics::nuclide::Nuclide;
use voxgray::pipeline::series_file::SeriesInput;
use voxgray::pipeline::voi_uncertainty::UncertaintyInput;
use voxgray::sheet::Sheet;
use voxgray::source::research::parse_source;
use voxgray::source::{Beam, read_spectrum};
use voxgray::study::init::drafts;
use voxgray::time::TimeOrSpan;

use crate::Kind;
use crate::packed::{Packing, gzipped};

/// Half-life of Lu-177, s.
const HALF_LIFE_S: f64 = 6.647 * 86_400.0;

const TABLE_WORDS: [&str; 36] = [
    "time",
    "time (h)",
    "t [d]",
    "voi",
    "name",
    "activity (MBq)",
    "uncertainty (%)",
    "u (MBq)",
    "%IA/g",
    "counts",
    "cps",
    "decay corrected",
    "not decay-corrected",
    "date",
    "2026-03-01 10:00",
    ";",
    "\t",
    ",",
    "\"",
    "\"\"",
    "'",
    "#",
    "\r\n",
    "\r",
    "sep=;\n",
    "\u{feff}",
    "+-",
    "±",
    "\u{a0}",
    "1.234,5",
    "1,234.5",
    "1 234,5",
    "-",
    "n/a",
    "<0.1",
    "\u{fffd}",
];

const KEY_WORDS: [&str; 40] = [
    "[[time_point]]\n",
    "[method]\n",
    "default = 'auto'\n",
    "method = 'trapezoid'\n",
    "tail = 'mono:2'\n",
    "tail = 'none'\n",
    "head = 'linear'\n",
    "[recovery]\n",
    "[transfer]\n",
    "[calibration]\n",
    "[volume]\n",
    "[planar]\n",
    "[[voi]]\n",
    "[[bin]]\n",
    "[[material]]\n",
    "[labels]\n",
    "[voxel]\n",
    "'auto'",
    "'30d'",
    "'4h'",
    "'0s'",
    "'1e300d'",
    "\"5%\"",
    "\"-5%\"",
    "\"nan\"",
    "nan",
    "inf",
    "-inf",
    "true",
    "{}",
    "[]",
    "[[]]",
    "{ a = 1 }",
    "[0]",
    "[1e300, 1e300]",
    "[-1.0, 2.0]",
    "2026-03-01T10:00:00Z",
    "1979-05-27",
    "'''",
    "\\u0000",
];

const VALUE_WORDS: [&str; 24] = [
    "cps/MBq",
    "Bq/mL",
    "per cps",
    "+-",
    "%",
    "±",
    "h",
    "d",
    "min",
    "keV",
    "MeV",
    "GiB",
    "x",
    ",",
    ";",
    "/",
    ":",
    "T",
    "Z",
    "+01:00",
    "electron:",
    "photon:",
    "gpu:",
    "Lu-177",
];

fn table(bytes: &[u8], fit: bool) -> bool {
    let Ok(sheet) = Sheet::parse(bytes, "x.csv") else { return false };
    let names = read_label_names(&sheet).is_ok();
    let since =
        |text: &str| Moment::parse(text)?.seconds_since(&Moment::parse("2026-03-01T10:00:00")?);
    let masses = [(None, 70.0)];
    let options = TableOptions {
        administered_bq: Some(7.4e9),
        masses_g: &masses,
        volumes_ml: &masses,
        clock: Some(&since),
        ..TableOptions::default()
    };
    let _ = read_curves(&sheet, &TableOptions::default());
    let Ok(file) = read_curves(&sheet, &options) else { return names };
    if !fit {
        return true;
    }
    let lambda = std::f64::consts::LN_2 / HALF_LIFE_S;
    for curve in file.curves.iter().take(2).filter(|c| c.times_s.len() < 30) {
        let spread = match &curve.uncertainties {
            Some(u) => Spread::Absolute(u.clone()),
            None => Spread::Unknown,
        };
        let points = Points {
            times_s: curve.times_s.clone(),
            values: curve.values.clone(),
            spread,
            common: 0.0,
        };
        let Ok(method) = Choice::default().build(HALF_LIFE_S) else { return false };
        if let Ok(i) = integrate_points(&points, &method, lambda) {
            let _ = (
                i.name(),
                i.at(3600.0),
                i.unit_shape(&[0.0, 1e5]),
                i.widening(),
                i.scale_of_uncertainties(),
            );
        }
    }
    true
}

fn values(text: &str) {
    let _ = (values::parse_count(text), values::parse_time(text), values::parse_moment(text));
    let _ = (
        values::parse_time_or_span(text),
        values::parse_fraction(text),
        values::parse_energy(text),
    );
    let _ = (values::parse_memory(text), values::parse_shard(text), values::parse_engine(text));
    let _ = (values::parse_grid(text), values::parse_threads(text));
    let _ = (
        text.parse::<ImageCalibration>(),
        text.parse::<GeometryOverride>(),
        text.parse::<TimeOrSpan>(),
    );
    let _ = (text.parse::<InputUnit>(), text.parse::<DecayCorrection>(), parse_source(text));
    if let Ok(beam) = text.parse::<Beam>() {
        let _ = beam.frame(&Grid::aligned([3, 4, 5], [0.0; 3], [2.0; 3]));
    }
    if let Ok(nuclide) = Nuclide::load(text) {
        let _ = nuclide.energy_per_decay();
    }
}

/// The example of a help file.
fn example(help: &str) -> Vec<u8> {
    help.split_once("\nExample:\n").map_or(help, |(_, e)| e).as_bytes().to_vec()
}

/// A sidecar of BIDS with most of the keys that are read.
const SIDECAR: &[u8] = br#"{"Units": "Bq/mL", "TracerName": "FDG", "TracerRadionuclide": "F18", "InjectedRadioactivity": 370,
"InjectedRadioactivityUnits": "MBq", "TimeZero": "10:00:00", "InjectionStart": 0, "ScanStart": 600, "FrameTimesStart": [600, 1800],
"FrameDuration": [1200, 1200], "ImageDecayCorrected": true, "ImageDecayCorrectionTime": 600, "RadionuclideHalfLife": 6586.2,
"DecayCorrectionFactor": [1.0645, 1.2077], "DecayCorrection": "START", "AttenuationCorrection": "CT"}"#;

const SIDECAR_WORDS: [&str; 16] = [
    "true",
    "false",
    "null",
    "\"n/a\"",
    "\"false\"",
    "[]",
    "[0]",
    "{}",
    "-1",
    "1e308",
    "0",
    "\"12:00\"",
    "\"ADMIN\"",
    "\"NONE\"",
    "kBq/mL",
    "Zr89",
];

/// A dataset of one image, whose sidecar is the input.
fn dataset(folder: &Path, bytes: &[u8]) -> Result<bool, String> {
    let pet = folder.join("sub-1/pet");
    std::fs::create_dir_all(&pet).map_err(|e| e.to_string())?;
    std::fs::write(pet.join("sub-1_pet.nii.gz"), b"").map_err(|e| e.to_string())?;
    std::fs::write(pet.join("sub-1_pet.json"), bytes).map_err(|e| e.to_string())?;
    let Ok((drafts, _)) = drafts(folder) else { return Ok(false) };
    for number in drafts[0].text.split('"').filter_map(|t| t.strip_suffix(" s")) {
        if !number.parse().is_ok_and(f64::is_finite) {
            return Err(format!("a time of {number} s"));
        }
    }
    Ok(true)
}

type Read = fn(&Path, &str) -> bool;

fn keys(name: &'static str, share: u64, help: &str, read: Read) -> Kind {
    Kind {
        name,
        share,
        seeds: vec![example(help)],
        words: &KEY_WORDS,
        packing: Packing::None,
        refuses_some: false,
        read: Box::new(move |folder, bytes| {
            let path = folder.join("a.toml");
            std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
            Ok(std::str::from_utf8(bytes).is_ok_and(|text| read(&path, text)))
        }),
    }
}

pub fn kinds() -> Vec<Kind> {
    let mut tables: Vec<Vec<u8>> = vec![
        include_bytes!("../cases/tables/semi.csv").to_vec(),
        include_bytes!("../cases/tables/tab.tsv").to_vec(),
        include_bytes!("../cases/tables/quoted.csv").to_vec(),
        include_bytes!("../cases/tables/hash.csv").to_vec(),
        include_bytes!("../cases/tables/dc.csv").to_vec(),
        include_bytes!("../cases/tables/q.csv").to_vec(),
        include_bytes!("../cases/kinetics/tum5.csv").to_vec(),
        include_bytes!("../cases/kinetics/f3b.csv").to_vec(),
        b"label,name\n1,core\n2,shell\n".to_vec(),
        "time (h),kidney (MBq),kidney ± (%),liver (MBq)\n1,100,5,300\n24,80,5,250\n96,40,8,120\n168,20,10,60\n".as_bytes().to_vec(),
    ];
    // As spreadsheets save "Unicode text".
    let wide: Vec<u8> =
        String::from_utf8_lossy(&tables[9]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    tables.push([&[0xff, 0xfe][..], &wide].concat());
    let table_kind = |name, share, fit: bool| Kind {
        name,
        share,
        seeds: tables.clone(),
        words: &TABLE_WORDS,
        packing: Packing::None,
        refuses_some: false,
        read: Box::new(move |_: &Path, bytes: &[u8]| Ok(table(bytes, fit))),
    };
    let lines = [
        "1e8",
        "30d",
        "2026-03-01T10:00:00+01:00",
        "22h",
        "1%",
        "10keV",
        "16GiB",
        "2/3",
        "gpu:0,1",
        "2x2x3",
        "20.1 cps/MBq +- 1.7 %",
        "350 Bq/mL per cps",
        "12.5Bq/mL",
        "1.2e-6MBq",
        "-160,-160,-200;1,0,0,0,1,0;4.8,4.8,4.8",
        "electron:0.935MeV",
        "direction=0,0,1; at=0,0,-100mm; field=20x10mm; side=1,0,0",
        "direction=0,1,1; at=0,0,-1m; disc=1cm; cone=3deg",
        "photon:208keV",
        "Lu-177",
        "Tc-99m",
        "Bq*s/mL",
        "counts",
        "admin",
    ];
    vec![
        table_kind("tables", 16, false),
        table_kind("tables-fit", 2, true),
        Kind {
            name: "values",
            share: 8,
            seeds: lines.iter().map(|l| l.as_bytes().to_vec()).collect(),
            words: &VALUE_WORDS,
            packing: Packing::None,
            refuses_some: false,
            read: Box::new(|_, bytes| {
                values(&String::from_utf8_lossy(bytes));
                Ok(true)
            }),
        },
        Kind {
            name: "spectra",
            share: 6,
            seeds: vec![
                b"particle,energy_keV,yield\nphoton,208,0.1\nelectron,0.5,1\n".to_vec(),
                b"particle;energy_low_MeV;energy_high_MeV;yield\nelectron;0,1;0,2;0,5\n".to_vec(),
                b"particle,energy_eV,yield_per_eV\nalpha,1e6,0\nalpha,2e7,1e-7\n".to_vec(),
            ],
            words: &TABLE_WORDS,
            packing: Packing::None,
            refuses_some: false,
            read: Box::new(|folder, bytes| {
                let path = folder.join("s.csv");
                std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
                let Ok(read) = read_spectrum(&path) else { return Ok(false) };
                let means = read.spectrum.electrons.mean_energy_mev;
                if !means.is_finite() {
                    return Err(format!("a mean energy of {means}"));
                }
                Ok(true)
            }),
        },
        keys("toml-series", 10, include_str!("../../src/cli/help_file/series.txt"), |path, _| {
            SeriesInput::read(path).is_ok()
        }),
        keys(
            "toml-calibrate",
            8,
            include_str!("../../src/cli/help_file/calibrate.txt"),
            |_, text| CalibrationResult::from_toml(text).is_ok(),
        ),
        keys("toml-history", 5, include_str!("../../src/cli/help_file/history.txt"), |_, text| {
            if let Ok(history) = History::from_toml(text) {
                let _ = history.to_toml();
                return true;
            }
            false
        }),
        keys(
            "toml-uncertainty",
            8,
            include_str!("../../src/cli/help_file/uncertainty.txt"),
            |path, _| UncertaintyInput::read(path).is_ok(),
        ),
        keys(
            "toml-hu-curve",
            6,
            include_str!("../../src/cli/help_file/hu-curve.txt"),
            |_, text| {
                if let Ok(curve) = HuCurve::from_toml(text) {
                    let _ = (curve.material_index(40.0), curve.density_g_cm3(40.0), curve.range());
                    return true;
                }
                false
            },
        ),
        keys(
            "toml-materials",
            6,
            include_str!("../../src/cli/help_file/materials.txt"),
            |_, text| MaterialMap::from_toml(text).is_ok(),
        ),
        Kind {
            name: "bids-sidecar",
            share: 3,
            seeds: vec![SIDECAR.to_vec()],
            words: &SIDECAR_WORDS,
            packing: Packing::None,
            refuses_some: false,
            read: Box::new(dataset),
        },
        // A table under gzip is none; it must not be inflated by chance.
        Kind {
            name: "tables-gzip",
            share: 1,
            seeds: vec![gzipped(&tables[9])],
            words: &TABLE_WORDS,
            packing: Packing::Gzip,
            refuses_some: true,
            read: Box::new(|_, bytes| Ok(table(bytes, false))),
        },
    ]
}
