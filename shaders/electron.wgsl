// Electrons and positrons: class II condensed history with a random hinge (`src/transport/cpu/electron.rs`).

// Most segments of one track.
override MAX_SEGMENTS: u32;
// Most steps of a lane between two looks at what is rare.
override STEPS: u32;
// Least rate of the linearisation, as a fraction of the rate at the middle of the step.
override LEAST_RATE: f32;

// A lepton between two steps.
struct Track {
    p: Particle,
    place: Place,
    // To the next hard collision.
    optical_depth: f32,
    // Energy collected in the voxel.
    pending: f32,
    segments: u32,
}

// A step under way.
struct Step {
    under_way: bool,
    node: u32,
    // Index of the tables of rates where the lepton is.
    current: u32,
    strength: f32,
    before_hinge: f32,
    hinge_ahead: bool,
    // Strength left to the hinge or the end.
    left: f32,
    // Energy at the middle of the step, the rates there, and the strength spent when it is reached.
    middle: f32,
    middle_strength: f32,
    rates: LeptonRates,
    loss_per_strength: f32,
    mean_loss_per_strength: f32,
    // Straggling: the loss in units of its mean.
    factor: f32,
    // Majorant of the hard cross section in the current material.
    hard: f32,
    inverse: vec3<f32>,
}

// Takes a lepton from its ring. A fresh one draws its first optical depth.
fn take_track(item: u32) -> Track {
    let r = take_record(LEPTON_RING, item);
    var optical_depth = r.optical_depth;
    let p = Particle(r.kind, r.origin, r.energy, r.slot, r.direction);
    var place = place_at(unlinear(r.linear), r.point);
    if (r.fresh) {
        tell(EVENT_START, &place, p, 0.0);
        optical_depth = -ln(uniform_draw());
    }
    return Track(p, place, optical_depth, r.pending, r.steps);
}

// Puts a lepton back as it stands between two steps.
fn put_track_back(t: Track) {
    let r = Record(
        t.p.kind, t.p.origin, false, t.p.energy, t.place.linear, t.p.slot, t.place.local, t.p.direction,
        t.optical_depth, t.pending, t.segments,
    );
    append(r, birth, rng, children);
}

// Fraction of a step's strength that lies before the hinge.
fn hinge_fraction(k1: f32, u: f32) -> f32 {
    return u * (1.0 - 0.25 * k1) + k1 * (1.0 / 24.0);
}

// Whether the residual CSDA range ends inside the scoring cell.
fn stays_inside(lepton_set: u32, place: ptr<function, Place>, energy: f32) -> bool {
    if (energy > params.settle_energy) {
        return false;
    }
    return csda_range(lepton_set, energy) <= clearance(place) * (*place).density;
}

// Ends a lepton here: emits the bremsstrahlung photon of its slowing down, if one is drawn, and returns the energy left.
fn settle(place: ptr<function, Place>, kind: u32, origin: u32, energy: f32) -> f32 {
    tell_settled(place, kind, origin, energy);
    let threshold = params.photon_threshold;
    // Below the cutoff everything stays.
    if (energy <= larger(threshold, params.electron_cutoff)) {
        return energy;
    }
    let lepton_set = lepton_tables(kind, (*place).material);
    let expected = thick_target_photons(lepton_set, energy);
    if (uniform_draw() >= expected) {
        return energy;
    }
    let node = coarse_node(energy, uniform_draw());
    let at = spectrum_at(params.offsets.thick_target, lepton_set, node);
    let y = sample_spectrum(at, uniform_draw());
    let k = smaller(threshold + (energy - threshold) * y, energy);
    push(PHOTON, origin, k, sample_isotropic());
    return energy - k;
}

// Whether an electron born here ends here.
fn ends_here(place: ptr<function, Place>, energy: f32) -> bool {
    let lepton_set = lepton_tables(ELECTRON, (*place).material);
    return energy <= params.electron_cutoff || stays_inside(lepton_set, place, energy);
}

// An electron set free at a point: settled on the spot where its range allows, else pushed. Returns the energy to deposit here.
fn release_electron(place: ptr<function, Place>, origin: u32, energy: f32, direction: vec3<f32>) -> f32 {
    if (ends_here(place, energy)) {
        return settle(place, ELECTRON, origin, energy);
    }
    push(ELECTRON, origin, energy, direction);
    return 0.0;
}

// Two 511 keV photons back to back.
fn annihilate(origin: u32) {
    let direction = sample_isotropic();
    let photons = annihilation_origin(origin);
    push(PHOTON, photons, REST, direction);
    push(PHOTON, photons, REST, -direction);
}

