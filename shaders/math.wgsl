// Portable elementary functions: the same bits as `src/transport/cpu/math.rs`.
// No built-in log, sin, cos or fma: their results differ between devices.

const TWO_POW_MINUS_23: f32 = 1.1920929e-7;
const LN_2: f32 = 0.6931472;
const TWO_PI: f32 = 6.2831855;

fn larger(a: f32, b: f32) -> f32 {
    return select(b, a, a > b);
}

fn smaller(a: f32, b: f32) -> f32 {
    return select(b, a, a < b);
}

// A uniform variate in (0, 1) from 32 random bits.
fn uniform_of(bits: u32) -> f32 {
    return (f32(bits >> 9u) + 0.5) * TWO_POW_MINUS_23;
}

fn ln(x: f32) -> f32 {
    let shifted = bitcast<u32>(x) - 0x3f3504f3u;
    let exponent = bitcast<i32>(shifted) >> 23u;
    let mantissa = bitcast<f32>((shifted & 0x007fffffu) + 0x3f3504f3u);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let series = z * (0.6666667 + z * (0.4 + z * (0.2857143 + z * 0.2222222)));
    return s * (2.0 + series) + f32(exponent) * LN_2;
}

// (sin, cos) of 2 pi u for u in [0, 1].
fn sin_cos_turn(u: f32) -> vec2<f32> {
    let q = u32(u * 4.0 + 0.5);
    let x = (u - f32(q) * 0.25) * TWO_PI;
    let z = x * x;
    let sine = x * (1.0 - z * (0.16666667 - z * (0.008333334 - z * (1.984127e-4 - z * 2.755732e-6))));
    let cosine = 1.0 - z * (0.5 - z * (0.041666668 - z * (0.0013888889 - z * 2.480159e-5)));
    let odd = 0u - (q & 1u);
    let a = bitcast<u32>(sine);
    let b = bitcast<u32>(cosine);
    let swap = (a ^ b) & odd;
    let s = bitcast<f32>((a ^ swap) ^ ((q & 2u) << 30u));
    let c = bitcast<f32>((b ^ swap) ^ (((q + 1u) & 2u) << 30u));
    return vec2<f32>(s, c);
}

// The full product of two words, low word first.
fn mul_wide(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    // None of the sums exceeds 32 bits.
    let middle = a1 * b0 + (low >> 16u);
    let other = a0 * b1 + (middle & 0xffffu);
    let high = a1 * b1 + (middle >> 16u) + (other >> 16u);
    return vec2<u32>((other << 16u) | (low & 0xffffu), high);
}

// `x / n` by `reciprocal`, which is (2^32 - 1) / n rounded down: the product's high word is the quotient or one less. Devices
// without integer division take it apart into many steps.
fn quotient(x: u32, n: u32, reciprocal: u32) -> u32 {
    let low = mul_wide(x, reciprocal).y;
    return low + select(0u, 1u, x - low * n >= n);
}

// Sum of two 64-bit numbers, low word first.
fn add_wide(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

// Whether one 64-bit number is below another.
fn below_wide(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}
