// One history: one decay with everything it emits, from a voxel of the source or in a beam (`src/transport/cpu/history.rs`).

@group(0) @binding(7) var<storage, read> source_voxels: array<u32>;
@group(0) @binding(8) var<storage, read> source_cumulative_low: array<u32>;
@group(0) @binding(9) var<storage, read> source_cumulative_high: array<u32>;

// Words of a group and of an entry behind the tables.
const GROUP_WORDS: u32 = 8u;
const ENTRY_WORDS: u32 = 4u;
// Source voxels to try in order before a binary search.
const SOURCE_STEPS: u32 = 8u;
const NO_SPECTRUM: u32 = 0xffffffffu;

struct SourceGroup {
    kind: u32,
    whole: u32,
    fraction: f32,
    first: u32,
    count: u32,
}

fn source_group(group: u32) -> SourceGroup {
    let at = batch.groups + group * GROUP_WORDS;
    let words = table_words(at);
    return SourceGroup(words.x, words.y, bitcast<f32>(words.z), words.w, table_word(at + 4u));
}

// Cumulative activity up to and including a source voxel.
fn source_cumulative(at: u32) -> vec2<u32> {
    return vec2<u32>(source_cumulative_low[at], source_cumulative_high[at]);
}

// Position of history `i` of the batch in the cumulative activity: `offset + i stride` (below 2^62).
fn strata_position(i: u32) -> vec2<u32> {
    let low = mul_wide(batch.stride.x, i);
    let product = vec2<u32>(low.x, low.y + batch.stride.y * i);
    return add_wide(batch.offset, product);
}

// Index of the source voxel at a position; `hint` is where the search starts.
fn source_index(position: vec2<u32>, hint: u32) -> u32 {
    let last = params.source_voxels - 1u;
    var at = min(hint, last);
    var ends = source_cumulative(at);
    var behind = at != last && !below_wide(position, ends);
    var i = 0u;
    loop {
        if (behind) {
            at += 1u;
            ends = source_cumulative(at);
            behind = at != last && !below_wide(position, ends);
        }
        continuing {
            i += 1u;
            break if !behind || i == SOURCE_STEPS;
        }
    }
    var begins = vec2<u32>(0u, 0u);
    if (at > 0u) {
        begins = source_cumulative(at - 1u);
    }
    if (below_wide(position, begins) || !below_wide(position, ends)) {
        var low = 0u;
        var high = params.source_voxels;
        while (low < high) {
            let middle = low + (high - low) / 2u;
            if (below_wide(position, source_cumulative(middle))) {
                high = middle;
            } else {
                low = middle + 1u;
            }
        }
        at = min(low, last);
    }
    return at;
}

// Energy of one emission of a group: alias table, then the spectrum's inverse CDF where it is not a line. Two draws.
fn sample_energy(group: SourceGroup) -> f32 {
    let pick = uniform_draw() * f32(group.count);
    let index = min(u32(pick), group.count - 1u);
    let u = uniform_draw();
    let entries = batch.entries + group.first * ENTRY_WORDS;
    var entry = table_words(entries + index * ENTRY_WORDS);
    // The fraction of the first draw decides between the entry and its alias.
    if (pick - f32(index) > bitcast<f32>(entry.x)) {
        entry = table_words(entries + entry.y * ENTRY_WORDS);
    }
    if (entry.w == NO_SPECTRUM) {
        return bitcast<f32>(entry.z);
    }
    return within(entry.w, interval(u, SOURCE_SPECTRUM_INTERVALS));
}

// Tally of a primary.
fn origin_of(kind: u32) -> u32 {
    if (kind == PHOTON) {
        return ORIGIN_PHOTON;
    }
    return select(ORIGIN_ELECTRON, ORIGIN_ALPHA, kind == ALPHA);
}

// An expected-value deposit of the decay where it happens.
fn deposit_local(place: ptr<function, Place>, origin: u32, energy: f32) {
    if (energy > 0.0) {
        book_emission(energy);
        deposit(place, origin, energy);
    }
}

// Emits everything of history `i` of the batch, which decays in source voxel `at`.
fn decay(i: u32, at: u32) {
    book_histories += 1u;
    start_stream(history_state(params.seed, add_wide(batch.first, vec2<u32>(i, 0u))));
    let voxel = unlinear(source_voxels[at]);
    var local = vec3<f32>(0.0, 0.0, 0.0);
    if (BEAM) {
        beam_start = sample_field();
    } else if (!POINT_SOURCE) {
        let x = (uniform_draw() - 0.5) * params.voxel_cm.x;
        let y = (uniform_draw() - 0.5) * params.voxel_cm.y;
        let z = (uniform_draw() - 0.5) * params.voxel_cm.z;
        local = vec3<f32>(x, y, z);
    }
    var place = place_at(voxel, local);
    deposit_local(&place, ORIGIN_ELECTRON, params.local_electron);
    deposit_local(&place, ORIGIN_PHOTON, params.local_photon);
    deposit_local(&place, ORIGIN_ALPHA, params.local_alpha);
    // One loop for the particles of all groups, so that lanes wait less for each other; its condition stands at the end, as in
    // `flush_secondaries`. A group gives a whole number in every decay, and one more in a fraction of them.
    var group: SourceGroup;
    var next_group = 0u;
    var left = 0u;
    loop {
        loop {
            if (left == 0u && next_group < params.source_groups) {
                group = source_group(next_group);
                let more = uniform_draw() < group.fraction;
                left = group.whole + select(0u, 1u, more);
                next_group += 1u;
            }
            continuing {
                break if left > 0u || next_group >= params.source_groups;
            }
        }
        if (left > 0u) {
            emit(&place, group, i);
            flush_secondaries(&place, i);
            left -= 1u;
        }
        continuing {
            break if left == 0u && next_group >= params.source_groups;
        }
    }
}

// One particle of a decay: settled here, followed here (alphas) or pushed.
fn emit(place: ptr<function, Place>, group: SourceGroup, slot: u32) {
    let energy = sample_energy(group);
    let rest = select(0.0, 2.0 * REST, is_positron(group.kind));
    book_emission(energy + rest);
    var direction = vec3<f32>(0.0, 0.0, 0.0);
    if (BEAM) {
        direction = sample_cone();
        if (!enter(place, beam_start, direction)) {
            escape(group.kind, energy, MISSED, slot);
            return;
        }
    }
    if (group.kind == ELECTRON && ends_here(place, energy)) {
        let local = settle(place, ELECTRON, ORIGIN_ELECTRON, energy);
        deposit(place, ORIGIN_ELECTRON, local);
        return;
    }
    if (!BEAM) {
        direction = sample_isotropic();
    }
    let origin = origin_of(group.kind);
    if (ALPHAS && group.kind == ALPHA) {
        children += 1u;
        transport_alpha(*place, Particle(ALPHA, origin, energy, slot, direction));
        return;
    }
    push(group.kind, origin, energy, direction);
}
