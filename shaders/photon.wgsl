// Photons: Woodcock (delta) tracking (`src/transport/cpu/photon.rs`); the kerma estimator flies from voxel to voxel (`track_length.wgsl`).

// Most tentative collisions of one photon.
override MAX_COLLISIONS: u32;

const UNKNOWN: u32 = 0xffffffffu;

// No flight has begun.
const NO_DEPTH: f32 = -1.0;

// A photon between two flights, or at a face. `position` is in cm from the grid's corner; from the centre of voxel `linear` with the kerma estimator.
struct Flight {
    p: Particle,
    position: vec3<f32>,
    linear: u32,
    collisions: u32,
    // Material and hardness class whose values at this energy are known.
    known_material: u32,
    mu_over_rho: f32,
    mu_en: f32,
    known_hardness: u32,
    majorant_per_mass: f32,
    // With the kerma estimator: optical depth that is left, and the face of the grid that was left.
    depth: f32,
    left: u32,
}

// Takes a photon from its ring.
fn take_flight(item: u32) -> Flight {
    let r = take_record(PHOTON_RING, item);
    var position = r.point;
    let p = Particle(r.kind, r.origin, r.energy, r.slot, r.direction);
    if (r.fresh) {
        let voxel = unlinear(r.linear);
        var place = place_at(voxel, r.point);
        tell(EVENT_START, &place, p, 0.0);
        if (!KERMA) {
            let h = params.voxel_cm;
            position = vec3<f32>(
                (f32(voxel.x) + 0.5) * h.x + r.point.x,
                (f32(voxel.y) + 0.5) * h.y + r.point.y,
                (f32(voxel.z) + 0.5) * h.z + r.point.z,
            );
        }
    }
    var flight = photon_flight(p, position, r.linear, r.steps);
    if (!r.fresh) {
        flight.depth = r.optical_depth;
    }
    return flight;
}

// A photon of which nothing is known yet.
fn photon_flight(p: Particle, position: vec3<f32>, linear: u32, collisions: u32) -> Flight {
    return Flight(p, position, linear, collisions, UNKNOWN, 0.0, 0.0, UNKNOWN, 0.0, NO_DEPTH, 0u);
}

// Puts a photon back as it stands.
fn put_flight_back(f: Flight) {
    let r = Record(
        f.p.kind, f.p.origin, false, f.p.energy, f.linear, f.p.slot, f.position, f.p.direction, f.depth, 0.0, f.collisions,
    );
    append(r, birth, rng, children);
}

// Majorant of mu (1/cm) in a cell. The energy is that of the last collision: looked up only for another class.
fn cell_majorant(f: ptr<function, Flight>, word: u32) -> f32 {
    let hardness = voxel_material(word);
    if (hardness != (*f).known_hardness) {
        (*f).known_hardness = hardness;
        (*f).majorant_per_mass = majorant(params.offsets.photon_majorant, hardness, (*f).p.energy);
    }
    return larger((*f).majorant_per_mass * voxel_density(word), 1e-12);
}

// Voxel that holds a position; x below zero outside the grid.
fn voxel_at(position: vec3<f32>) -> vec3<i32> {
    let index = vec3<f32>(
        position.x * params.inverse_voxel.x,
        position.y * params.inverse_voxel.y,
        position.z * params.inverse_voxel.z,
    );
    let inside = (index >= vec3<f32>(0.0, 0.0, 0.0)) & (index < vec3<f32>(params.dims));
    return select(vec3<i32>(-1, -1, -1), vec3<i32>(index), vec3<bool>(all(inside)));
}

// Position relative to a voxel's centre, cm.
fn relative_to(voxel: vec3<i32>, position: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(
        relative_axis(voxel.x, position.x, params.voxel_cm.x),
        relative_axis(voxel.y, position.y, params.voxel_cm.y),
        relative_axis(voxel.z, position.z, params.voxel_cm.z),
    );
}

fn relative_axis(voxel: i32, position: f32, h: f32) -> f32 {
    let centre = (f32(voxel) + 0.5) * h;
    return smaller(larger(position - centre, -0.5 * h), 0.5 * h);
}

fn advance(position: vec3<f32>, distance: f32, d: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(position.x + distance * d.x, position.y + distance * d.y, position.z + distance * d.z);
}

