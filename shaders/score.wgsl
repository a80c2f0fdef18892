// Where energy goes: voxels, or spherical shells round the centre of one (`src/transport/cpu/score.rs`).

// Words (pairs) of a cell, and the one of each origin, always below that number (`src/transport/score.rs`).
override TALLY_CHANNELS: u32;
override CHANNEL_ELECTRON: u32;
override CHANNEL_PHOTON: u32;
override CHANNEL_ALPHA: u32;
// Time points that are scored with a weight each, instead of the origins; 0 in an ordinary run.
override TIME_POINTS: u32;

// Weights of the histories, by source voxel and time point (`src/transport/times.rs`).
@group(0) @binding(11) var<storage, read> source_weights: array<f32>;

// Source voxel (its number among them) that the particle in work stems from.
var<private> source_row: u32;

// Shell of a point relative to the centre; the last cell is everything outside.
fn shell_of(local: vec3<f32>) -> u32 {
    let r = sqrt(local.x * local.x + local.y * local.y + local.z * local.z);
    var low = 0u;
    var high = params.shells;
    while (low < high) {
        let middle = (low + high) / 2u;
        if (table(params.offsets.shells + middle) < r) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// Distance of a point to the nearest shell boundary, cm.
fn shell_clearance(local: vec3<f32>) -> f32 {
    let r = sqrt(local.x * local.x + local.y * local.y + local.z * local.z);
    let shell = shell_of(local);
    var clearance = 3e38;
    if (shell < params.shells) {
        clearance = table(params.offsets.shells + shell) - r;
    }
    if (shell > 0u) {
        clearance = smaller(clearance, r - table(params.offsets.shells + shell - 1u));
    }
    return clearance;
}

// The word of an origin in a cell.
fn channel_of(origin: u32) -> u32 {
    let light = select(CHANNEL_ELECTRON, CHANNEL_PHOTON, origin == ORIGIN_PHOTON);
    return select(light, CHANNEL_ALPHA, origin == ORIGIN_ALPHA);
}

// Adds fixed-point units to a cell.
fn score_units(cell: u32, origin: u32, units: u32) {
    if (units != 0u) {
        tally_add((cell * TALLY_CHANNELS + channel_of(origin)) * 2u, units);
    }
}

// Books `energy` (MeV) of a source emission type at a point: at every time point with its weight, where there are several.
fn score(linear: u32, local: vec3<f32>, origin: u32, energy: f32) {
    for (var t = 0u; t < TIME_POINTS; t += 1u) {
        let units = to_units(energy * source_weights[source_row * TIME_POINTS + t]);
        if (units != 0u) {
            tally_add((linear * TIME_POINTS + t) * 2u, units);
        }
    }
    if (TIME_POINTS != 0u) {
        return;
    }
    var cell = linear;
    if (RADIAL) {
        cell = shell_of(local);
    }
    score_units(cell, origin, to_units(energy));
}
