//! DICOM: CT, PET and NM, single, enhanced, deflated, in each compression and byte order; a mutated object alone and in its series.

use std::path::{Path, PathBuf};

use voxgray::io::dicom::{
    CountFactor, ReadOptions, list_series, read_activity, read_ct, read_stored_pixels,
};

use crate::Kind;
use crate::objects::*;
use crate::packed::Packing;
use crate::writer::{DataSet, EXPLICIT_LITTLE, RLE, deflated};

const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

const WORDS: [&str; 24] = [
    "CT",
    "PT",
    "NM",
    "BQML",
    "CNTS",
    "PROPCPS",
    "START",
    "ADMIN",
    "NONE",
    "DECY\\ATTN",
    "HU",
    "RECON TOMO",
    "RECON GATED TOMO",
    "ORIGINAL\\PRIMARY",
    "1\\0\\0\\0\\1\\0",
    "0\\0\\0",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "20260301101500",
    "101500.123456",
    "+0100",
    "10002",
];

/// A functional group with one item.
fn group(tag: (u16, u16), item: DataSet) -> DataSet {
    DataSet::default().sq(tag, &[item])
}

fn enhanced(modality: &str) -> DataSet {
    let frame = |k: usize| {
        let plane = DataSet::default().ds(POSITION, &[0.0, 0.0, 50.0 - 2.0 * k as f64]);
        let content = DataSet::default()
            .text((0x0018, 0x9074), "DT", "20260301140000")
            .text((0x0018, 0x9151), "DT", "20260301140000")
            .fd((0x0018, 0x9220), &[180e3]);
        let units = DataSet::default().text((0x0008, 0x0100), "SH", "Bq/ml").text(
            (0x0008, 0x0102),
            "SH",
            "UCUM",
        );
        let map = DataSet::default()
            .sq((0x0040, 0x08EA), &[units])
            .fd((0x0040, 0x9224), &[0.0])
            .fd((0x0040, 0x9225), &[1.5]);
        let all = group((0x0020, 0x9113), plane).sq((0x0020, 0x9111), &[content]);
        if modality == "PT" { all.sq((0x0040, 0x9096), &[map]) } else { all }
    };
    let orientation = DataSet::default().ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let shared = group((0x0020, 0x9116), orientation)
        .sq((0x0028, 0x9110), &[DataSet::default().ds(PIXEL_SPACING, &[2.0, 1.5])])
        .sq(
            (0x0028, 0x9145),
            &[DataSet::default().ds(SLOPE, &[1.0]).ds(INTERCEPT, &[-1024.0]).text(
                (0x0028, 0x1054),
                "LO",
                "HU",
            )],
        );
    image(modality)
        .without(PIXEL_SPACING)
        .text((0x0008, 0x002A), "DT", "20260301140000")
        .text(FRAMES, "IS", "3")
        .text((0x0018, 0x9758), "CS", "YES")
        .text((0x0018, 0x9701), "DT", "20260301140000")
        .sq((0x0054, 0x0016), &[drug()])
        .sq((0x5200, 0x9229), &[shared])
        .sq((0x5200, 0x9230), &[frame(0), frame(1), frame(2)])
        .pixels(&(0..3).flat_map(slice_pixels).collect::<Vec<_>>())
}

fn drug() -> DataSet {
    let code = DataSet::default().text((0x0008, 0x0100), "SH", "C-111A1").text(
        (0x0008, 0x0102),
        "SH",
        "SRT",
    );
    DataSet::default()
        .text((0x0018, 0x1072), "TM", "090000")
        .text((0x0018, 0x1078), "DT", "20260301090000")
        .ds((0x0018, 0x1074), &[350e6])
        .ds((0x0018, 0x1075), &[6586.2])
        .sq((0x0054, 0x0300), &[code])
}