// Distance (cm) along a ray from a position inside to the grid's face along one axis.
fn grid_exit(from_position: f32, extent: f32, d: f32) -> f32 {
    let ahead = select(from_position, extent - from_position, d > 0.0);
    return larger(ahead, 0.0) / larger(abs(d), 1e-20);
}

// Face of the grid that a ray from a position inside meets first.
fn exit_face(start: vec3<f32>, d: vec3<f32>) -> u32 {
    var nearest = grid_exit(start.x, f32(params.dims.x) * params.voxel_cm.x, d.x);
    var left = face_number(0u, d.x > 0.0);
    let y = grid_exit(start.y, f32(params.dims.y) * params.voxel_cm.y, d.y);
    if (y < nearest) {
        nearest = y;
        left = face_number(1u, d.y > 0.0);
    }
    if (grid_exit(start.z, f32(params.dims.z) * params.voxel_cm.z, d.z) < nearest) {
        left = face_number(2u, d.z > 0.0);
    }
    return left;
}

// Where a flight ended: x of the voxel is below zero when the photon has left.
struct Landing {
    voxel: vec3<i32>,
    mu: f32,
}

// Distance (cm) to the face of a cell along one axis.
fn cell_exit(cell: i32, edge: f32, position: f32, d: f32) -> f32 {
    let face = select(f32(cell), f32(cell + 1), d > 0.0) * edge;
    let ahead = select(position - face, face - position, d > 0.0);
    return larger(ahead, 0.0) / larger(abs(d), 1e-20);
}

// Moves to the next tentative collision. One draw.
fn fly(f: ptr<function, Flight>) -> Landing {
    let p = (*f).p;
    var position = (*f).position;
    var optical_depth = -ln(uniform_draw());
    if (ONE_CELL) {
        let mu = cell_majorant(f, table_word(batch.cells));
        let distance = optical_depth / mu;
        position = advance(position, distance, p.direction);
        (*f).position = position;
        return Landing(voxel_at(position), mu);
    }
    let edge = params.voxel_cm * f32(params.cell_voxels);
    let n = vec3<i32>(params.cell_dims);
    var cell = vec3<i32>(
        min(i32(larger(position.x / edge.x, 0.0)), n.x - 1),
        min(i32(larger(position.y / edge.y, 0.0)), n.y - 1),
        min(i32(larger(position.z / edge.z, 0.0)), n.z - 1),
    );
    let most = params.cell_dims.x + params.cell_dims.y + params.cell_dims.z + 3u;
    for (var i = 0u; i < most; i += 1u) {
        let word = table_word(batch.cells + u32(cell.x + n.x * (cell.y + n.y * cell.z)));
        let mu = cell_majorant(f, word);
        let x = cell_exit(cell.x, edge.x, position.x, p.direction.x);
        let y = cell_exit(cell.y, edge.y, position.y, p.direction.y);
        let z = cell_exit(cell.z, edge.z, position.z, p.direction.z);
        var exit = x;
        var axis = vec3<bool>(true, false, false);
        if (y < exit) {
            exit = y;
            axis = vec3<bool>(false, true, false);
        }
        if (z < exit) {
            exit = z;
            axis = vec3<bool>(false, false, true);
        }
        let distance = optical_depth / mu;
        if (distance < exit) {
            position = advance(position, distance, p.direction);
            (*f).position = position;
            return Landing(voxel_at(position), mu);
        }
        optical_depth -= mu * exit;
        let forward = p.direction > vec3<f32>(0.0, 0.0, 0.0);
        let moved = advance(position, exit, p.direction);
        let face = vec3<f32>(
            f32(cell.x + select(0, 1, forward.x)) * edge.x,
            f32(cell.y + select(0, 1, forward.y)) * edge.y,
            f32(cell.z + select(0, 1, forward.z)) * edge.z,
        );
        position = select(moved, face, axis);
        cell += select(vec3<i32>(0, 0, 0), select(vec3<i32>(-1, -1, -1), vec3<i32>(1, 1, 1), forward), axis);
        if (any(cell < vec3<i32>(0, 0, 0)) || any(cell >= n)) {
            break;
        }
    }
    return Landing(vec3<i32>(-1, -1, -1), 0.0);
}

// How a flight ended: it goes on after a fictitious collision or at a face.
const UNDER_WAY: u32 = 0u;
const COLLISION: u32 = 1u;
const LEFT: u32 = 2u;
const STOPPED: u32 = 3u;

