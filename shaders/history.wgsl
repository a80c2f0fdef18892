// One history: one decay with everything it emits, from a voxel of the source (`src/transport/cpu/history.rs`).

@group(0) @binding(8) var<storage, read> source_voxels: array<u32>;
@group(0) @binding(9) var<storage, read> source_cumulative_low: array<u32>;
@group(0) @binding(10) var<storage, read> source_cumulative_high: array<u32>;

// Words of a group and of an entry behind the tables.
const GROUP_WORDS: u32 = 5u;
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
    return SourceGroup(tables[at], tables[at + 1u], table(at + 2u), tables[at + 3u], tables[at + 4u]);
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
    for (var i = 0u; i < SOURCE_STEPS; i += 1u) {
        if (below_wide(position, source_cumulative(at)) || at == last) {
            break;
        }
        at += 1u;
    }
    var begins = vec2<u32>(0u, 0u);
    if (at > 0u) {
        begins = source_cumulative(at - 1u);
    }
    if (below_wide(position, begins) || !below_wide(position, source_cumulative(at))) {
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
    var at = entries + index * ENTRY_WORDS;
    // The fraction of the first draw decides between the entry and its alias.
    if (pick - f32(index) > table(at)) {
        at = entries + tables[at + 1u] * ENTRY_WORDS;
    }
    let spectrum = tables[at + 3u];
    if (spectrum == NO_SPECTRUM) {
        return table(at + 2u);
    }
    return sample_uniform_table(spectrum, SOURCE_SPECTRUM_INTERVALS, u);
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
    if ((params.flags & FLAG_POINT_SOURCE) == 0u) {
        let x = (uniform_draw() - 0.5) * params.voxel_cm.x;
        let y = (uniform_draw() - 0.5) * params.voxel_cm.y;
        let z = (uniform_draw() - 0.5) * params.voxel_cm.z;
        local = vec3<f32>(x, y, z);
    }
    var place = place_at(voxel, local);
    deposit_local(&place, ORIGIN_ELECTRON, params.local_electron);
    deposit_local(&place, ORIGIN_PHOTON, params.local_photon);
    deposit_local(&place, ORIGIN_ALPHA, params.local_alpha);
    for (var g = 0u; g < params.source_groups; g += 1u) {
        let group = source_group(g);
        let more = uniform_draw() < group.fraction;
        let number = group.whole + select(0u, 1u, more);
        for (var k = 0u; k < number; k += 1u) {
            emit(&place, group, i);
            flush_secondaries(&place, i);
        }
    }
}

// One particle of a decay: settled here, followed here (alphas) or pushed.
fn emit(place: ptr<function, Place>, group: SourceGroup, slot: u32) {
    let energy = sample_energy(group);
    if (group.kind == ELECTRON && ends_here(place, energy)) {
        book_emission(energy);
        let local = settle(place, ELECTRON, ORIGIN_ELECTRON, energy);
        deposit(place, ORIGIN_ELECTRON, local);
        return;
    }
    let direction = sample_isotropic();
    let rest = select(0.0, 2.0 * REST, group.kind == POSITRON);
    book_emission(energy + rest);
    let origin = origin_of(group.kind);
    if (group.kind == ALPHA) {
        children += 1u;
        transport_alpha(*place, Particle(ALPHA, origin, energy, slot, direction));
        return;
    }
    push(group.kind, origin, energy, direction);
}