/// With clocks, corrections and a tracer.
fn timed(object: DataSet) -> DataSet {
    object
        .text((0x0008, 0x0021), "DA", "20260301")
        .text((0x0008, 0x0031), "TM", "100000")
        .text((0x0008, 0x0022), "DA", "20260301")
        .text((0x0008, 0x0032), "TM", "100500.25")
        .text((0x0008, 0x0201), "SH", "+0100")
        .text((0x0028, 0x0051), "CS", "DECY\\ATTN\\SCAT")
        .text((0x0054, 0x1102), "CS", "START")
        .ds((0x0054, 0x1300), &[15000.0])
        .ds((0x0054, 0x1321), &[1.03])
        .ds((0x0018, 0x1242), &[300e3])
        .sq((0x0054, 0x0016), &[drug()])
}

/// Three slices of a PET with clocks.
pub fn timed_pt() -> Vec<DataSet> {
    pt(3).into_iter().map(timed).collect()
}

fn nm(slices: usize, windows: usize) -> DataSet {
    let frames = slices * windows;
    let detector = DataSet::default()
        .ds(POSITION, &[-5.0, -6.0, 200.0])
        .ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let window = |name: &str, low: f64, high: f64| {
        let range = DataSet::default().ds((0x0054, 0x0014), &[low]).ds((0x0054, 0x0015), &[high]);
        DataSet::default().sq((0x0054, 0x0013), &[range]).text((0x0054, 0x0018), "SH", name)
    };
    let numbers =
        |f: &dyn Fn(usize) -> usize| -> Vec<u16> { (0..frames).map(|k| f(k) as u16).collect() };
    let rotation = DataSet::default()
        .us((0x0054, 0x0053), &[60])
        .ds((0x0018, 0x1242), &[20e3])
        .ds((0x0018, 0x1143), &[360.0]);
    timed(image("NM"))
        .text(IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION")
        .text(FRAMES, "IS", &frames.to_string())
        .ds(SPACING_BETWEEN, &[4.0])
        .us((0x0054, 0x0021), &[2])
        .us((0x0054, 0x0010), &numbers(&|k| k / slices + 1))
        .us((0x0054, 0x0020), &numbers(&|_| 1))
        .us((0x0054, 0x0070), &numbers(&|_| 1))
        .sq((0x0054, 0x0012), &[window("Peak", 187.0, 229.0), window("Scatter", 160.0, 187.0)])
        .sq((0x0054, 0x0052), &[rotation])
        .sq(DETECTORS, &[detector])
        .us(SLICE_VECTOR, &numbers(&|k| k % slices + 1))
        .pixels(&(0..frames).flat_map(slice_pixels).collect::<Vec<_>>())
}

/// Sixteen by sixteen pixels behind a codestream.
fn compressed(stream: &[u8], bits: u16, syntax: &str) -> Vec<u8> {
    let stream = if stream.len() % 2 == 1 { [stream, &[0]].concat() } else { stream.to_vec() };
    let object = slice("CT", 0)
        .us(ROWS, &[16])
        .us(COLUMNS, &[16])
        .us((0x0028, 0x0100), &[bits])
        .us((0x0028, 0x0101), &[bits])
        .us((0x0028, 0x0102), &[bits - 1])
        .us((0x0028, 0x0103), &[0]);
    object.fragments(&[0], &[stream]).file(syntax)
}

/// The codestreams with headers that promise `edge` x `edge` pixels, which Rows and Columns confirm.
fn enlarged(edge: u16) -> Vec<Vec<u8>> {
    let place = |stream: &[u8], mark: &[u8], at: usize, value: &[u8]| {
        let mut stream = stream.to_vec();
        let found = stream.windows(mark.len()).position(|w| w == mark).expect("a marker") + at;
        stream[found..found + value.len()].copy_from_slice(value);
        stream
    };
    let [high, low] = edge.to_be_bytes();
    let frame = |stream: &[u8], mark: u8| place(stream, &[0xff, mark], 5, &[high, low, high, low]);
    let whole = [0, 0, high, low, 0, 0, high, low];
    let wavelets = |tile: u8| {
        let stream =
            place(include_bytes!("../cases/codecs/lossless.j2k"), &[0xff, 0x51], 6, &whole);
        match tile {
            0 => place(&stream, &[0xff, 0x51], 22, &whole),
            n => place(&stream, &[0xff, 0x51], 22, &[0, 0, 0, n, 0, 0, 0, n]),
        }
    };
    let object = |stream: Vec<u8>, bits, syntax| {
        let file = compressed(&stream, bits, syntax);
        // US of length 2: Rows and Columns.
        [[0x28, 0, 0x10, 0], [0x28, 0, 0x11, 0]].iter().fold(file, |file, tag| {
            place(&file, &[&tag[..], b"US", &[2, 0]].concat(), 8, &edge.to_le_bytes())
        })
    };
    vec![
        object(frame(include_bytes!("../cases/codecs/baseline.jpg"), 0xc0), 8, JPEG_BASELINE),
        object(frame(include_bytes!("../cases/codecs/lossless.jpg"), 0xc3), 16, JPEG_LOSSLESS),
        object(frame(include_bytes!("../cases/codecs/lossless.jls"), 0xf7), 16, JPEG_LS),
        object(wavelets(0), 16, JPEG_2000),
        object(wavelets(16), 16, JPEG_2000),
        object(wavelets(24), 16, JPEG_2000),
        object(wavelets(255), 16, JPEG_2000),
    ]
}

/// An RLE frame of 2 x 3 cells whose two planes are written literally.
fn rle() -> Vec<u8> {
    let mut stream = vec![0_u8; 64];
    stream[..12].copy_from_slice(&[2, 0, 0, 0, 64, 0, 0, 0, 71, 0, 0, 0]);
    stream.extend([5, 0, 0, 0, 0, 0, 0]);
    stream.extend([0xfe, 7, 2, 1, 2, 3, 0]);
    slice("CT", 0).fragments(&[0], &[stream]).file(RLE)
}

/// The same elements in implicit little endian.
fn implicit(explicit: &[u8], from: usize) -> Vec<u8> {
    let mut out = explicit[..from].to_vec();
    let mut at = from;
    while let Some(head) = explicit.get(at..at + 8) {
        let long = matches!(&head[4..6], b"OB" | b"OW" | b"SQ" | b"UN" | b"UT");
        let (length, value) = if long {
            (
                u32::from_le_bytes([
                    explicit[at + 8],
                    explicit[at + 9],
                    explicit[at + 10],
                    explicit[at + 11],
                ]) as usize,
                at + 12,
            )
        } else {
            (usize::from(u16::from_le_bytes([head[6], head[7]])), at + 8)
        };
        out.extend(&head[..4]);
        out.extend((length as u32).to_le_bytes());
        out.extend(&explicit[value..value + length]);
        at = value + length;
    }
    out
}

fn options() -> [ReadOptions; 4] {
    let plain = ReadOptions::default();
    let per_ml = ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..plain.clone() };
    let placed = ReadOptions {
        frame: Some(1),
        energy_window: Some(1),
        geometry: "1,2,3;1,0,0,0,1,0;2,1.5,4".parse().ok(),
        ..per_ml.clone()
    };
    let second = ReadOptions { frame: Some(2), ..per_ml.clone() };
    [plain, per_ml, placed, second]
}

