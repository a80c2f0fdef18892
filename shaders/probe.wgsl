// Entry points that run one function each on many inputs, for comparison with its twin (`src/transport/gpu/probe.rs`).

// Words of an input and of an output.
override PROBE_WORDS: u32;
override WORKGROUP: u32;

@group(0) @binding(13) var<storage, read> probe_inputs: array<u32>;
@group(0) @binding(14) var<storage, read_write> probe_outputs: array<u32>;

// Where the lane's words are.
var<private> probe_at: u32;
// Words written so far.
var<private> probe_written: u32;

// False for a lane without input. Every lane has its own stream.
fn begin_probe(id: u32) -> bool {
    probe_at = id * PROBE_WORDS;
    start_stream(history_state(params.seed, vec2<u32>(id, 0u)));
    return probe_at < arrayLength(&probe_inputs);
}

fn word_in(k: u32) -> u32 {
    return probe_inputs[probe_at + k];
}

fn float_in(k: u32) -> f32 {
    return bitcast<f32>(word_in(k));
}

fn vector_in(k: u32) -> vec3<f32> {
    return vec3<f32>(float_in(k), float_in(k + 1u), float_in(k + 2u));
}

// The place at the linear voxel index in word `k` with the point in the three words behind.
fn place_in(k: u32) -> Place {
    return place_at(unlinear(word_in(k)), vector_in(k + 1u));
}

fn word_out(value: u32) {
    probe_outputs[probe_at + probe_written] = value;
    probe_written += 1u;
}

fn float_out(value: f32) {
    word_out(bitcast<u32>(value));
}

fn vector_out(v: vec3<f32>) {
    float_out(v.x);
    float_out(v.y);
    float_out(v.z);
}

@compute @workgroup_size(WORKGROUP)
fn probe_philox(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let counter = vec4<u32>(word_in(0u), word_in(1u), word_in(2u), word_in(3u));
        let key = vec2<u32>(word_in(4u), word_in(5u));
        let block = philox(counter, key);
        let child = child_state(key, counter, word_in(6u));
        word_out(block.x);
        word_out(block.y);
        word_out(block.z);
        word_out(block.w);
        word_out(child.x);
        word_out(child.y);
        word_out(child.z);
        word_out(child.w);
    }
}

