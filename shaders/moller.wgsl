// Moller collisions: the target electron is free and at rest (`src/transport/cpu/moller.rs`).

const MOLLER_TRIES: u32 = 64u;

// Energy (MeV) of the slower electron; below zero if no try was accepted. Two draws per try.
fn moller_transfer(energy: f32, threshold: f32) -> f32 {
    let x0 = threshold / energy;
    if (x0 >= 0.5) {
        return -1.0;
    }
    let gamma = 1.0 + energy / REST;
    let g1 = (gamma - 1.0) / gamma;
    let c1 = g1 * g1;
    let c2 = 1.0 - c1;
    let bound = 1.0 + 1.25 * c1;
    let inverse = 1.0 / x0;
    for (var i = 0u; i < MOLLER_TRIES; i += 1u) {
        let x = 1.0 / (inverse - uniform_draw() * (inverse - 2.0));
        let q = x / (1.0 - x);
        let weight = 1.0 + q * (q - c2) + c1 * x * x;
        if (uniform_draw() * bound <= weight) {
            return x * energy;
        }
    }
    return -1.0;
}

// mu of the primary (x) and of the secondary (y) after a transfer.
fn moller_deflections(energy: f32, transfer: f32) -> vec2<f32> {
    let after = energy - transfer;
    let sin2 = 2.0 * REST * transfer / (energy * (after + 2.0 * REST));
    let sin2_delta = 2.0 * REST * after / (energy * (transfer + 2.0 * REST));
    return vec2<f32>(half_angle(sin2), half_angle(sin2_delta));
}

// (1 - cos)/2 from sin^2 of an angle below 90 degrees.
fn half_angle(sin2: f32) -> f32 {
    let s = clamp(sin2, 0.0, 1.0);
    return s / (2.0 * (1.0 + sqrt(1.0 - s)));
}
