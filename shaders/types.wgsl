// What every kernel sees: the plan's scalars and arrays. Layouts are those of `src/transport/layout.rs` and
// `src/transport/gpu/layout.rs`; a test compares them by reflection. Inside: MeV, cm, g.

// Filled by Rust (`src/transport/gpu/constants.rs`); none has a value here.
override REST: f32;
override TALLY_UNITS_PER_MEV: f32;
override FINE_BITS: u32;
override COARSE_BITS: u32;
override LOWEST_EXPONENT: i32;
override OCTAVES: u32;
override FINE_INTERVALS: u32;
override MAJORANT_STRIDE: u32;
override WINDOW_INTERVALS: u32;
override COARSE_NODES: u32;
override ANGULAR_INTERVALS: u32;
override ANGULAR_HEADER: u32;
override ANGULAR_STRIDE: u32;
override SPECTRUM_INTERVALS: u32;
override SPECTRUM_STRIDE: u32;
override SOURCE_SPECTRUM_INTERVALS: u32;
override LEPTON_RECORD: u32;
override PHOTON_RECORD: u32;
override MATERIAL_BITS: u32;
override SHORT_BIT: u32;
override ALPHA_NODES: u32;
override ALPHA_ENERGY_STEP: f32;
override PHOTON: u32;
override ELECTRON: u32;
override POSITRON: u32;
override ALPHA: u32;
override ORIGIN_ELECTRON: u32;
override ORIGIN_PHOTON: u32;
override ORIGIN_ALPHA: u32;
// What the plan has; what it has not is not compiled. `params.flags` and these say the same.
override KERMA: bool;
override POINT_SOURCE: bool;
override STRAGGLING: bool;
// Compton scattering by the impulse approximation.
override IMPULSE: bool;
// The source is a beam from outside.
override BEAM: bool;
// Positrons and pairs.
override POSITRONS: bool;
override ALPHAS: bool;
// The majorant is one for the whole grid.
override ONE_CELL: bool;
// Scoring by shells round the centre of one voxel (validation), not by voxel.
override RADIAL: bool;
// Scoring also in parts of the voxels of a box.
override FINE: bool;

struct Offsets {
    photon: u32,
    photon_majorant: u32,
    compton: u32,
    rayleigh: u32,
    fluorescence: u32,
    lepton: u32,
    hard_majorant: u32,
    scattering: u32,
    bremsstrahlung: u32,
    thick_target: u32,
    alpha: u32,
    thresholds: u32,
    shells: u32,
    beam: u32,
}

struct Params {
    dims: vec3<u32>,
    materials: u32,
    voxel_cm: vec3<f32>,
    electron_cutoff: f32,
    inverse_voxel: vec3<f32>,
    photon_cutoff: f32,
    cell_dims: vec3<u32>,
    cell_voxels: u32,
    fine_first: vec3<u32>,
    fine_parts: u32,
    fine_voxels: vec3<u32>,
    fine_base: u32,
    threshold_fraction: f32,
    threshold_min: f32,
    short_sets: u32,
    photon_threshold: f32,
    flags: u32,
    shells: u32,
    seed: vec2<u32>,
    source_voxels: u32,
    local_electron: f32,
    local_photon: f32,
    local_alpha: f32,
    settle_energy: f32,
    spare: u32,
    source_groups: u32,
    source_entries: u32,
    time_points: u32,
    reciprocal_nx: u32,
    reciprocal_ny: u32,
    compton_shells: u32,
    offsets: Offsets,
}

// What changes from batch to batch, and where the uploaded words beyond the plan's tables start.
struct Batch {
    // Number of the batch's first history.
    first: vec2<u32>,
    // Systematic sampling: history i sits at `offset + i stride` of the cumulative activity.
    offset: vec2<u32>,
    stride: vec2<u32>,
    histories: u32,
    cells: u32,
    groups: u32,
    entries: u32,
    source_most: u32,
    spare: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
// The plan's f32 tables as bits, then the majorant cells, the emission groups and their entries, in blocks of four words: what is
// looked up together stands in one block, because a load costs about the same whatever its width.
@group(0) @binding(2) var<storage, read> tables: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> voxels: array<u32>;

// One word.
fn table_word(at: u32) -> u32 {
    return tables[at >> 2u][at & 3u];
}

fn table(at: u32) -> f32 {
    return bitcast<f32>(table_word(at));
}

// Four words from a multiple of four on.
fn table_words(at: u32) -> vec4<u32> {
    return tables[at >> 2u];
}

fn table_block(at: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(table_words(at));
}

// A point in the grid with what the voxel holds. `local` is relative to the voxel's centre.
struct Place {
    voxel: vec3<i32>,
    linear: u32,
    local: vec3<f32>,
    density: f32,
    material: u32,
    // 1 where steps are short, else 0.
    short_steps: u32,
}

fn is_positron(kind: u32) -> bool {
    return POSITRONS && kind == POSITRON;
}

// A particle in flight; its stream is in `rng.wgsl`.
struct Particle {
    kind: u32,
    origin: u32,
    energy: f32,
    // Where its books are kept: a history's own row, or one of a few.
    slot: u32,
    direction: vec3<f32>,
}
