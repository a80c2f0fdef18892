// Random numbers that belong to a particle: xoshiro128++ whose state is one Philox4x32-10 block (`src/transport/cpu/rng.rs`).

const PHILOX_M0: u32 = 0xd2511f53u;
const PHILOX_M1: u32 = 0xcd9e8d57u;
const PHILOX_W0: u32 = 0x9e3779b9u;
const PHILOX_W1: u32 = 0xbb67ae85u;

// The stream of the particle in work.
var<private> rng: vec4<u32>;
// Its birth state, from which its children's are made.
var<private> birth: vec4<u32>;
// Children so far.
var<private> children: u32;

fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round += 1u) {
        let p0 = mul_wide(PHILOX_M0, c.x);
        let p1 = mul_wide(PHILOX_M1, c.z);
        c = vec4<u32>(p1.y ^ c.y ^ k.x, p1.x, p0.y ^ c.w ^ k.y, p0.x);
        k += vec2<u32>(PHILOX_W0, PHILOX_W1);
    }
    return c;
}

fn history_state(seed: vec2<u32>, history: vec2<u32>) -> vec4<u32> {
    return philox(vec4<u32>(history, 0u, 0u), seed);
}

fn child_state(seed: vec2<u32>, parent: vec4<u32>, child: u32) -> vec4<u32> {
    return philox(vec4<u32>(parent.xyz, parent.w + child), seed);
}

fn start_stream(state: vec4<u32>) {
    rng = state;
    birth = state;
    children = 0u;
}

fn next_child() -> vec4<u32> {
    children += 1u;
    return child_state(params.seed, birth, children);
}

// 32 random bits. One draw.
fn random_bits() -> u32 {
    let sum = rng.x + rng.w;
    let result = ((sum << 7u) | (sum >> 25u)) + rng.x;
    let t = rng.y << 9u;
    let z = rng.z ^ rng.x;
    let w = rng.w ^ rng.y;
    rng = vec4<u32>(rng.x ^ w, rng.y ^ z, z ^ t, (w << 11u) | (w >> 21u));
    return result;
}

// A uniform variate in (0, 1). One draw.
fn uniform_draw() -> f32 {
    return uniform_of(random_bits());
}