// A collision above the threshold: Moller, Bhabha or bremsstrahlung. Returns the energy of a delta electron that ends here and is to be
// settled, below zero if there is none.
fn hard_collision(place: ptr<function, Place>, p: ptr<function, Particle>, radiative: f32) -> f32 {
    if (uniform_draw() < radiative) {
        emit_bremsstrahlung(place, p);
        return -1.0;
    }
    let energy = (*p).energy;
    let threshold = production_threshold(energy, (*place).material, (*place).short_steps);
    var transfer: f32;
    if (is_positron((*p).kind)) {
        transfer = bhabha_transfer(energy, threshold);
    } else {
        transfer = moller_transfer(energy, threshold);
    }
    if (transfer < 0.0) {
        book_rejection_caps += 1u;
        return -1.0;
    }
    let mu = moller_deflections(energy, transfer);
    let turn = uniform_draw();
    let delta = rotate((*p).direction, mu.y, turn);
    let opposite = select(turn - 0.5, turn + 0.5, turn < 0.5);
    (*p).direction = rotate((*p).direction, mu.x, opposite);
    let after = energy - transfer;
    let given = energy - after;
    (*p).energy = after;
    tell(select(EVENT_MOLLER, EVENT_BHABHA, is_positron((*p).kind)), place, *p, given);
    if (ends_here(place, given)) {
        return given;
    }
    push(ELECTRON, (*p).origin, given, delta);
    return -1.0;
}

// Emits a bremsstrahlung photon; the lepton keeps its direction.
fn emit_bremsstrahlung(place: ptr<function, Place>, p: ptr<function, Particle>) {
    let lepton_set = lepton_tables((*p).kind, (*place).material);
    let threshold = params.photon_threshold;
    let energy = (*p).energy;
    let node = coarse_node(energy, uniform_draw());
    let at = spectrum_at(params.offsets.bremsstrahlung, lepton_set, node);
    let y = sample_spectrum(at, uniform_draw());
    let k = smaller(threshold + (energy - threshold) * y, energy);
    let mu = bremsstrahlung_angle(energy, uniform_draw());
    let direction = rotate((*p).direction, mu, uniform_draw());
    let after = energy - k;
    let given = energy - after;
    (*p).energy = after;
    tell(EVENT_BREMSSTRAHLUNG, place, *p, given);
    push(PHOTON, (*p).origin, given, direction);
}

// Deposits what has been collected in the voxel that is left.
fn flush_pending(t: ptr<function, Track>, place: ptr<function, Place>) {
    if ((*t).pending > 0.0) {
        deposit_in_voxel(place, (*t).p.origin, (*t).pending);
        (*t).pending = 0.0;
    }
}

// Why a walk stopped, or did not begin.
const AT_STRENGTH: u32 = 0u;
const AT_COLLISION: u32 = 1u;
const AT_END: u32 = 2u;
const OUTSIDE: u32 = 3u;
const STAYS: u32 = 4u;

// The lepton's part of one pass of a lane: some steps, and what ended the last. Other than the CPU engine's loop, which it equals draw by
// draw, it leaves the loop of steps for what is rare, so that lanes do that together, and settles at one place whatever ends here.
// False when the lepton has ended.
fn step_lepton(t: ptr<function, Track>, s: ptr<function, Step>) -> bool {
    var place = (*t).place;
    var p = (*t).p;
    var stop = AT_STRENGTH;
    var k = 0u;
    loop {
        stop = one_step(t, s, &place, &p);
        continuing {
            k += 1u;
            break if stop != AT_STRENGTH || k >= STEPS;
        }
    }
    var settling = Settling(stop == STAYS, p.kind, p.energy);
    if (stop == AT_COLLISION) {
        settling = collide_hard(t, s, &place, &p);
    }
    if (settling.yes) {
        let local = settle(&place, settling.kind, p.origin, settling.energy);
        if (RADIAL && stop == AT_COLLISION && local > 0.0) {
            deposit(&place, p.origin, local);
        } else {
            fine_point(place.voxel, place.local, p.origin, local);
            (*t).pending += local;
        }
    }
    if (stop == AT_END || (stop == AT_COLLISION && !(*s).under_way)) {
        tell(EVENT_STEP, &place, p, (*t).pending);
    }
    if (stop == AT_END) {
        fine_point(place.voxel, place.local, p.origin, p.energy);
        (*t).pending += p.energy;
        p.energy = 0.0;
    }
    if (stop == AT_END || stop == STAYS) {
        end_track(t, &place, p);
    }
    flush_secondaries(&place, p.slot);
    (*t).place = place;
    (*t).p = p;
    return stop == AT_STRENGTH || stop == AT_COLLISION;
}

