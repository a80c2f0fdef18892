//! Shards: damaged ones, and ones with a valid checksum whose header or content lies.

use std::path::Path;

use sha2::{Digest, Sha256};
use voxgray::pipeline::{MergeRules, Observer, merge};
use voxgray::transport::shard::read_shard;

use crate::Kind;
use crate::cli_inputs::{Inputs, WITH_VOIS, succeed};
use crate::mutate::mutate;
use crate::packed::{Packing, gzipped, inflated};
use crate::rng::Rng;

const WORDS: [&str; 16] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "0",
    "1e999",
    "[true,true,true]",
    "[false,false,false]",
    "\"voxels\":1,",
    "\"times\":64,",
    "\"payload\":0,",
    "\"batches\":[0,0],",
    "18446744073709551615",
    "\"regions\":0,",
];

/// The magic line has 16 bytes, the length of the header eight.
const HEADER: usize = 24;

/// Header, gzip content and the parts before them.
fn parts(shard: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let length = u64::from_le_bytes(shard.get(16..HEADER)?.try_into().ok()?) as usize;
    let header = shard.get(HEADER..HEADER + length)?;
    let content = shard.get(HEADER + length..shard.len().checked_sub(32)?)?;
    Some((&shard[..16], header, content))
}

/// Changes header or content and makes length and checksum right again.
pub fn mutate_inside(shard: &[u8], words: &[&str], rng: &mut Rng) -> Option<Vec<u8>> {
    let (magic, header, content) = parts(shard)?;
    let (mut header, mut content) = (header.to_vec(), content.to_vec());
    if rng.one_in(3) {
        let inside = inflated(&content)?;
        content = gzipped(&mutate(&inside, std::slice::from_ref(&inside), words, rng));
    } else {
        header = mutate(&header, std::slice::from_ref(&header), words, rng);
    }
    let mut out = magic.to_vec();
    out.extend((header.len() as u64).to_le_bytes());
    out.extend(&header);
    out.extend(&content);
    let sum = Sha256::digest(&out);
    out.extend(sum);
    Some(out)
}

/// As much as can be merged.
const RULES: MergeRules = MergeRules { allow_missing: true, mix_engines: true };

struct Silent;
impl Observer for Silent {}

/// Both halves of a run.
fn halves() -> [Vec<u8>; 2] {
    let inputs = Inputs::new();
    ["1/2", "2/2"].map(|part| {
        let out = format!("s{}", &part[..1]);
        let more = [
            "--activity",
            "activity.mha",
            "--histories",
            "400",
            "--batches",
            "4",
            "--shard",
            part,
            "-q",
            "-o",
            &out,
        ];
        let all: Vec<&str> = WITH_VOIS.iter().copied().chain(more).collect();
        succeed(&inputs.run(&all));
        std::fs::read(inputs.path(&format!("{out}/shard.voxgray"))).expect("a shard")
    })
}

pub fn kinds() -> Vec<Kind> {
    let [first, second] = halves();
    let kind = |name, share, whole: bool| {
        let second = second.clone();
        Kind {
            name,
            share,
            seeds: vec![first.clone()],
            words: &WORDS,
            packing: Packing::Shard,
            refuses_some: false,
            read: Box::new(move |folder: &Path, bytes: &[u8]| {
                let (path, other) = (folder.join("1.voxgray"), folder.join("2.voxgray"));
                std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
                if !whole {
                    return Ok(read_shard(&path).is_ok());
                }
                std::fs::write(&other, &second).map_err(|e| e.to_string())?;
                let out = folder.join("out");
                let value = merge(&out, &[path, other], true, RULES, &Silent).is_ok();
                let _ = std::fs::remove_dir_all(out);
                Ok(value)
            }),
        }
    };
    vec![kind("shards", 16, false), kind("shards-merge", 4, true)]
}
