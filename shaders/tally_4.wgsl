// The words of one batch in four bindings, for grids above one: two u32 per cell and origin, low word first.

// Words in each part but the last.
override TALLY_PART_WORDS: u32;

@group(0) @binding(12) var<storage, read_write> tally_a: array<atomic<u32>>;
@group(0) @binding(13) var<storage, read_write> tally_b: array<atomic<u32>>;
@group(0) @binding(14) var<storage, read_write> tally_c: array<atomic<u32>>;
@group(0) @binding(15) var<storage, read_write> tally_d: array<atomic<u32>>;

fn tally_add(word: u32, units: u32) {
    let part = word / TALLY_PART_WORDS;
    let at = word - part * TALLY_PART_WORDS;
    switch part {
        case 0u: {
            if (atomicAdd(&tally_a[at], units) > 0xffffffffu - units) {
                atomicAdd(&tally_a[at + 1u], 1u);
            }
        }
        case 1u: {
            if (atomicAdd(&tally_b[at], units) > 0xffffffffu - units) {
                atomicAdd(&tally_b[at + 1u], 1u);
            }
        }
        case 2u: {
            if (atomicAdd(&tally_c[at], units) > 0xffffffffu - units) {
                atomicAdd(&tally_c[at + 1u], 1u);
            }
        }
        default: {
            if (atomicAdd(&tally_d[at], units) > 0xffffffffu - units) {
                atomicAdd(&tally_d[at + 1u], 1u);
            }
        }
    }
}