// A lepton that ends at the place of the step, if there is one.
struct Settling {
    yes: bool,
    kind: u32,
    energy: f32,
}

// A step, or what is left of one after a hard collision, up to its end or to what is rare.
fn one_step(t: ptr<function, Track>, s: ptr<function, Step>, place: ptr<function, Place>, p: ptr<function, Particle>) -> u32 {
    if (!(*s).under_way) {
        let rate_set = rate_tables((*p).kind, place);
        if ((*p).energy <= params.electron_cutoff || stays_inside(rate_set, place, (*p).energy)) {
            return STAYS;
        }
        begin_step(s, *p, lepton_tables((*p).kind, (*place).material), rate_set, (*place).short_steps);
    }
    var stop = walk(t, s, place, p);
    if (stop == AT_STRENGTH && (*s).hinge_ahead) {
        turn_at_hinge(s, place, p);
        if ((*s).under_way) {
            stop = walk(t, s, place, p);
        }
    }
    if (stop == AT_STRENGTH) {
        (*s).under_way = false;
        tell(EVENT_STEP, place, *p, (*t).pending);
    }
    return stop;
}

// The end of a track: what was collected, the books, a positron's annihilation.
fn end_track(t: ptr<function, Track>, place: ptr<function, Place>, p: Particle) {
    book_segments += (*t).segments;
    flush_pending(t, place);
    if (is_positron(p.kind)) {
        tell(EVENT_ANNIHILATION, place, p, 2.0 * REST);
        annihilate(p.origin);
    }
}

fn hard_majorant(rate_set: u32, energy: f32) -> f32 {
    return majorant(params.offsets.hard_majorant, rate_set, energy);
}

// A new step: its node, strength, rates at the middle energy, straggling and majorant.
fn begin_step(s: ptr<function, Step>, p: Particle, lepton_set: u32, rate_set: u32, short_steps: u32) {
    let node = coarse_node(p.energy, uniform_draw()) + short_steps * params.short_sets * COARSE_NODES;
    let header = angular_at(params.offsets.scattering, lepton_set, node);
    // Scale of the angles, mean fractional loss per unit strength, the first two of the straggling; its third, the strength.
    let first = table_block(header);
    let second = table_block(header + 4u);
    let loss_per_strength = first.y;
    let strength = second.y;
    let mean_loss_per_strength = p.energy * loss_per_strength;
    let middle = larger(p.energy - 0.5 * strength * mean_loss_per_strength, params.electron_cutoff);
    var factor = 1.0;
    if (STRAGGLING) {
        factor = loss_factor(first.z, first.w, second.x, uniform_draw());
    }
    let before_hinge = hinge_fraction(strength, uniform_draw()) * strength;
    (*s).under_way = true;
    (*s).node = node;
    (*s).current = rate_set;
    (*s).strength = strength;
    (*s).before_hinge = before_hinge;
    (*s).hinge_ahead = true;
    (*s).left = before_hinge;
    (*s).middle = middle;
    (*s).middle_strength = 0.5 * strength;
    (*s).rates = lepton_rates(rate_set, middle);
    (*s).loss_per_strength = loss_per_strength;
    (*s).mean_loss_per_strength = mean_loss_per_strength;
    (*s).factor = factor;
    (*s).hard = hard_majorant(rate_set, p.energy);
    (*s).inverse = inverse_direction(p.direction);
}

// The deflection of this step's strength in the material at the hinge.
fn turn_at_hinge(s: ptr<function, Step>, place: ptr<function, Place>, p: ptr<function, Particle>) {
    (*s).hinge_ahead = false;
    (*s).left = (*s).strength - (*s).before_hinge;
    let lepton_set = lepton_tables((*p).kind, (*place).material);
    let mu = sample_angular(angular_at(params.offsets.scattering, lepton_set, (*s).node), uniform_draw());
    (*p).direction = rotate((*p).direction, mu, uniform_draw());
    (*s).inverse = inverse_direction((*p).direction);
    tell(EVENT_HINGE, place, *p, 0.0);
    (*s).under_way = !stays_inside((*s).current, place, (*p).energy);
}