// Most flights of a lane between two looks at who has collided.
override FLIGHTS: u32;

// One flight to a tentative collision, which is left in `place`.
fn fly_once(f: ptr<function, Flight>, place: ptr<function, Place>) -> u32 {
    let start = (*f).position;
    let landing = fly(f);
    let p = (*f).p;
    if (landing.voxel.x < 0) {
        // Where it left, the flight's start tells.
        (*f).position = start;
        return LEFT;
    }
    (*f).collisions += 1u;
    *place = place_at(landing.voxel, vec3<f32>(0.0, 0.0, 0.0));
    let material = (*place).material;
    let density = (*place).density;
    // The energy is that of the last collision: look up again only for another material.
    if (material != (*f).known_material) {
        (*f).known_material = material;
        (*f).mu_over_rho = photon_rates(material, p.energy).x;
    }
    if (uniform_draw() * landing.mu >= (*f).mu_over_rho * density) {
        return select(UNDER_WAY, STOPPED, (*f).collisions >= MAX_COLLISIONS);
    }
    (*place).local = relative_to(landing.voxel, (*f).position);
    return COLLISION;
}

// The photon's part of one pass of a lane: flights up to a real collision, and that. Other than the CPU engine's loop, which it
// equals draw by draw, it leaves the loop of flights for the collision, so that lanes collide together. False when the photon has
// ended.
fn step_photon(f: ptr<function, Flight>) -> bool {
    var place: Place;
    var landed = UNDER_WAY;
    if (KERMA) {
        landed = fly_by_length(f, &place);
    } else {
        for (var k = 0u; k < FLIGHTS; k += 1u) {
            landed = fly_once(f, &place);
            if (landed != UNDER_WAY) {
                break;
            }
        }
    }
    var goes_on = landed == UNDER_WAY;
    var p = (*f).p;
    if (landed == COLLISION) {
        (*f).linear = place.linear;
        (*f).known_material = UNKNOWN;
        (*f).known_hardness = UNKNOWN;
        (*f).depth = NO_DEPTH;
        goes_on = collide(&place, &p);
        flush_secondaries(&place, p.slot);
        (*f).p = p;
    } else if (landed == LEFT) {
        tell_photon_escape((*f).linear, p);
        if (!KERMA) {
            (*f).left = exit_face((*f).position, p.direction);
        }
        escape(PHOTON, p.energy, (*f).left, p.slot);
    } else if (landed == STOPPED) {
        book_segment_caps += 1u;
        book_cut = add_wide(book_cut, vec2<u32>(to_units(p.energy), 0u));
        score(place.linear, vec3<f32>(0.0, 0.0, 0.0), p.origin, p.energy);
        fine_point(place.voxel, vec3<f32>(0.0, 0.0, 0.0), p.origin, p.energy);
    }
    if (!goes_on) {
        book_collisions += (*f).collisions;
    }
    return goes_on;
}

// An electron that a collision sets free (no energy if there is none), and the direction of its positron where a pair is made.
struct Freed {
    energy: f32,
    direction: vec3<f32>,
    positron: vec3<f32>,
}

const NO_DIRECTION: vec3<f32> = vec3<f32>(0.0, 0.0, 0.0);

// A real collision; false when the photon has ended.
fn collide(place: ptr<function, Place>, p: ptr<function, Particle>) -> bool {
    let process = uniform_draw();
    let share = photon_shares((*place).material, (*p).energy);
    let before = (*p).energy;
    var event = EVENT_PAIR;
    var freed = Freed(0.0, NO_DIRECTION, NO_DIRECTION);
    if (process < share.x) {
        event = EVENT_COMPTON;
        freed = scatter_compton((*place).material, p);
    } else if (process < share.y) {
        event = EVENT_PHOTOELECTRIC;
        freed = absorb_photoelectric(place, *p);
    } else if (process < share.z) {
        event = EVENT_RAYLEIGH;
        scatter_rayleigh((*place).material, p);
    } else if (POSITRONS) {
        freed = create_pair(place, *p);
    }
    // One place for the electrons of all processes: they are many and the code behind it is long.
    if (freed.energy > 0.0) {
        give_electron(place, *p, freed.energy, freed.direction);
    }
    if (POSITRONS && event == EVENT_PAIR && freed.energy > 0.0) {
        give_positron(*p, (before - 2.0 * REST) - freed.energy, freed.positron);
    }
    let ended = event == EVENT_PHOTOELECTRIC || event == EVENT_PAIR;
    tell(event, place, *p, select(before - (*p).energy, before, ended));
    if (ended) {
        return false;
    }
    if ((*p).energy <= params.photon_cutoff) {
        deposit(place, (*p).origin, (*p).energy);
        tell(EVENT_CUTOFF, place, *p, (*p).energy);
        return false;
    }
    return true;
}