/// All readers on some paths.
fn read(paths: &[PathBuf], file: &Path, lone: bool) -> Result<bool, String> {
    let mut value = read_ct(paths, &ReadOptions::default()).is_ok();
    for options in options() {
        value |= read_activity(paths, &options).is_ok();
    }
    let _ = list_series(paths);
    let pixels = read_stored_pixels(file).is_ok();
    Ok(value || lone && pixels)
}

/// A mutated object, alone or beside the others of its series.
fn kind(
    name: &'static str,
    share: u64,
    seeds: Vec<Vec<u8>>,
    others: Vec<Vec<u8>>,
    packing: Packing,
) -> Kind {
    // One slice is no volume: there its pixels are what is read.
    let lone = matches!(name, "dicom-implicit" | "dicom-foreign");
    Kind {
        name,
        share,
        seeds,
        words: &WORDS,
        packing,
        refuses_some: matches!(name, "dicom-foreign" | "dicom-large"),
        read: Box::new(move |folder, bytes| {
            let file = folder.join("0.dcm");
            for (n, other) in others.iter().enumerate() {
                let path = folder.join(format!("{}.dcm", n + 1));
                if !path.exists() {
                    std::fs::write(path, other).map_err(|e| e.to_string())?;
                }
            }
            std::fs::write(&file, bytes).map_err(|e| e.to_string())?;
            let paths =
                if others.is_empty() { vec![file.clone()] } else { vec![folder.to_path_buf()] };
            read(&paths, &file, lone)
        }),
    }
}

