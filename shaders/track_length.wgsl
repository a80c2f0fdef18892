// The kerma estimator of photons: energy transfer by track length (`src/transport/cpu/track_length.rs`).

// A piece of a flight within a voxel, MeV of each cm.
struct Piece {
    length: f32,
    per_cm: f32,
}

// Moves through voxels to the next collision and scores on the way, as far as one pass goes. One draw at the beginning of a flight.
fn fly_by_length(f: ptr<function, Flight>, place: ptr<function, Place>) -> u32 {
    let p = (*f).p;
    *place = place_at(unlinear((*f).linear), (*f).position);
    if ((*f).depth < 0.0) {
        (*f).depth = -ln(uniform_draw());
    }
    let inverse = inverse_direction(p.direction);
    let half_edge = params.voxel_cm * 0.5;
    var landed = UNDER_WAY;
    for (var k = 0u; k < FLIGHTS; k += 1u) {
        let density = (*place).density;
        if ((*place).material != (*f).known_material) {
            (*f).known_material = (*place).material;
            let rates = photon_rates((*place).material, p.energy);
            (*f).mu_over_rho = rates.x;
            (*f).mu_en = rates.y;
        }
        let mu = larger((*f).mu_over_rho * density, 1e-12);
        let face = to_face((*place).local, inverse, half_edge);
        let to_collision = (*f).depth / mu;
        let collides = to_collision < face.distance;
        let length = select(face.distance, to_collision, collides);
        score_length(f, place, Piece(length, p.energy * ((*f).mu_en * density)));
        (*place).local = advance((*place).local, length, p.direction);
        if (collides) {
            (*f).collisions += 1u;
            landed = COLLISION;
            break;
        }
        (*f).depth = larger((*f).depth - mu * face.distance, 0.0);
        if (!cross_face(place, face.axis, p.direction)) {
            (*f).left = face_number(face.axis, is_forward(p.direction)[face.axis]);
            landed = LEFT;
            break;
        }
    }
    (*f).linear = (*place).linear;
    (*f).position = (*place).local;
    return landed;
}

// Scores a straight piece of a flight within a voxel.
fn score_length(f: ptr<function, Flight>, place: ptr<function, Place>, piece: Piece) {
    let p = (*f).p;
    if (RADIAL) {
        score_in_shells(f, place, piece);
        return;
    }
    let given = piece.per_cm * piece.length;
    score((*place).linear, (*place).local, p.origin, given);
    fine_along((*place).voxel, (*place).local, p.direction, piece.length, p.origin, given);
}

fn scalar_product(a: vec3<f32>, b: vec3<f32>) -> f32 {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

// Along a flight from the point that is nearest to the centre to a radius.
fn along_to(radius: f32, nearest: f32) -> f32 {
    return sqrt(larger(radius * radius - nearest, 0.0));
}

// The same where shells round the voxel's centre score: each the part of the piece that lies in it.
fn score_in_shells(f: ptr<function, Flight>, place: ptr<function, Place>, piece: Piece) {
    let p = (*f).p;
    let local = (*place).local;
    let begin = scalar_product(local, p.direction);
    let nearest = scalar_product(local, local) - begin * begin;
    var shell = shell_of(local);
    var done = 0.0;
    loop {
        var inner = 0.0;
        if (shell > 0u) {
            inner = table(params.offsets.shells + shell - 1u);
        }
        let inward = begin + done < 0.0 && inner * inner > nearest;
        var end = piece.length;
        if (inward) {
            end = -begin - along_to(inner, nearest);
        } else if (shell < params.shells) {
            end = along_to(table(params.offsets.shells + shell), nearest) - begin;
        }
        let last = end >= piece.length;
        end = select(larger(end, done), piece.length, last);
        score_units(shell, p.origin, to_units(piece.per_cm * (end - done)));
        if (last) {
            break;
        }
        done = end;
        shell = select(shell + 1u, shell - 1u, inward);
    }
}
