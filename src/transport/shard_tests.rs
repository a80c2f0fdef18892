//! Tests of the files of sums.

use super::super::batch_words::BatchWords;
use super::super::escapes::Escaped;
use super::super::run::CHUNK;
use super::super::score::Score;
use super::super::signature::EngineMark;
use super::*;
use crate::program::Program;

/// Some electrons below and a positron above.
fn escapes(units: [u64; 2]) -> Escapes {
    let mut escapes = Escapes::default();
    escapes.0[0][1] = Escaped { particles: units[0], units: units[0] };
    escapes.0[5][2] = Escaped { particles: units[1], units: units[1] };
    escapes
}

fn shard() -> Shard {
    let voxels = 20_000_u64;
    let sums: Vec<u64> = (0..voxels).map(|v| v << 33).collect();
    let total: u64 = sums.iter().sum();
    // What the second batch has is what the first leaves: any split agrees with the squares of one batch alone.
    let regions = vec![
        BatchRegions { batch: 1, units: vec![1, total - 3], escapes: escapes([2, 3]) },
        BatchRegions { batch: 4, units: vec![2, 0], escapes: escapes([7, 0]) },
    ];
    Shard {
        signature: Signature {
            program: Program::this(),
            engine: EngineMark { kind: "cpu".into(), devices: Vec::new() },
            plan_sha256: "ab".into(),
            histories_per_batch: 7,
            batches: 9,
        },
        part: [2, 3],
        seconds: 0.1,
        context: "{\"a\": 0.1}".into(),
        payload: (0..70_000_u32).map(|i| i as u8).collect(),
        tally: Tally {
            voxels: 20_000,
            sums: TallySums::ByOrigin(OriginSums {
                sums: [Some(sums), None, Some(vec![0; 20_000])],
                squares: (0..u128::from(voxels)).map(|v| (v << 33) * (v << 33)).collect(),
            }),
            regions,
            histories_per_batch: 7,
            ledger: Ledger {
                histories: 14,
                majorant_excesses: 3,
                escaped_units: 12,
                escapes: escapes([9, 3]),
                ..Ledger::default()
            },
        },
    }
}

#[test]
fn a_shard_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard.voxgray");
    write_shard(&path, &shard()).unwrap();
    assert_eq!(read_shard(&path).unwrap(), shard());
}

#[test]
fn a_shard_with_time_points_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard.voxgray");
    let mut timed = shard();
    let time = |t: u64| TimeSums {
        sums: (0..20_000_u64).map(|v| v * t).collect(),
        squares: (0..20_000_u128).map(|v| (v * u128::from(t)).pow(2)).collect(),
    };
    timed.tally.sums = TallySums::ByTime(vec![time(1), time(2), time(3)]);
    let whole: u64 = (0..20_000).sum();
    timed.tally.regions = [1, 4]
        .map(|batch| {
            let of_time = |t| if batch == 1 { [whole * t, 0] } else { [0, 0] };
            let escapes = escapes(if batch == 1 { [9, 0] } else { [0, 3] });
            BatchRegions { batch, units: (1..=3).flat_map(of_time).collect(), escapes }
        })
        .to_vec();
    write_shard(&path, &timed).unwrap();
    assert_eq!(read_shard(&path).unwrap(), timed);
}

/// A sum that wrapped in the run that wrote the shard: the file is sound, its content is not.
#[test]
fn a_shard_whose_sums_do_not_agree_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard.voxgray");
    for changed in [[9, 4], [8, 4], [8, 3]] {
        let mut other = shard();
        other.tally.ledger.escapes = escapes(changed);
        write_shard(&path, &other).unwrap();
        let error = read_shard(&path).unwrap_err().to_string();
        assert!(error.contains("by face and particle"), "{error}");
    }
    let mut wrapped = shard();
    let TallySums::ByOrigin(sums) = &mut wrapped.tally.sums else { panic!("by origin") };
    sums.sums[0].as_mut().expect("electrons")[7] -= 1;
    write_shard(&path, &wrapped).unwrap();
    let error = read_shard(&path).unwrap_err();
    assert!(error.why.contains("voxel 7") || error.why.contains("regions"), "{error}");
}

#[test]
fn a_checkpoint_comes_back_with_its_batch_in_progress() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.voxgray");
    let shard = shard();
    let mut more =
        InProgress::new(5, BatchWords::new(Score::by_origin(20_000, [true, false, true]), 1));
    more.enter([0, 1, 4]);
    more.ledger.histories = 3 * CHUNK;
    let alphas = more.words.slots()[0][2].expect("alphas");
    alphas[19_999].store(u64::MAX, std::sync::atomic::Ordering::Relaxed);
    let sums = Sums {
        signature: &shard.signature,
        part: shard.part,
        seconds: shard.seconds,
        context: &shard.context,
        payload: &[],
        tally: &shard.tally,
        more: Some(&more),
    };
    write_checkpoint(&path, &sums).unwrap();
    let read = read_checkpoint(&path).unwrap();
    assert_eq!(read.whole, Shard { payload: Vec::new(), ..shard.clone() });
    let kept = read.more.unwrap();
    assert_eq!((kept.batch, kept.done, kept.ledger), (5, vec![[0, 2], [4, 5]], more.ledger));
    let sums: Vec<Vec<u64>> = more.sums().into_iter().map(Iterator::collect).collect();
    assert_eq!(kept.sums, sums);
    // Never one for the other.
    assert!(read_shard(&path).unwrap_err().to_string().contains("'voxgray shard'"));
    write_shard(&path, &shard).unwrap();
    assert!(read_checkpoint(&path).is_err());
}

#[test]
fn another_format_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard.voxgray");
    for (format, word) in [("3", "older"), ("5", "newer"), ("x", "no number")] {
        std::fs::write(&path, format!("voxgray shard {format}\n{}", "x".repeat(99))).unwrap();
        let error = read_shard(&path).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn any_changed_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard.voxgray");
    write_shard(&path, &shard()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in [0, 20, 60, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(read_shard(&path).is_err(), "byte {at}");
    }
    for cut in [0, 10, 31, 100, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(read_shard(&path).is_err(), "cut {cut}");
    }
}
