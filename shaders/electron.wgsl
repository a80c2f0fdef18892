// Electrons and positrons: class II condensed history with a random hinge (`src/transport/cpu/electron.rs`).

// Most segments of one track.
override MAX_SEGMENTS: u32;
// Least rate of the linearisation, as a fraction of the rate at the middle of the step.
override LEAST_RATE: f32;

// A lepton between two steps.
struct Track {
    p: Particle,
    place: Place,
    optical_depth: f32,
    pending: f32,
    segments: u32,
}

// Takes a lepton from its ring. A fresh one draws its first optical depth.
fn take_track(item: u32) -> Track {
    let r = take_lepton(item);
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
    append_lepton(r, birth, rng, children);
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
fn settle(place: ptr<function, Place>, kind: u32, origin: u32, energy: f32, slot: u32) -> f32 {
    tell_settled(place, kind, origin, energy);
    let threshold = params.photon_threshold;
    if (energy <= threshold) {
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
    let direction = sample_isotropic();
    push(place, PHOTON, origin, k, direction, slot);
    return energy - k;
}

// Whether an electron born here ends here.
fn ends_here(place: ptr<function, Place>, energy: f32) -> bool {
    let lepton_set = lepton_tables(ELECTRON, (*place).material);
    return energy <= params.electron_cutoff || stays_inside(lepton_set, place, energy);
}

// An electron set free at a point: settled on the spot where its range allows, else pushed. Returns the energy to deposit here.
fn release_electron(place: ptr<function, Place>, origin: u32, energy: f32, direction: vec3<f32>, slot: u32) -> f32 {
    if (ends_here(place, energy)) {
        return settle(place, ELECTRON, origin, energy, slot);
    }
    push(place, ELECTRON, origin, energy, direction, slot);
    return 0.0;
}

// Two 511 keV photons back to back.
fn annihilate(place: ptr<function, Place>, origin: u32, slot: u32) {
    let direction = sample_isotropic();
    let photons = annihilation_origin(origin);
    push(place, PHOTON, photons, REST, direction, slot);
    push(place, PHOTON, photons, REST, -direction, slot);
}

// A collision above the threshold: Moller, Bhabha or bremsstrahlung. Returns the energy to deposit here.
fn hard_collision(place: ptr<function, Place>, p: ptr<function, Particle>, radiative: f32, lepton_set: u32) -> f32 {
    if (uniform_draw() < radiative) {
        emit_bremsstrahlung(place, p, lepton_set);
        return 0.0;
    }
    let energy = (*p).energy;
    let threshold = production_threshold(energy);
    var transfer: f32;
    if ((*p).kind == POSITRON) {
        transfer = bhabha_transfer(energy, threshold);
    } else {
        transfer = moller_transfer(energy, threshold);
    }
    if (transfer < 0.0) {
        book_rejection_caps += 1u;
        return 0.0;
    }
    let mu = moller_deflections(energy, transfer);
    let turn = uniform_draw();
    let delta = rotate((*p).direction, mu.y, turn);
    let opposite = select(turn - 0.5, turn + 0.5, turn < 0.5);
    (*p).direction = rotate((*p).direction, mu.x, opposite);
    let after = energy - transfer;
    let given = energy - after;
    (*p).energy = after;
    tell(select(EVENT_MOLLER, EVENT_BHABHA, (*p).kind == POSITRON), place, *p, given);
    let local = release_electron(place, (*p).origin, given, delta, (*p).slot);
    if (RADIAL && local > 0.0) {
        deposit(place, (*p).origin, local);
        return 0.0;
    }
    return local;
}

// Emits a bremsstrahlung photon; the lepton keeps its direction.
fn emit_bremsstrahlung(place: ptr<function, Place>, p: ptr<function, Particle>, lepton_set: u32) {
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
    push(place, PHOTON, (*p).origin, given, direction, (*p).slot);
}

// Deposits what has been collected in the voxel that is left.
fn flush_pending(t: ptr<function, Track>, place: ptr<function, Place>) {
    if ((*t).pending > 0.0) {
        deposit(place, (*t).p.origin, (*t).pending);
        (*t).pending = 0.0;
    }
}

// How a step ended.
const STEP_ON: u32 = 0u;
const STEP_FINISHED: u32 = 1u;
const STEP_ESCAPED: u32 = 2u;

// One step of a lepton, or its end; false when it has ended.
fn step_lepton(t: ptr<function, Track>) -> bool {
    var place = (*t).place;
    var p = (*t).p;
    let cutoff = params.electron_cutoff;
    let lepton_set = lepton_tables(p.kind, place.material);
    if (p.energy <= cutoff || stays_inside(lepton_set, &place, p.energy)) {
        (*t).pending += settle(&place, p.kind, p.origin, p.energy, p.slot);
        end_track(t, &place, p);
        return false;
    }
    let outcome = walk_step(t, &place, &p, lepton_set);
    if (outcome == STEP_ESCAPED) {
        return false;
    }
    tell(EVENT_STEP, &place, p, (*t).pending);
    if (outcome == STEP_FINISHED) {
        (*t).pending += p.energy;
        p.energy = 0.0;
        end_track(t, &place, p);
        return false;
    }
    (*t).place = place;
    (*t).p = p;
    return true;
}

// The end of a track: what was collected, the books, a positron's annihilation.
fn end_track(t: ptr<function, Track>, place: ptr<function, Place>, p: Particle) {
    book_segments += (*t).segments;
    flush_pending(t, place);
    if (p.kind == POSITRON) {
        tell(EVENT_ANNIHILATION, place, p, 2.0 * REST);
        annihilate(place, p.origin, p.slot);
    }
}

// Segments: to the hinge, the end of the step, a hard collision or a voxel face, whichever is first.
fn walk_step(t: ptr<function, Track>, place: ptr<function, Place>, p: ptr<function, Particle>, lepton_set: u32) -> u32 {
    let cutoff = params.electron_cutoff;
    let half_edge = params.voxel_cm * 0.5;
    let kind = (*p).kind;
    let majorant_class = select(0u, 1u, kind == POSITRON);
    let node = coarse_node((*p).energy, uniform_draw());
    let header = angular_at(params.offsets.scattering, lepton_set, node);
    let loss_per_strength = table(header + 1u);
    let strength = table(params.offsets.step_strength + node);
    let mean_loss_per_strength = (*p).energy * loss_per_strength;
    var middle = larger((*p).energy - 0.5 * strength * mean_loss_per_strength, cutoff);
    var rates = lepton_rates(lepton_set, middle);
    var factor = 1.0;
    if ((params.flags & FLAG_STRAGGLING) != 0u) {
        factor = loss_factor(table(header + 2u), table(header + 3u), table(header + 4u), uniform_draw());
    }
    var current = lepton_set;
    var hard = majorant(params.offsets.hard_majorant, majorant_class, (*p).energy);
    var inverse_hard = 1.0 / hard;
    let before_hinge = hinge_fraction(strength, uniform_draw()) * strength;
    var left = before_hinge;
    var hinge_ahead = true;
    var inverse = inverse_direction((*p).direction);
    var middle_strength = 0.5 * strength;

    loop {
        (*t).segments += 1u;
        let until = select(strength, before_hinge, hinge_ahead);
        let off_start = (middle_strength - until + 0.5 * left) * mean_loss_per_strength;
        let strength_rate = larger(rates.strength + rates.strength_slope * off_start, LEAST_RATE * rates.strength);
        let to_strength = left / strength_rate;
        let to_hard = (*t).optical_depth * inverse_hard;
        let thickness_limit = larger(smaller(to_strength, to_hard), 0.0);
        let face = to_face((*place).local, inverse, half_edge);
        let to_face_thickness = face.distance * (*place).density;
        let crosses = to_face_thickness < thickness_limit;
        let thickness = select(thickness_limit, to_face_thickness, crosses);
        let distance = select(thickness_limit / larger((*place).density, 1e-30), face.distance, crosses);
        let spent = 0.5 * strength_rate * thickness;
        let off = (middle_strength - until + left - spent) * mean_loss_per_strength;
        let loss_rate = larger(rates.loss + rates.loss_slope * off, LEAST_RATE * rates.loss);
        let loss = loss_rate * factor * thickness;
        if (loss >= (*p).energy - cutoff || (*t).segments >= MAX_SEGMENTS) {
            if ((*t).segments >= MAX_SEGMENTS) {
                book_segment_caps += 1u;
            }
            return STEP_FINISHED;
        }
        let after = (*p).energy - loss;
        let given = (*p).energy - after;
        (*p).energy = after;
        let start = (*place).local;
        let d = (*p).direction;
        (*place).local = vec3<f32>(start.x + distance * d.x, start.y + distance * d.y, start.z + distance * d.z);
        if (RADIAL) {
            let u = uniform_draw();
            let along = u * distance;
            let somewhere = vec3<f32>(start.x + along * d.x, start.y + along * d.y, start.z + along * d.z);
            book_imparted_energy(given);
            score((*place).linear, somewhere, (*p).origin, given);
        } else {
            (*t).pending += given;
        }
        left -= strength_rate * thickness;
        (*t).optical_depth -= hard * thickness;

        if (crosses) {
            flush_pending(t, place);
            if (!cross_face(place, face.axis, d)) {
                book_segments += (*t).segments;
                tell(EVENT_ESCAPE, place, *p, (*p).energy);
                escape(kind, (*p).energy);
                return STEP_ESCAPED;
            }
            tell(EVENT_CROSSING, place, *p, given);
            let next = lepton_tables(kind, (*place).material);
            if (next != current) {
                current = next;
                rates = lepton_rates(next, middle);
            }
        } else if (to_hard < to_strength) {
            (*t).optical_depth = -ln(uniform_draw());
            let sigma = hard_rates(current, (*p).energy);
            if (sigma.x > hard) {
                book_majorant_excesses += 1u;
            }
            if (uniform_draw() * hard < sigma.x) {
                (*t).pending += hard_collision(place, p, sigma.y, current);
                if ((*p).energy <= cutoff) {
                    return STEP_ON;
                }
                // The rest of the step from the new energy.
                let rest = left + select(0.0, strength - before_hinge, hinge_ahead);
                middle_strength = strength - 0.5 * rest;
                middle = larger((*p).energy * (1.0 - 0.5 * loss_per_strength * rest), cutoff);
                rates = lepton_rates(current, middle);
                hard = majorant(params.offsets.hard_majorant, majorant_class, (*p).energy);
                inverse_hard = 1.0 / hard;
                inverse = inverse_direction((*p).direction);
            }
        } else if (hinge_ahead) {
            hinge_ahead = false;
            left = strength - before_hinge;
            // The deflection of this step's strength in the material at the hinge.
            let mu = sample_angular(angular_at(params.offsets.scattering, current, node), uniform_draw());
            (*p).direction = rotate((*p).direction, mu, uniform_draw());
            inverse = inverse_direction((*p).direction);
            tell(EVENT_HINGE, place, *p, given);
            if (stays_inside(current, place, (*p).energy)) {
                return STEP_ON;
            }
        } else {
            return STEP_ON;
        }
    }
    return STEP_ON;
}
