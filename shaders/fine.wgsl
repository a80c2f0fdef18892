// Finer scoring in a box of voxels: the parts of a voxel that a piece of a track crosses, or that hold a point (`src/transport/cpu/fine.rs`).

// A parameter that no piece reaches.
const NEVER: f32 = 3e38;

// Whether a voxel is in the box.
fn has_parts(voxel: vec3<i32>) -> bool {
    return all(vec3<u32>(voxel) - params.fine_first < params.fine_voxels);
}

// The tally's cell of a part of a voxel in the box.
fn fine_cell(voxel: vec3<i32>, part: vec3<i32>) -> u32 {
    let at = (vec3<u32>(voxel) - params.fine_first) * params.fine_parts + vec3<u32>(part);
    let n = params.fine_voxels * params.fine_parts;
    return params.fine_base + at.x + n.x * (at.y + n.y * at.z);
}

// Place within a voxel in parts from its lower corner: 0 to `fine_parts`.
fn in_parts(local: vec3<f32>) -> vec3<f32> {
    let parts = f32(params.fine_parts);
    let inverse = params.inverse_voxel;
    return vec3<f32>(
        (local.x * inverse.x + 0.5) * parts,
        (local.y * inverse.y + 0.5) * parts,
        (local.z * inverse.z + 0.5) * parts,
    );
}

// The part that holds a place.
fn part_at(u: vec3<f32>) -> vec3<i32> {
    let last = i32(params.fine_parts) - 1;
    return clamp(vec3<i32>(u), vec3<i32>(0, 0, 0), vec3<i32>(last, last, last));
}

fn clearance_in(u: f32, part: i32, edge: f32) -> f32 {
    let below = u - f32(part);
    return smaller(below, 1.0 - below) * (edge / f32(params.fine_parts));
}

// Distance to the nearest face of a voxel's part, cm.
fn fine_clearance(local: vec3<f32>) -> f32 {
    let u = in_parts(local);
    let part = part_at(u);
    let x = clearance_in(u.x, part.x, params.voxel_cm.x);
    let y = clearance_in(u.y, part.y, params.voxel_cm.y);
    let z = clearance_in(u.z, part.z, params.voxel_cm.z);
    return larger(smaller(smaller(x, y), z), 0.0);
}

// Scores energy at a point in its part, where there are parts.
fn fine_point(voxel: vec3<i32>, local: vec3<f32>, origin: u32, energy: f32) {
    if (FINE) {
        if (energy > 0.0 && has_parts(voxel)) {
            score_units(fine_cell(voxel, part_at(in_parts(local))), origin, to_units(energy));
        }
    }
}

// Along one axis: parameter of the next face, that between two, and the sign.
struct Axis {
    next: f32,
    step: f32,
    sign: i32,
}

fn axis_of(direction: f32, distance: f32, inverse: f32, u: f32, part: i32) -> Axis {
    let v = direction * distance * inverse * f32(params.fine_parts);
    if (v > 0.0) {
        return Axis((f32(part) + 1.0 - u) / v, 1.0 / v, 1);
    }
    if (v < 0.0) {
        return Axis((f32(part) - u) / v, -1.0 / v, -1);
    }
    return Axis(NEVER, NEVER, 0);
}

// How energy is lost along a straight piece: evenly, all of `energy.x`; or by an alpha in one material, from `energy.x` to `energy.y`, with the range
// where the piece begins and the piece's thickness (g/cm2).
struct Loss {
    alpha: bool,
    material: u32,
    range: f32,
    thickness: f32,
    energy: vec2<f32>,
}

// Scores energy that is lost evenly over `distance` (cm) from `start` along a direction, within a voxel.
fn fine_along(voxel: vec3<i32>, start: vec3<f32>, d: vec3<f32>, distance: f32, origin: u32, energy: f32) {
    share_along(voxel, start, d, distance, origin, Loss(false, 0u, 0.0, 0.0, vec2<f32>(energy, 0.0)));
}

// Scores what is lost over `distance` (cm) from `start` along a direction, within a voxel.
fn share_along(voxel: vec3<i32>, start: vec3<f32>, d: vec3<f32>, distance: f32, origin: u32, loss: Loss) {
    if (!FINE || !has_parts(voxel)) {
        return;
    }
    let u = in_parts(start);
    var part = part_at(u);
    let inverse = params.inverse_voxel;
    var axes = array<Axis, 3>(
        axis_of(d.x, distance, inverse.x, u.x, part.x),
        axis_of(d.y, distance, inverse.y, u.y, part.y),
        axis_of(d.z, distance, inverse.z, u.z, part.z),
    );
    var done = 0.0;
    var left = loss.energy.x;
    loop {
        let xy = select(1u, 0u, axes[0].next < axes[1].next);
        let axis = select(2u, xy, axes[xy].next < axes[2].next);
        let end = smaller(larger(axes[axis].next, done), 1.0);
        if (end > done) {
            var given = loss.energy.x * (end - done);
            if (ALPHAS && loss.alpha) {
                var after = loss.energy.y;
                if (end < 1.0) {
                    after = alpha_energy(loss.material, loss.range - end * loss.thickness);
                }
                let before = left;
                left = smaller(after, before);
                given = before - left;
            }
            score_units(fine_cell(voxel, part), origin, to_units(given));
        }
        if (end >= 1.0) {
            break;
        }
        done = end;
        let to = part[axis] + axes[axis].sign;
        if (to >= 0 && to < i32(params.fine_parts)) {
            part[axis] = to;
            axes[axis].next += axes[axis].step;
        } else {
            // The voxel's own face: by rounding only.
            axes[axis].next = NEVER;
        }
    }
}
