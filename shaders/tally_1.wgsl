// The words of one batch in one binding: two u32 per cell and origin, low word first.

@group(0) @binding(12) var<storage, read_write> tally: array<atomic<u32>>;

fn tally_add(word: u32, units: u32) {
    let old = atomicAdd(&tally[word], units);
    if (old > 0xffffffffu - units) {
        atomicAdd(&tally[word + 1u], 1u);
    }
}
