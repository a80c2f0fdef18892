// A beam's particles: a point of the field, a direction in the cone, and where the ray enters the grid (`src/transport/cpu/beam.rs`).

// Parts of a voxel by which rounding may put a ray past the grid that grazes it.
const GRAZE: f32 = 1e-4;

// Where the beam's decay in work starts, cm from the grid's corner.
var<private> beam_start: vec3<f32>;

// A point of the field. Two draws.
fn sample_field() -> vec3<f32> {
    let at = table_block(params.offsets.beam);
    let u = table_block(params.offsets.beam + 4u);
    let v = table_block(params.offsets.beam + 8u);
    var x = uniform_draw();
    var y = uniform_draw();
    if (u.w > 0.0) {
        let r = sqrt(x);
        let phi = sin_cos_turn(y);
        x = r * phi.y;
        y = r * phi.x;
    } else {
        x = 2.0 * x - 1.0;
        y = 2.0 * y - 1.0;
    }
    return vec3<f32>(at.x + x * u.x + y * v.x, at.y + x * u.y + y * v.y, at.z + x * u.z + y * v.z);
}

// A direction within the cone. Two draws; none in a parallel beam.
fn sample_cone() -> vec3<f32> {
    let most = table_block(params.offsets.beam).w;
    let axis = table_block(params.offsets.beam + 12u).xyz;
    if (most <= 0.0) {
        return axis;
    }
    let mu = most * uniform_draw();
    return rotate(axis, mu, uniform_draw());
}

// Distance to the face of the grid that a ray from outside meets along one axis; below zero where it starts behind it.
fn entry_distance(start: f32, extent: f32, d: f32) -> f32 {
    let before = select(start - extent, -start, d > 0.0);
    return select(-1.0, before / larger(abs(d), 1e-20), before >= 0.0);
}

// Voxel along one axis where a ray enters: on the face that it enters through, else by its position; below zero outside.
fn entry_voxel(on_face: bool, position: f32, inverse: f32, voxels_along: u32, d: f32) -> i32 {
    let index = position * inverse;
    let inside = index >= -GRAZE && index < f32(voxels_along) + GRAZE;
    let found = select(-1, min(i32(index), i32(voxels_along) - 1), inside);
    return select(found, select(i32(voxels_along) - 1, 0, d > 0.0), on_face);
}

// Where a ray enters the grid: at its start if that is inside. False if it misses.
fn enter(place: ptr<function, Place>, start: vec3<f32>, d: vec3<f32>) -> bool {
    let h = params.voxel_cm;
    let x = entry_distance(start.x, f32(params.dims.x) * h.x, d.x);
    let y = entry_distance(start.y, f32(params.dims.y) * h.y, d.y);
    let z = entry_distance(start.z, f32(params.dims.z) * h.z, d.z);
    var ahead = 0.0;
    var face_axis = 3u;
    if (x >= ahead) {
        ahead = x;
        face_axis = 0u;
    }
    if (y >= ahead) {
        ahead = y;
        face_axis = 1u;
    }
    if (z >= ahead) {
        ahead = z;
        face_axis = 2u;
    }
    let position = advance(start, ahead, d);
    let voxel = vec3<i32>(
        entry_voxel(face_axis == 0u, position.x, params.inverse_voxel.x, params.dims.x, d.x),
        entry_voxel(face_axis == 1u, position.y, params.inverse_voxel.y, params.dims.y, d.y),
        entry_voxel(face_axis == 2u, position.z, params.inverse_voxel.z, params.dims.z, d.z),
    );
    if (any(voxel < vec3<i32>(0, 0, 0))) {
        return false;
    }
    let half_edge = h * 0.5;
    let on_face = select(half_edge, -half_edge, d > vec3<f32>(0.0, 0.0, 0.0));
    let here = vec3<u32>(0u, 1u, 2u) == vec3<u32>(face_axis, face_axis, face_axis);
    let local = relative_to(voxel, position);
    let within = vec3<f32>(
        smaller(larger(local.x, -half_edge.x), half_edge.x),
        smaller(larger(local.y, -half_edge.y), half_edge.y),
        smaller(larger(local.z, -half_edge.z), half_edge.z),
    );
    *place = place_at(voxel, select(within, on_face, here));
    return true;
}
