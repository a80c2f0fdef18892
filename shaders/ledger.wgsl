// The books (`src/transport/ledger.rs`): kept by the lane, then added to a row of the ledger.

override LEDGER_WORDS: u32;
override LEDGER_ROWS: u32;
// First word of what left by face and kind in a row, and the kinds (`src/transport/escapes.rs`).
override ESCAPE_AT: u32;
override ESCAPE_KINDS: u32;
// In place of a face: what a beam sends past the grid.
override MISSED: u32;
// Every history has its own row (comparison of the engines); else rows are shared.
override PER_HISTORY: bool;

@group(0) @binding(6) var<storage, read_write> ledger: array<atomic<u32>>;

var<private> book_histories: u32;
var<private> book_primaries: u32;
var<private> book_emitted: vec2<u32>;
var<private> book_imparted: vec2<u32>;
var<private> book_escaped: vec2<u32>;
var<private> book_cut: vec2<u32>;
var<private> book_segments: u32;
var<private> book_collisions: u32;
var<private> book_segment_caps: u32;
var<private> book_stack_overflows: u32;
var<private> book_rejection_caps: u32;
var<private> book_majorant_excesses: u32;

// Energy (MeV) as fixed-point units, rounded to nearest, ties to even.
fn to_units(energy: f32) -> u32 {
    return u32(round(energy * TALLY_UNITS_PER_MEV));
}

fn book_emission(energy: f32) {
    book_primaries += 1u;
    book_emitted = add_wide(book_emitted, vec2<u32>(to_units(energy), 0u));
}

fn book_imparted_energy(energy: f32) {
    book_imparted = add_wide(book_imparted, vec2<u32>(to_units(energy), 0u));
}

// The face that is left along an axis, forward or backward.
fn face_number(axis: u32, forward: bool) -> u32 {
    return 2u * axis + select(0u, 1u, forward);
}

// Books a particle that leaves the grid through a face; a positron takes two rest energies along. What left by face and kind goes to the row at once:
// kept by the lane it would take dozens of registers.
fn escape(kind: u32, energy: f32, face: u32, slot: u32) {
    let rest = select(0.0, 2.0 * REST, is_positron(kind));
    let units = vec2<u32>(to_units(energy + rest), 0u);
    book_escaped = add_wide(book_escaped, units);
    let at = (slot % LEDGER_ROWS) * LEDGER_WORDS + ESCAPE_AT + (face * ESCAPE_KINDS + kind) * 4u;
    ledger_add_wide(at, vec2<u32>(1u, 0u));
    ledger_add_wide(at + 2u, units);
}

fn ledger_add(word: u32, value: u32) {
    if (value != 0u) {
        atomicAdd(&ledger[word], value);
    }
}

fn ledger_add_wide(word: u32, value: vec2<u32>) {
    if (value.x != 0u) {
        let old = atomicAdd(&ledger[word], value.x);
        if (old > 0xffffffffu - value.x) {
            atomicAdd(&ledger[word + 1u], 1u);
        }
    }
    ledger_add(word + 1u, value.y);
}

// Adds the lane's books to a row and starts anew.
fn flush_ledger(row: u32) {
    let at = (row % LEDGER_ROWS) * LEDGER_WORDS;
    ledger_add(at, book_histories);
    ledger_add(at + 1u, book_primaries);
    ledger_add_wide(at + 2u, book_emitted);
    ledger_add_wide(at + 4u, book_imparted);
    ledger_add_wide(at + 6u, book_escaped);
    ledger_add_wide(at + 8u, book_cut);
    ledger_add_wide(at + 10u, vec2<u32>(book_segments, 0u));
    ledger_add_wide(at + 12u, vec2<u32>(book_collisions, 0u));
    ledger_add(at + 14u, book_segment_caps);
    ledger_add(at + 15u, book_stack_overflows);
    ledger_add(at + 16u, book_rejection_caps);
    ledger_add(at + 17u, book_majorant_excesses);
    clear_books();
}

fn clear_books() {
    book_histories = 0u;
    book_primaries = 0u;
    book_emitted = vec2<u32>(0u, 0u);
    book_imparted = vec2<u32>(0u, 0u);
    book_escaped = vec2<u32>(0u, 0u);
    book_cut = vec2<u32>(0u, 0u);
    book_segments = 0u;
    book_collisions = 0u;
    book_segment_caps = 0u;
    book_stack_overflows = 0u;
    book_rejection_caps = 0u;
    book_majorant_excesses = 0u;
}

// A particle has ended or is put back: its history's row gets what was booked, where every history has one.
fn close_particle(slot: u32) {
    if (PER_HISTORY) {
        flush_ledger(slot);
    }
}