// Energy given to an electron at a collision: transported (analog), or only booked (kerma).
fn give_electron(place: ptr<function, Place>, p: Particle, energy: f32, direction: vec3<f32>) {
    if (KERMA) {
        book_imparted_energy(energy);
        return;
    }
    let local = release_electron(place, p.origin, energy, direction);
    if (local > 0.0) {
        deposit(place, p.origin, local);
    }
}

// Photoelectric absorption: photoelectron, and K fluorescence of the material's two strongest elements.
fn absorb_photoelectric(place: ptr<function, Place>, p: Particle) -> Freed {
    let probability = fluorescence_probabilities((*place).material, p.energy);
    let u = uniform_draw();
    var line = 2u;
    if (u < probability.x) {
        line = 0u;
    } else if (u < probability.x + probability.y) {
        line = 1u;
    }
    var electron = p.energy;
    if (line < 2u) {
        let lines = table_block(params.offsets.fluorescence + (*place).material * 4u);
        let edge = select(lines.x, lines.z, line == 1u);
        let photon = select(lines.y, lines.w, line == 1u);
        if (p.energy > edge && photon > params.photon_cutoff) {
            electron = p.energy - edge;
            let direction = sample_isotropic();
            push(PHOTON, p.origin, photon, direction);
            let rest = (p.energy - electron) - photon;
            if (KERMA) {
                book_imparted_energy(rest);
            } else {
                deposit(place, p.origin, rest);
            }
        }
    }
    let mu = photoelectric_angle(electron);
    return Freed(electron, rotate(p.direction, mu, uniform_draw()), NO_DIRECTION);
}

// Compton scattering on bound electrons.
fn scatter_compton(material: u32, p: ptr<function, Particle>) -> Freed {
    let mu = compton_mu(material, (*p).energy);
    let turn = uniform_draw();
    var scattered = compton_kinematics((*p).energy, mu);
    if (IMPULSE) {
        let after = doppler_energy(material, (*p).energy, mu);
        scattered = vec2<f32>(after, recoil_mu((*p).energy, after, mu));
    }
    let given = (*p).energy - scattered.x;
    let opposite = select(turn - 0.5, turn + 0.5, turn < 0.5);
    let recoil = rotate((*p).direction, scattered.y, opposite);
    (*p).direction = rotate((*p).direction, mu, turn);
    (*p).energy = scattered.x;
    return Freed(given, recoil, NO_DIRECTION);
}

// Coherent scattering: the direction changes, the energy does not. Three draws.
fn scatter_rayleigh(material: u32, p: ptr<function, Particle>) {
    let node = coarse_node((*p).energy, uniform_draw());
    let mu = sample_angular(angular_at(params.offsets.rayleigh, material, node), uniform_draw());
    (*p).direction = rotate((*p).direction, mu, uniform_draw());
}

// Pair production; triplets are treated as pairs. Six draws.
fn create_pair(place: ptr<function, Place>, p: Particle) -> Freed {
    let available = p.energy - 2.0 * REST;
    if (available <= 0.0) {
        deposit(place, p.origin, p.energy);
        return Freed(0.0, NO_DIRECTION, NO_DIRECTION);
    }
    let electron = available * pair_split();
    let positron = available - electron;
    let d_electron = pair_direction(p.direction, electron);
    return Freed(electron, d_electron, pair_direction(p.direction, positron));
}

// Energy given to the positron of a pair: transported (analog), or booked, and its annihilation (kerma).
fn give_positron(p: Particle, energy: f32, direction: vec3<f32>) {
    if (KERMA) {
        book_imparted_energy(energy);
        annihilate(p.origin);
    } else {
        push(POSITRON, p.origin, energy, direction);
    }
}
