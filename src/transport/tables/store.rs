//! Tables that were made before. The tables of a material are a second's work or more, and the same in every run with the same HU curve: they are
//! kept in memory for the next plan, and in a folder for the next program where one is named. Neglects nothing: what decides a table is in its
//! key, the program's source too, and what is found has the bits of what would be made.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, RwLock};

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::io::cache;
use crate::program::Program;

/// First word of the files' names.
const KIND: &str = "tables";
/// First bytes of a file.
const MAGIC: &[u8; 16] = b"voxgray tables 1";
/// Bytes of a SHA-256.
const HASH: usize = 32;
/// Bytes of a word.
const WORD: usize = 4;
/// Most words that memory keeps: 64 MiB, some hundred materials.
const MOST_WORDS: usize = 16 << 20;
/// Most bytes that a folder keeps.
const MOST_BYTES: u64 = 256 << 20;

/// The blocks of a table, in the order of whoever makes it: f32 by their bits, f64 as two words.
pub type Blocks = Vec<Vec<u32>>;

/// The tables in memory, the oldest first to go.
#[derive(Default)]
struct Memory {
    found: HashMap<[u8; HASH], Arc<Blocks>>,
    order: VecDeque<[u8; HASH]>,
    words: usize,
}

static MEMORY: LazyLock<Mutex<Memory>> = LazyLock::new(Mutex::default);
static FOLDER: RwLock<Option<PathBuf>> = RwLock::new(None);
/// Whether files were written since the folder was looked over.
static WROTE: AtomicBool = AtomicBool::new(false);

/// Names the folder in which this process looks for tables and keeps them; none: it keeps them in memory alone, as a library does until it is told.
pub fn keep_in(folder: Option<PathBuf>) {
    *FOLDER.write().unwrap_or_else(PoisonError::into_inner) = folder;
}

/// The table of a kind that `of` decides, in words: found, or made and kept. That it cannot be kept is no error.
///
/// # Errors
/// Those of `make`.
pub fn kept(kind: &str, of: &str, make: impl FnOnce() -> Result<Blocks>) -> Result<Arc<Blocks>> {
    let key = Program::key(&format!("{kind} {of}"));
    if let Some(found) = memory().found.get(&key) {
        return Ok(found.clone());
    }
    let folder = FOLDER.read().unwrap_or_else(PoisonError::into_inner).clone();
    let read = folder.as_deref().and_then(|folder| cache::find(folder, KIND, &key));
    if let Some(blocks) = read.and_then(|bytes| decode(&key, &bytes)) {
        return Ok(memory().take(key, blocks));
    }
    let blocks = make()?;
    if let Some(folder) = folder
        && cache::keep(&folder, KIND, &key, &encode(&key, &blocks)).is_ok()
    {
        WROTE.store(true, Relaxed);
    }
    Ok(memory().take(key, blocks))
}

/// Removes the oldest files of a folder that has grown too large; for the end of a plan's tables.
pub fn tidy() {
    if WROTE.swap(false, Relaxed)
        && let Some(folder) = &*FOLDER.read().unwrap_or_else(PoisonError::into_inner)
    {
        cache::prune(folder, KIND, MOST_BYTES);
    }
}

fn memory() -> MutexGuard<'static, Memory> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    fn take(&mut self, key: [u8; HASH], blocks: Blocks) -> Arc<Blocks> {
        let words = |blocks: &Blocks| blocks.iter().map(Vec::len).sum::<usize>();
        self.words += words(&blocks);
        let blocks = Arc::new(blocks);
        match self.found.insert(key, blocks.clone()) {
            Some(same) => self.words -= words(&same),
            None => self.order.push_back(key),
        }
        while self.words > MOST_WORDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.words -= self.found.remove(&oldest).map_or(0, |gone| words(&gone));
        }
        blocks
    }
}

/// Magic, key, number of blocks, their lengths, the words, and the SHA-256 of all that: little endian.
fn encode(key: &[u8; HASH], blocks: &Blocks) -> Vec<u8> {
    let mut bytes = Vec::from(MAGIC);
    bytes.extend(key);
    let lengths = std::iter::once(blocks.len()).chain(blocks.iter().map(Vec::len));
    lengths.for_each(|n| bytes.extend((n as u32).to_le_bytes()));
    blocks.iter().flatten().for_each(|word| bytes.extend(word.to_le_bytes()));
    let hash = Sha256::digest(&bytes);
    bytes.extend(hash);
    bytes
}

/// The blocks of a whole file of this key.
fn decode(key: &[u8; HASH], bytes: &[u8]) -> Option<Blocks> {
    let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    if Sha256::digest(body)[..] != *hash {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?.strip_prefix(key)?;
    let mut words = rest.chunks_exact(WORD).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]));
    let number = words.next()? as usize;
    let lengths: Vec<usize> = words.by_ref().take(number).map(|n| n as usize).collect();
    let left = (rest.len() / WORD).checked_sub(1 + number)?;
    if lengths.iter().sum::<usize>() != left {
        return None;
    }
    Some(lengths.into_iter().map(|n| words.by_ref().take(n).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_file_of_the_key_is_read() {
        let (key, other) = (Program::key("one"), Program::key("other"));
        let blocks = vec![vec![1, 2, u32::MAX], Vec::new(), vec![7]];
        let bytes = encode(&key, &blocks);
        assert_eq!(decode(&key, &bytes), Some(blocks));
        assert_eq!(decode(&other, &bytes), None);
        for n in 0..bytes.len() {
            assert_eq!(decode(&key, &bytes[..n]), None, "{n} bytes");
            let mut changed = bytes.clone();
            changed[n] ^= 1;
            assert_eq!(decode(&key, &changed), None, "byte {n}");
        }
    }

    #[test]
    fn memory_keeps_the_newest() {
        let mut memory = Memory::default();
        let key = |n: u32| Program::key(&n.to_string());
        for n in 0..5 {
            memory.take(key(n), vec![vec![0; MOST_WORDS / 4]]);
        }
        memory.take(key(4), vec![vec![0; MOST_WORDS / 4]]);
        let left: Vec<bool> = (0..5).map(|n| memory.found.contains_key(&key(n))).collect();
        assert_eq!(left, [false, true, true, true, true]);
        assert_eq!((memory.words, memory.order.len()), (MOST_WORDS, 4));
    }
}