pub fn kinds() -> Vec<Kind> {
    let file = |d: &DataSet| d.file(EXPLICIT_LITTLE);
    let files = |all: Vec<DataSet>| -> Vec<Vec<u8>> { all.iter().map(file).collect() };
    let implicit_syntax = "1.2.840.10008.1.2";
    let implicit_ct = {
        let explicit = ct(1)[0].file(implicit_syntax);
        let from = explicit.len() - ct(1)[0].encode().len();
        implicit(&explicit, from)
    };
    let codecs = vec![
        compressed(include_bytes!("../cases/codecs/baseline.jpg"), 8, JPEG_BASELINE),
        compressed(include_bytes!("../cases/codecs/lossless.jpg"), 16, JPEG_LOSSLESS),
        compressed(include_bytes!("../cases/codecs/lossless.jls"), 16, JPEG_LS),
        compressed(include_bytes!("../cases/codecs/lossless.j2k"), 16, JPEG_2000),
    ];
    let beside: Vec<Vec<u8>> = (1..3)
        .map(|k| {
            let slice = slice("CT", k).us(ROWS, &[16]).us(COLUMNS, &[16]);
            file(&slice.pixels(&(0..256).collect::<Vec<i16>>()))
        })
        .collect();
    let nms = vec![
        file(&nm(3, 1)),
        file(&nm(3, 2)),
        file(&timed(nm(2, 2)).us((0x0054, 0x0020), &[1, 1, 2, 2])),
    ];
    let deflate = |d: DataSet| deflated(&d.encode(), &[]);
    let mut kinds = vec![
        kind(
            "dicom-ct",
            10,
            files(ct(3))[..1].to_vec(),
            files(ct(3))[1..].to_vec(),
            Packing::Elements,
        ),
        kind(
            "dicom-pt",
            12,
            files(timed_pt())[..1].to_vec(),
            files(timed_pt())[1..].to_vec(),
            Packing::Elements,
        ),
        kind("dicom-nm", 14, nms, Vec::new(), Packing::Elements),
        kind(
            "dicom-enhanced",
            14,
            vec![file(&enhanced("CT")), file(&enhanced("PT"))],
            Vec::new(),
            Packing::Elements,
        ),
        kind("dicom-codecs", 12, codecs.clone(), beside.clone(), Packing::None),
        kind("dicom-codecs-elements", 6, codecs, beside, Packing::Elements),
        kind(
            "dicom-large",
            1,
            [enlarged(1024), enlarged(4096), enlarged(5792)].concat(),
            Vec::new(),
            Packing::None,
        ),
        kind("dicom-rle", 4, vec![rle()], files(ct(3))[1..].to_vec(), Packing::None),
        kind(
            "dicom-deflated",
            8,
            vec![deflate(nm(3, 1)), deflate(enhanced("PT"))],
            Vec::new(),
            Packing::DeflatedElements,
        ),
        kind("dicom-implicit", 5, vec![implicit_ct], Vec::new(), Packing::None),
    ];
    // Files of other programs, where they are.
    let hostile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/images/hostile");
    let mut foreign = Vec::new();
    for folder in ["pydicom", "wg04_ct1"] {
        let Ok(entries) = std::fs::read_dir(hostile.join(folder)) else { continue };
        for entry in entries.flatten() {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            if !bytes.is_empty() && bytes.len() < 200_000 {
                foreign.push((entry.file_name(), bytes));
            }
        }
    }
    foreign.sort();
    if !foreign.is_empty() {
        let foreign = foreign.into_iter().map(|f| f.1).collect();
        kinds.push(kind("dicom-foreign", 8, foreign, Vec::new(), Packing::None));
    }
    kinds
}
