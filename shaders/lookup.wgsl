// Table look-ups (`src/transport/cpu/lookup.rs`, `src/transport/layout.rs`).

struct Located {
    index: u32,
    fraction: f32,
}

fn locate(bits_per_octave: u32, energy: f32) -> Located {
    let shift = 23u - bits_per_octave;
    let base = u32(127 + LOWEST_EXPONENT) << bits_per_octave;
    let last = (OCTAVES << bits_per_octave) - 1u;
    let bits = bitcast<u32>(energy);
    let raw = bits >> shift;
    let fraction = f32(bits & ((1u << shift) - 1u)) * (1.0 / f32(1u << shift));
    if (raw < base) {
        return Located(0u, 0.0);
    }
    if (raw > base + last) {
        return Located(last, 1.0);
    }
    return Located(raw - base, fraction);
}

// Linear interpolation of one value whose record starts at `base` (material's first node).
fn interpolate(base: u32, record: u32, at: Located) -> f32 {
    let low = table(base + at.index * record);
    let high = table(base + (at.index + 1u) * record);
    return low + (high - low) * at.fraction;
}

struct LeptonRates {
    loss: f32,
    loss_slope: f32,
    strength: f32,
    strength_slope: f32,
}

fn lepton_rates(lepton_set: u32, energy: f32) -> LeptonRates {
    let at = locate(FINE_BITS, energy);
    let base = params.offsets.lepton + (lepton_set * FINE_NODES + at.index) * LEPTON_RECORD;
    let octave = (bitcast<u32>(energy) & 0x7f800000u) - (FINE_BITS << 23u);
    let per_mev = 1.0 / bitcast<f32>(octave);
    let low_loss = table(base);
    let low_strength = table(base + 1u);
    let loss = table(base + LEPTON_RECORD) - low_loss;
    let strength = table(base + LEPTON_RECORD + 1u) - low_strength;
    return LeptonRates(
        low_loss + loss * at.fraction,
        loss * per_mev,
        low_strength + strength * at.fraction,
        strength * per_mev,
    );
}

fn lepton_record(lepton_set: u32) -> u32 {
    return params.offsets.lepton + lepton_set * FINE_NODES * LEPTON_RECORD;
}

fn csda_range(lepton_set: u32, energy: f32) -> f32 {
    return interpolate(lepton_record(lepton_set) + 4u, LEPTON_RECORD, locate(FINE_BITS, energy));
}

// Hard cross section (cm2/g), and bremsstrahlung's share of it.
fn hard_rates(lepton_set: u32, energy: f32) -> vec2<f32> {
    let at = locate(FINE_BITS, energy);
    let base = lepton_record(lepton_set) + 2u;
    return vec2<f32>(
        interpolate(base, LEPTON_RECORD, at),
        interpolate(base + 1u, LEPTON_RECORD, at),
    );
}

fn thick_target_photons(lepton_set: u32, energy: f32) -> f32 {
    return interpolate(lepton_record(lepton_set) + 5u, LEPTON_RECORD, locate(FINE_BITS, energy));
}

fn photon_record(material: u32) -> u32 {
    return params.offsets.photon + material * FINE_NODES * PHOTON_RECORD;
}

fn mu_over_rho(material: u32, energy: f32) -> f32 {
    return interpolate(photon_record(material), PHOTON_RECORD, locate(FINE_BITS, energy));
}

fn mu_en_over_rho(material: u32, energy: f32) -> f32 {
    return interpolate(photon_record(material) + 4u, PHOTON_RECORD, locate(FINE_BITS, energy));
}

// Cumulative shares of Compton, photoelectric, Rayleigh.
fn photon_shares(material: u32, energy: f32) -> vec3<f32> {
    let at = locate(FINE_BITS, energy);
    let base = photon_record(material);
    return vec3<f32>(
        interpolate(base + 1u, PHOTON_RECORD, at),
        interpolate(base + 2u, PHOTON_RECORD, at),
        interpolate(base + 3u, PHOTON_RECORD, at),
    );
}

fn fluorescence_probabilities(material: u32, energy: f32) -> vec2<f32> {
    let at = locate(FINE_BITS, energy);
    let base = photon_record(material) + 5u;
    return vec2<f32>(
        interpolate(base, PHOTON_RECORD, at),
        interpolate(base + 1u, PHOTON_RECORD, at),
    );
}

// One value of a table that has a single f32 per fine node.
fn majorant(offset: u32, hardness: u32, energy: f32) -> f32 {
    return interpolate(offset + hardness * FINE_NODES, 1u, locate(FINE_BITS, energy));
}

// The lower or the upper node of the energy's interval, with probabilities linear in energy.
fn coarse_node(energy: f32, u: f32) -> u32 {
    let at = locate(COARSE_BITS, energy);
    return at.index + select(0u, 1u, u < at.fraction);
}

// Interval and fraction inside it of `u` in [0, 1] on a table of equal intervals.
fn interval(u: f32, intervals: u32) -> Located {
    let x = u * f32(intervals);
    let i = min(i32(x), i32(intervals) - 1);
    return Located(u32(i), x - f32(i));
}

// Linear interpolation of a table at `u` in [0, 1].
fn sample_uniform_table(at: u32, intervals: u32, u: f32) -> f32 {
    let l = interval(u, intervals);
    let low = table(at + l.index);
    let high = table(at + l.index + 1u);
    return low + (high - low) * l.fraction;
}

fn angular_at(offset: u32, lepton_set: u32, node: u32) -> u32 {
    return offset + (lepton_set * COARSE_NODES + node) * ANGULAR_STRIDE;
}

// mu = (1 - cos_theta)/2 from the inverse-CDF table at `at`.
fn sample_angular(at: u32, u: f32) -> f32 {
    let a = table(at);
    let ratio = sample_uniform_table(at + ANGULAR_HEADER, ANGULAR_INTERVALS, sqrt(u));
    let mu = a * (1.0 - u) / (u + a) * ratio;
    return smaller(larger(mu, 0.0), 1.0);
}

fn spectrum_at(offset: u32, lepton_set: u32, node: u32) -> u32 {
    return offset + (lepton_set * COARSE_NODES + node) * SPECTRUM_STRIDE;
}

// (k - k_cut) / (e - k_cut) of a photon.
fn sample_spectrum(at: u32, u: f32) -> f32 {
    return sample_uniform_table(at, SPECTRUM_INTERVALS, sqrt(u));
}

fn voxel_density(word: u32) -> f32 {
    return bitcast<f32>(word & ~((1u << MATERIAL_BITS) - 1u));
}

fn voxel_material(word: u32) -> u32 {
    return word & ((1u << MATERIAL_BITS) - 1u);
}

// Production threshold (MeV) of hard collisions at an energy.
fn production_threshold(energy: f32) -> f32 {
    return smaller(larger(energy * params.threshold_fraction, params.threshold_min), params.threshold_max);
}
