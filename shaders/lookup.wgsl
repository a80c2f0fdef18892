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

// Linear interpolation of a block's two quantities, each given at the low and the high end of an interval.
fn interpolate(block: vec4<f32>, fraction: f32) -> vec2<f32> {
    return vec2<f32>(block.x + (block.y - block.x) * fraction, block.z + (block.w - block.z) * fraction);
}

// Linear interpolation between the ends of an interval of a windowed table (`src/transport/tables/neighbours.rs`).
fn within(base: u32, at: Located) -> f32 {
    let number = at.index / WINDOW_INTERVALS;
    let block = table_block(base + number * 4u);
    let k = at.index - number * WINDOW_INTERVALS;
    let ends = select(select(block.xy, block.yz, k == 1u), block.zw, k == 2u);
    return ends.x + (ends.y - ends.x) * at.fraction;
}

struct LeptonRates {
    loss: f32,
    loss_slope: f32,
    strength: f32,
    strength_slope: f32,
}

// First word of a lepton's record of an interval.
fn lepton_record(lepton_set: u32, interval_number: u32) -> u32 {
    return params.offsets.lepton + (lepton_set * FINE_INTERVALS + interval_number) * LEPTON_RECORD;
}

fn lepton_rates(lepton_set: u32, energy: f32) -> LeptonRates {
    let at = locate(FINE_BITS, energy);
    let block = table_block(lepton_record(lepton_set, at.index));
    let octave = (bitcast<u32>(energy) & 0x7f800000u) - (FINE_BITS << 23u);
    let per_mev = 1.0 / bitcast<f32>(octave);
    let loss = block.y - block.x;
    let strength = block.w - block.z;
    return LeptonRates(
        block.x + loss * at.fraction,
        loss * per_mev,
        block.z + strength * at.fraction,
        strength * per_mev,
    );
}

// Hard cross section (cm2/g), and bremsstrahlung's share of it.
fn hard_rates(lepton_set: u32, energy: f32) -> vec2<f32> {
    let at = locate(FINE_BITS, energy);
    return interpolate(table_block(lepton_record(lepton_set, at.index) + 4u), at.fraction);
}

// CSDA range (g/cm2), and thick-target photons.
fn slowing_down(lepton_set: u32, energy: f32) -> vec2<f32> {
    let at = locate(FINE_BITS, energy);
    return interpolate(table_block(lepton_record(lepton_set, at.index) + 8u), at.fraction);
}

fn csda_range(lepton_set: u32, energy: f32) -> f32 {
    return slowing_down(lepton_set, energy).x;
}

fn thick_target_photons(lepton_set: u32, energy: f32) -> f32 {
    return slowing_down(lepton_set, energy).y;
}

fn photon_record(material: u32, interval_number: u32) -> u32 {
    return params.offsets.photon + (material * FINE_INTERVALS + interval_number) * PHOTON_RECORD;
}

// mu/rho and mu_en/rho, cm2/g.
fn photon_rates(material: u32, energy: f32) -> vec2<f32> {
    let at = locate(FINE_BITS, energy);
    return interpolate(table_block(photon_record(material, at.index)), at.fraction);
}

// Cumulative shares of Compton, photoelectric, Rayleigh.
fn photon_shares(material: u32, energy: f32) -> vec3<f32> {
    let at = locate(FINE_BITS, energy);
    let record = photon_record(material, at.index);
    let first = interpolate(table_block(record + 4u), at.fraction);
    return vec3<f32>(first, interpolate(table_block(record + 8u), at.fraction).x);
}

fn fluorescence_probabilities(material: u32, energy: f32) -> vec2<f32> {
    let at = locate(FINE_BITS, energy);
    return interpolate(table_block(photon_record(material, at.index) + 12u), at.fraction);
}

// One value of a windowed table over the fine grid.
fn majorant(offset: u32, row: u32, energy: f32) -> f32 {
    return within(offset + row * MAJORANT_STRIDE, locate(FINE_BITS, energy));
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

fn angular_at(offset: u32, lepton_set: u32, node: u32) -> u32 {
    return offset + (lepton_set * COARSE_NODES + node) * ANGULAR_STRIDE;
}

// mu = (1 - cos_theta)/2 from the inverse-CDF table at `at`.
fn sample_angular(at: u32, u: f32) -> f32 {
    let a = table(at);
    let ratio = within(at + ANGULAR_HEADER, interval(sqrt(u), ANGULAR_INTERVALS));
    let mu = a * (1.0 - u) / (u + a) * ratio;
    return smaller(larger(mu, 0.0), 1.0);
}

fn spectrum_at(offset: u32, lepton_set: u32, node: u32) -> u32 {
    return offset + (lepton_set * COARSE_NODES + node) * SPECTRUM_STRIDE;
}

// (k - k_cut) / (e - k_cut) of a photon.
fn sample_spectrum(at: u32, u: f32) -> f32 {
    return within(at, interval(sqrt(u), SPECTRUM_INTERVALS));
}

fn voxel_density(word: u32) -> f32 {
    return bitcast<f32>(word & ~((1u << SHORT_BIT) | ((1u << MATERIAL_BITS) - 1u)));
}

fn voxel_material(word: u32) -> u32 {
    return word & ((1u << MATERIAL_BITS) - 1u);
}

// Production threshold (MeV) of hard collisions at an energy in a material, where steps are short or not.
fn production_threshold(energy: f32, material: u32, short_steps: u32) -> f32 {
    let largest = table(params.offsets.thresholds + short_steps * params.materials + material);
    return smaller(larger(energy * params.threshold_fraction, params.threshold_min), largest);
}