// A tentative hard collision; if it is real, the rest of the step goes on from the new energy. Gives the delta electron that ends here.
fn collide_hard(t: ptr<function, Track>, s: ptr<function, Step>, place: ptr<function, Place>, p: ptr<function, Particle>) -> Settling {
    (*t).optical_depth = -ln(uniform_draw());
    let current = (*s).current;
    let sigma = hard_rates(current, (*p).energy);
    if (sigma.x > (*s).hard) {
        book_majorant_excesses += 1u;
    }
    var given = -1.0;
    if (uniform_draw() * (*s).hard < sigma.x) {
        given = hard_collision(place, p, sigma.y);
        if ((*p).energy <= params.electron_cutoff) {
            (*s).under_way = false;
        } else {
            let rest = (*s).left + select(0.0, (*s).strength - (*s).before_hinge, (*s).hinge_ahead);
            (*s).middle_strength = (*s).strength - 0.5 * rest;
            let middle = larger((*p).energy * (1.0 - 0.5 * (*s).loss_per_strength * rest), params.electron_cutoff);
            (*s).middle = middle;
            (*s).rates = lepton_rates(current, middle);
            (*s).hard = hard_majorant(current, (*p).energy);
            (*s).inverse = inverse_direction((*p).direction);
        }
    }
    return Settling(given >= 0.0, ELECTRON, given);
}

// Segments from face to face, until the strength is used up or a hard collision is met.
fn walk(t: ptr<function, Track>, s: ptr<function, Step>, place: ptr<function, Place>, p: ptr<function, Particle>) -> u32 {
    let cutoff = params.electron_cutoff;
    let half_edge = params.voxel_cm * 0.5;
    let kind = (*p).kind;
    let d = (*p).direction;
    var inverse_hard = 1.0 / (*s).hard;
    let until = select((*s).strength, (*s).before_hinge, (*s).hinge_ahead);
    var rates = (*s).rates;
    var left = (*s).left;
    var energy = (*p).energy;
    var optical_depth = (*t).optical_depth;
    var stop = AT_STRENGTH;
    loop {
        (*t).segments += 1u;
        // Rates at the middle of the segment, linear in the strength spent about the middle of the step.
        let off_start = ((*s).middle_strength - until + 0.5 * left) * (*s).mean_loss_per_strength;
        let strength_rate = larger(rates.strength + rates.strength_slope * off_start, LEAST_RATE * rates.strength);
        let to_strength = left / strength_rate;
        let to_hard = optical_depth * inverse_hard;
        let thickness_limit = larger(smaller(to_strength, to_hard), 0.0);
        let face = to_face((*place).local, (*s).inverse, half_edge);
        let to_face_thickness = face.distance * (*place).density;
        let crosses = to_face_thickness < thickness_limit;
        let thickness = select(thickness_limit, to_face_thickness, crosses);
        let distance = select(thickness_limit / larger((*place).density, 1e-30), face.distance, crosses);
        let spent = 0.5 * strength_rate * thickness;
        let off = ((*s).middle_strength - until + left - spent) * (*s).mean_loss_per_strength;
        let loss_rate = larger(rates.loss + rates.loss_slope * off, LEAST_RATE * rates.loss);
        let loss = loss_rate * (*s).factor * thickness;
        if (loss >= energy - cutoff || (*t).segments >= MAX_SEGMENTS) {
            if ((*t).segments >= MAX_SEGMENTS) {
                book_segment_caps += 1u;
            }
            stop = AT_END;
            break;
        }
        let after = energy - loss;
        let given = energy - after;
        energy = after;
        let start = (*place).local;
        (*place).local = vec3<f32>(start.x + distance * d.x, start.y + distance * d.y, start.z + distance * d.z);
        if (RADIAL) {
            let along = uniform_draw() * distance;
            let somewhere = vec3<f32>(start.x + along * d.x, start.y + along * d.y, start.z + along * d.z);
            book_imparted_energy(given);
            score((*place).linear, somewhere, (*p).origin, given);
        } else {
            fine_along((*place).voxel, start, d, distance, (*p).origin, given);
            (*t).pending += given;
        }
        left -= strength_rate * thickness;
        optical_depth -= (*s).hard * thickness;
        if (!crosses) {
            if (to_hard < to_strength) {
                stop = AT_COLLISION;
            }
            break;
        }
        flush_pending(t, place);
        let inside = cross_face(place, face.axis, d);
        (*p).energy = energy;
        if (!inside) {
            book_segments += (*t).segments;
            tell(EVENT_ESCAPE, place, *p, energy);
            escape(kind, energy, face_number(face.axis, d[face.axis] > -LEAST_COMPONENT), (*p).slot);
            stop = OUTSIDE;
            break;
        }
        tell(EVENT_CROSSING, place, *p, given);
        let next = rate_tables(kind, place);
        if (next != (*s).current) {
            (*s).current = next;
            rates = lepton_rates(next, (*s).middle);
            (*s).hard = hard_majorant(next, energy);
            inverse_hard = 1.0 / (*s).hard;
        }
    }
    (*p).energy = energy;
    (*s).rates = rates;
    (*s).left = left;
    (*t).optical_depth = optical_depth;
    return stop;
}
