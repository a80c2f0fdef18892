// Everything that happens to one history's particles is written down, for comparison with the other engine.

// Records that fit; the counter goes on, so that the host knows how many were lost.
override TRACE_CAPACITY: u32;

struct TraceLog {
    count: atomic<u32>,
    spare: array<u32, 3>,
    words: array<vec4<u32>>,
}

@group(0) @binding(10) var<storage, read_write> trace_log: TraceLog;

fn write_trace(event: u32, kind: u32, origin: u32, energy: f32, linear: u32, local: vec3<f32>, direction: vec3<f32>, value: f32) {
    let index = atomicAdd(&trace_log.count, 1u);
    if (index >= TRACE_CAPACITY) {
        return;
    }
    let at = index * 4u;
    trace_log.words[at] = birth;
    trace_log.words[at + 1u] = vec4<u32>(event, kind | (origin << 2u), linear, bitcast<u32>(energy));
    trace_log.words[at + 2u] = vec4<u32>(bitcast<u32>(local.x), bitcast<u32>(local.y), bitcast<u32>(local.z), bitcast<u32>(value));
    trace_log.words[at + 3u] = vec4<u32>(bitcast<u32>(direction.x), bitcast<u32>(direction.y), bitcast<u32>(direction.z), rng.x);
}

fn tell(event: u32, place: ptr<function, Place>, p: Particle, value: f32) {
    write_trace(event, p.kind, p.origin, p.energy, (*place).linear, (*place).local, p.direction, value);
}

fn tell_settled(place: ptr<function, Place>, kind: u32, origin: u32, energy: f32) {
    write_trace(EVENT_SETTLE, kind, origin, energy, (*place).linear, (*place).local, vec3<f32>(0.0, 0.0, 0.0), energy);
}

fn tell_photon_escape(linear: u32, p: Particle) {
    write_trace(EVENT_ESCAPE, p.kind, p.origin, p.energy, linear, vec3<f32>(0.0, 0.0, 0.0), p.direction, p.energy);
}
