// Alpha particles: a straight track with continuous slowing down (`src/transport/cpu/alpha.rs`).

// Most voxels one alpha may cross.
override MAX_ALPHA_VOXELS: u32;

// CSDA range of an alpha, g/cm2.
fn alpha_range(material: u32, energy: f32) -> f32 {
    let at = params.offsets.alpha + material * ALPHA_NODES;
    let x = smaller(energy * (1.0 / ALPHA_ENERGY_STEP), f32(ALPHA_NODES - 1u));
    let i = min(u32(x), ALPHA_NODES - 2u);
    let low = table(at + i);
    return low + (table(at + i + 1u) - low) * (x - f32(i));
}

// Energy of an alpha with the given residual range: the inverse of `alpha_range` by bisection.
fn alpha_energy(material: u32, range: f32) -> f32 {
    let at = params.offsets.alpha + material * ALPHA_NODES;
    var low = 0u;
    var high = ALPHA_NODES - 1u;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (table(at + middle) <= range) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let low_range = table(at + low);
    let interval_range = larger(table(at + high) - low_range, 1e-30);
    return (f32(low) + clamp((range - low_range) / interval_range, 0.0, 1.0)) * ALPHA_ENERGY_STEP;
}

// Follows an alpha to its end. No draws.
fn transport_alpha(birthplace: Place, particle: Particle) {
    var p = particle;
    var place = birthplace;
    tell(EVENT_START, &place, p, 0.0);
    let half_edge = params.voxel_cm * 0.5;
    let inverse = inverse_direction(p.direction);
    for (var i = 0u; i < MAX_ALPHA_VOXELS; i += 1u) {
        let range = alpha_range(place.material, p.energy);
        if (range <= clearance(&place) * place.density) {
            break;
        }
        let face = to_face(place.local, inverse, half_edge);
        let thickness = face.distance * place.density;
        let d = p.direction;
        if (thickness >= range) {
            // It ends in this voxel, in a part of it that need not be the one where it is now.
            let loss = Loss(true, place.material, range, range, vec2<f32>(p.energy, 0.0));
            share_along(place.voxel, place.local, d, range / place.density, p.origin, loss);
            tell(EVENT_SETTLE, &place, p, p.energy);
            deposit_in_voxel(&place, p.origin, p.energy);
            return;
        }
        let after = smaller(alpha_energy(place.material, range - thickness), p.energy);
        let given = p.energy - after;
        let loss = Loss(true, place.material, range, thickness, vec2<f32>(p.energy, after));
        share_along(place.voxel, place.local, d, face.distance, p.origin, loss);
        deposit_in_voxel(&place, p.origin, given);
        p.energy = after;
        let local = place.local;
        place.local = vec3<f32>(
            local.x + face.distance * d.x,
            local.y + face.distance * d.y,
            local.z + face.distance * d.z,
        );
        if (!cross_face(&place, face.axis, d)) {
            tell(EVENT_ESCAPE, &place, p, p.energy);
            escape(ALPHA, p.energy, face_number(face.axis, d[face.axis] > -LEAST_COMPONENT), p.slot);
            return;
        }
        tell(EVENT_CROSSING, &place, p, given);
    }
    tell(EVENT_SETTLE, &place, p, p.energy);
    deposit(&place, p.origin, p.energy);
}
