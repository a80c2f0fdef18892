// Particles that wait: two rings of records, one for photons and one for electrons and positrons.
//
// A kernel takes the records from `head` up to what stood there when `schedule` ran, and appends what it sets free at
// `tail`; nothing is read in the dispatch that wrote it. `schedule` starts only as many lanes as there is room for
// `PUSH_QUOTA + MOST_PUSHES` records each, so a ring cannot overflow; if it did, it would be counted and the batch rerun.

// Records of a ring, a power of two.
override QUEUE_CAPACITY: u32;
// Pushes after which a lane puts its particle back and stops.
override PUSH_QUOTA: u32;

// What is only read while a dispatch runs and what lanes add to stand in different cache lines.
struct Queue {
    head: u32,
    take: u32,
    lanes: u32,
    spare_a: array<u32, 13>,
    tail: atomic<u32>,
    spare_b: array<u32, 15>,
    next: atomic<u32>,
    spare_c: array<u32, 15>,
}

struct Control {
    rings: array<Queue, 2>,
    source_next: u32,
    source_take: u32,
    overflows: atomic<u32>,
    stuck: u32,
}

// Numbers of the rings, which follow each other in `records`.
const PHOTON_RING: u32 = 0u;
const LEPTON_RING: u32 = 1u;

@group(0) @binding(4) var<storage, read_write> control: Control;
@group(0) @binding(5) var<storage, read_write> records: array<vec4<u32>>;

// vec4 of one record.
const RECORD: u32 = 6u;
// Flag of a record: not yet started, so the stream begins at its birth state.
const FRESH: u32 = 16u;

// Records that this lane has written in this dispatch.
var<private> pushes: u32;

// What a record holds.
struct Record {
    kind: u32,
    origin: u32,
    fresh: bool,
    energy: f32,
    linear: u32,
    slot: u32,
    point: vec3<f32>,
    direction: vec3<f32>,
    // Optical depth to the next hard collision (the word holds the source voxel while a record is fresh) and energy collected in the voxel (leptons under way).
    optical_depth: f32,
    pending: f32,
    // Segments or collisions so far.
    steps: u32,
}

fn pack_record(r: Record) -> array<vec4<u32>, 3> {
    let what = r.kind | (r.origin << 2u) | select(0u, FRESH, r.fresh);
    return array<vec4<u32>, 3>(
        vec4<u32>(r.linear, bitcast<u32>(r.energy), what, r.slot),
        vec4<u32>(bitcast<u32>(r.point.x), bitcast<u32>(r.point.y), bitcast<u32>(r.point.z), bitcast<u32>(r.optical_depth)),
        vec4<u32>(bitcast<u32>(r.direction.x), bitcast<u32>(r.direction.y), bitcast<u32>(r.direction.z), bitcast<u32>(r.pending)),
    );
}

fn unpack_record(a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, steps: u32) -> Record {
    return Record(
        a.z & 3u,
        (a.z >> 2u) & 3u,
        (a.z & FRESH) != 0u,
        bitcast<f32>(a.y),
        a.x,
        a.w,
        vec3<f32>(bitcast<f32>(b.x), bitcast<f32>(b.y), bitcast<f32>(b.z)),
        vec3<f32>(bitcast<f32>(c.x), bitcast<f32>(c.y), bitcast<f32>(c.z)),
        bitcast<f32>(b.w),
        bitcast<f32>(c.w),
        steps,
    );
}

// First vec4 of the record at a ring's running index.
fn record_at(ring: u32, index: u32) -> u32 {
    return (ring * QUEUE_CAPACITY + (index & (QUEUE_CAPACITY - 1u))) * RECORD;
}

// Appends a record whose stream stands at `state` (birth state, if it is fresh).
fn append(r: Record, born: vec4<u32>, state: vec4<u32>, born_children: u32) {
    pushes += 1u;
    let ring = select(LEPTON_RING, PHOTON_RING, r.kind == PHOTON);
    let index = atomicAdd(&control.rings[ring].tail, 1u);
    if (index - control.rings[ring].head >= QUEUE_CAPACITY) {
        atomicAdd(&control.overflows, 1u);
        return;
    }
    let at = record_at(ring, index);
    var packed = pack_record(r);
    if (r.fresh) {
        packed[1].w = source_row;
    }
    records[at] = packed[0];
    records[at + 1u] = packed[1];
    records[at + 2u] = packed[2];
    records[at + 3u] = born;
    if (!r.fresh) {
        records[at + 4u] = state;
        records[at + 5u] = vec4<u32>(born_children, r.steps, source_row, 0u);
    }
}

// Number of the next record that a lane may take from a ring.
fn next_item(ring: u32) -> u32 {
    return atomicAdd(&control.rings[ring].next, 1u);
}

// Reads a record and sets the stream to where it stood.
fn take_record(ring: u32, item: u32) -> Record {
    let at = record_at(ring, control.rings[ring].head + item);
    start_stream(records[at + 3u]);
    let point = records[at + 1u];
    var r = unpack_record(records[at], point, records[at + 2u], 0u);
    source_row = point.w;
    if (!r.fresh) {
        rng = records[at + 4u];
        let rest = records[at + 5u];
        children = rest.x;
        r.steps = rest.y;
        source_row = rest.z;
    }
    return r;
}

// A particle set free in this step, which waits until the step's end: so that there is one place that writes.
struct Secondary {
    kind: u32,
    origin: u32,
    energy: f32,
    direction: vec3<f32>,
}

var<private> secondary_a: Secondary;
var<private> secondary_b: Secondary;
var<private> secondary_c: Secondary;
// How many of them there are: three at most (the photon of a positron's slowing down, and its annihilation).
var<private> secondaries: u32;

// Sets a particle free at the place of the step. Its birth state is made when it is written.
fn push(kind: u32, origin: u32, energy: f32, direction: vec3<f32>) {
    let secondary = Secondary(kind, origin, energy, direction);
    if (secondaries == 0u) {
        secondary_a = secondary;
    } else if (secondaries == 1u) {
        secondary_b = secondary;
    } else {
        secondary_c = secondary;
    }
    secondaries += 1u;
}

// Writes the particles that were set free, in their order. The loop's condition stands at its end: a lane group without any writes
// nothing, and one with a single particle goes round once.
fn flush_secondaries(place: ptr<function, Place>, slot: u32) {
    var k = 0u;
    loop {
        if (k < secondaries) {
            var s = secondary_a;
            if (k == 1u) {
                s = secondary_b;
            } else if (k == 2u) {
                s = secondary_c;
            }
            let state = next_child();
            let r = Record(
                s.kind, s.origin, true, s.energy, (*place).linear, slot, (*place).local, s.direction, 0.0, 0.0, 0u,
            );
            append(r, state, state, 0u);
        }
        continuing {
            k += 1u;
            break if k >= secondaries;
        }
    }
    secondaries = 0u;
}