// A thousand draws of a stream, and a child's first.
@compute @workgroup_size(WORKGROUP)
fn probe_stream(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        var mix = 0u;
        for (var i = 0u; i < 1000u; i += 1u) {
            mix = mix * 31u + random_bits();
        }
        word_out(mix);
        float_out(uniform_draw());
        start_stream(next_child());
        float_out(uniform_draw());
        word_out(random_bits());
        word_out(random_bits());
        word_out(random_bits());
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_math(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let turn = sin_cos_turn(float_in(1u));
        float_out(ln(float_in(0u)));
        float_out(turn.x);
        float_out(turn.y);
        float_out(uniform_of(word_in(2u)));
        float_out(larger(float_in(0u), float_in(1u)));
        float_out(smaller(float_in(0u), float_in(1u)));
        word_out(to_units(float_in(3u)));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_wide(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let a = vec2<u32>(word_in(0u), word_in(1u));
        let b = vec2<u32>(word_in(2u), word_in(3u));
        let product = mul_wide(a.x, b.x);
        let sum = add_wide(a, b);
        word_out(product.x);
        word_out(product.y);
        word_out(sum.x);
        word_out(sum.y);
        word_out(select(0u, 1u, below_wide(a, b)));
        let divisor = max(b.x >> (8u * (b.y & 3u)), 1u);
        word_out(quotient(a.x, divisor, 0xffffffffu / divisor));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_locate(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let fine = locate(FINE_BITS, float_in(0u));
        let coarse = locate(COARSE_BITS, float_in(0u));
        word_out(fine.index);
        float_out(fine.fraction);
        word_out(coarse.index);
        float_out(coarse.fraction);
        word_out(coarse_node(float_in(0u), float_in(1u)));
        float_out(production_threshold(float_in(0u), 0u, 0u));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_lepton_tables(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let energy = float_in(0u);
        let lepton_set = lepton_tables(word_in(1u), word_in(2u));
        let rates = lepton_rates(lepton_set, energy);
        let hard = hard_rates(lepton_set, energy);
        float_out(rates.loss);
        float_out(rates.loss_slope);
        float_out(rates.strength);
        float_out(rates.strength_slope);
        float_out(hard.x);
        float_out(hard.y);
        float_out(csda_range(lepton_set, energy));
        float_out(thick_target_photons(lepton_set, energy));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_photon_tables(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let energy = float_in(0u);
        let material = word_in(1u);
        let share = photon_shares(material, energy);
        let fluorescence = fluorescence_probabilities(material, energy);
        let rates = photon_rates(material, energy);
        float_out(rates.x);
        float_out(rates.y);
        vector_out(share);
        float_out(fluorescence.x);
        float_out(fluorescence.y);
        var f = probed_photon(energy, vec3<f32>(0.0, 0.0, 0.0), vec3<f32>(0.0, 0.0, 0.0));
        float_out(cell_majorant(&f, word_in(2u)));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_distributions(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let u = float_in(0u);
        let node = word_in(1u);
        let material = word_in(2u);
        let o = params.offsets;
        float_out(sample_angular(angular_at(o.scattering, lepton_tables(POSITRON, material), node), u));
        float_out(sample_angular(angular_at(o.compton, material, node), u));
        float_out(sample_angular(angular_at(o.rayleigh, material, node), u));
        float_out(sample_spectrum(spectrum_at(o.bremsstrahlung, material, node), u));
        float_out(sample_spectrum(spectrum_at(o.thick_target, material, node), u));
        float_out(majorant(o.hard_majorant, 0u, float_in(3u)));
        float_out(majorant(o.hard_majorant, lepton_tables(POSITRON, material), float_in(3u)));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_rotate(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        vector_out(rotate(vector_in(0u), float_in(3u), float_in(4u)));
        vector_out(sample_isotropic());
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_faces(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        var place = place_in(0u);
        let face = to_face(place.local, inverse_direction(vector_in(4u)), params.voxel_cm * 0.5);
        float_out(face.distance);
        word_out(face.axis);
        float_out(clearance(&place));
        float_out(place.density);
        word_out(place.material);
        word_out(bitcast<u32>(place.voxel.x));
        word_out(bitcast<u32>(place.voxel.y));
        word_out(bitcast<u32>(place.voxel.z));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_crossing(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        var place = place_in(0u);
        let d = vector_in(4u);
        let face = to_face(place.local, inverse_direction(d), params.voxel_cm * 0.5);
        let inside = cross_face(&place, face.axis, d);
        word_out(select(0u, 1u, inside));
        word_out(select(0u, place.linear, inside));
        vector_out(place.local);
        float_out(select(0.0, place.density, inside));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_shells(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        word_out(shell_of(vector_in(0u)));
        float_out(shell_clearance(vector_in(0u)));
    }
}

// A photon that nobody has followed yet.
fn probed_photon(energy: f32, position: vec3<f32>, direction: vec3<f32>) -> Flight {
    return photon_flight(Particle(PHOTON, ORIGIN_PHOTON, energy, 0u, direction), position, 0u, 0u);
}

// A flight from a point in cm from the grid's corner.
@compute @workgroup_size(WORKGROUP)
fn probe_flight(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        var f = probed_photon(float_in(6u), vector_in(0u), vector_in(3u));
        let landing = fly(&f);
        if (landing.voxel.x < 0) {
            word_out(0xffffffffu);
            return;
        }
        word_out(place_at(landing.voxel, f.position).linear);
        float_out(landing.mu);
        vector_out(f.position);
        vector_out(relative_to(landing.voxel, f.position));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_steps(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        float_out(loss_factor(float_in(0u), float_in(1u), float_in(2u), float_in(3u)));
        float_out(hinge_fraction(float_in(4u), float_in(3u)));
        float_out(beta_squared(float_in(5u)));
        float_out(bremsstrahlung_angle(float_in(5u), float_in(3u)));
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_moller(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let energy = float_in(0u);
        let transfer = moller_transfer(energy, production_threshold(energy, 0u, 0u));
        let mu = moller_deflections(energy, transfer);
        float_out(transfer);
        float_out(mu.x);
        float_out(mu.y);
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_bhabha(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let energy = float_in(0u);
        float_out(bhabha_transfer(energy, production_threshold(energy, 0u, 0u)));
        word_out(random_bits());
    }
}

// A lepton that ends: what is left of its energy, and the photon that it set free.
@compute @workgroup_size(WORKGROUP)
fn probe_settle(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        var place = place_in(0u);
        let energy = float_in(5u);
        word_out(select(0u, 1u, ends_here(&place, energy)));
        float_out(settle(&place, word_in(4u), ORIGIN_ELECTRON, energy));
        word_out(secondaries);
        float_out(secondary_a.energy);
        vector_out(secondary_a.direction);
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_compton(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let mu = compton_mu(word_in(1u), float_in(0u));
        let scattered = compton_kinematics(float_in(0u), mu);
        float_out(mu);
        float_out(scattered.x);
        float_out(scattered.y);
        vector_out(rotate(vector_in(2u), scattered.y, uniform_draw()));
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_doppler(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let after = doppler_energy(word_in(1u), float_in(0u), float_in(2u));
        float_out(after);
        float_out(recoil_mu(float_in(0u), after, float_in(2u)));
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_photoelectric(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let mu = photoelectric_angle(float_in(0u));
        float_out(mu);
        vector_out(rotate(vector_in(1u), mu, uniform_draw()));
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_pair(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let part = pair_split();
        float_out(part);
        vector_out(pair_direction(vector_in(1u), float_in(0u) * part));
        word_out(random_bits());
    }
}

@compute @workgroup_size(WORKGROUP)
fn probe_alpha(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let range = alpha_range(word_in(1u), float_in(0u));
        float_out(range);
        float_out(alpha_energy(word_in(1u), range * float_in(2u)));
    }
}

// Where a history decays and what it emits first.
@compute @workgroup_size(WORKGROUP)
fn probe_source(@builtin(global_invocation_id) id: vec3<u32>) {
    if (begin_probe(id.x)) {
        let position = strata_position(word_in(0u));
        word_out(position.x);
        word_out(position.y);
        word_out(source_index(position, word_in(1u)));
        let group = source_group(word_in(2u));
        float_out(sample_energy(group));
        word_out(random_bits());
        word_out(group.kind);
        word_out(group.whole);
        float_out(group.fraction);
    }
}
