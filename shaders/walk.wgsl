// What the process files share while a particle is followed (`src/transport/cpu/walk.rs`).

fn place_at(voxel: vec3<i32>, local: vec3<f32>) -> Place {
    let linear = u32(voxel.x) + params.dims.x * (u32(voxel.y) + params.dims.y * u32(voxel.z));
    let word = voxels[linear];
    return Place(voxel, linear, local, voxel_density(word), voxel_material(word), word >> SHORT_BIT);
}

fn unlinear(linear: u32) -> vec3<i32> {
    let rows = quotient(linear, params.dims.x, params.reciprocal_nx);
    let slices = quotient(rows, params.dims.y, params.reciprocal_ny);
    let x = linear - rows * params.dims.x;
    let y = rows - slices * params.dims.y;
    return vec3<i32>(i32(x), i32(y), i32(slices));
}

// Deposits energy at a point and books it as imparted.
fn deposit(place: ptr<function, Place>, origin: u32, energy: f32) {
    deposit_in_voxel(place, origin, energy);
    fine_point((*place).voxel, (*place).local, origin, energy);
}

// The same of what the voxel's parts have had already.
fn deposit_in_voxel(place: ptr<function, Place>, origin: u32, energy: f32) {
    book_imparted_energy(energy);
    score((*place).linear, (*place).local, origin, energy);
}

// Distance from a point to what bounds its scoring cell, cm.
fn clearance(place: ptr<function, Place>) -> f32 {
    if (RADIAL) {
        return shell_clearance((*place).local);
    }
    if (FINE) {
        if (has_parts((*place).voxel)) {
            return fine_clearance((*place).local);
        }
    }
    let x = 0.5 * params.voxel_cm.x - abs((*place).local.x);
    let y = 0.5 * params.voxel_cm.y - abs((*place).local.y);
    let z = 0.5 * params.voxel_cm.z - abs((*place).local.z);
    return smaller(smaller(x, y), z);
}

// Index of the lepton tables of a material.
fn lepton_tables(kind: u32, material: u32) -> u32 {
    return select(material, params.materials + material, is_positron(kind));
}

// Index of the tables of rates: those of short steps have thresholds of their own.
fn rate_tables(kind: u32, place: ptr<function, Place>) -> u32 {
    return lepton_tables(kind, (*place).material) + (*place).short_steps * params.short_sets;
}

// Origin of annihilation photons: a source positron's count as photons.
fn annihilation_origin(origin: u32) -> u32 {
    return select(origin, ORIGIN_PHOTON, origin == ORIGIN_ELECTRON);
}

// Distance (cm) to the voxel's face, and its axis.
struct Face {
    distance: f32,
    axis: u32,
}

// Components nearer to zero are forward, and this large.
const LEAST_COMPONENT: f32 = 1e-20;

// Inverse of a direction's component, finite also for zero.
fn inverse_component(d: f32) -> f32 {
    return 1.0 / select(d, LEAST_COMPONENT, abs(d) < LEAST_COMPONENT);
}

// Whether components lead to the face on the high side: the one that to_face measures to.
fn is_forward(d: vec3<f32>) -> vec3<bool> {
    return d > vec3<f32>(-LEAST_COMPONENT, -LEAST_COMPONENT, -LEAST_COMPONENT);
}

fn inverse_direction(d: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(inverse_component(d.x), inverse_component(d.y), inverse_component(d.z));
}

fn face_distance(local: f32, inverse: f32, half_edge: f32) -> f32 {
    return larger(half_edge * abs(inverse) - local * inverse, 0.0);
}

fn to_face(local: vec3<f32>, inverse: vec3<f32>, half_edge: vec3<f32>) -> Face {
    let x = face_distance(local.x, inverse.x, half_edge.x);
    let y = face_distance(local.y, inverse.y, half_edge.y);
    let z = face_distance(local.z, inverse.z, half_edge.z);
    var face = Face(y, 1u);
    if (x < y) {
        face = Face(x, 0u);
    }
    if (!(face.distance < z)) {
        face = Face(z, 2u);
    }
    return face;
}

// Moves to the neighbouring voxel along an axis; false outside the grid.
fn cross_face(place: ptr<function, Place>, axis: u32, direction: vec3<f32>) -> bool {
    let here = vec3<u32>(0u, 1u, 2u) == vec3<u32>(axis, axis, axis);
    let forward = is_forward(direction);
    let half_edge = params.voxel_cm * 0.5;
    (*place).local = select((*place).local, select(half_edge, -half_edge, forward), here);
    let move_by = select(vec3<i32>(-1, -1, -1), vec3<i32>(1, 1, 1), forward);
    let voxel = (*place).voxel + select(vec3<i32>(0, 0, 0), move_by, here);
    (*place).voxel = voxel;
    if (any(voxel < vec3<i32>(0, 0, 0)) || any(voxel >= vec3<i32>(params.dims))) {
        return false;
    }
    *place = place_at(voxel, (*place).local);
    return true;
}

// Kinetic energy to velocity squared.
fn beta_squared(energy: f32) -> f32 {
    return energy * (energy + 2.0 * REST) / ((energy + REST) * (energy + REST));
}
