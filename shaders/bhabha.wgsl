// Bhabha collisions of positrons: the target electron is free and at rest (`src/transport/cpu/bhabha.rs`).

const BHABHA_TRIES: u32 = 64u;

// Energy (MeV) given to the electron; below zero if no try was accepted. Two draws per try.
fn bhabha_transfer(energy: f32, threshold: f32) -> f32 {
    let x0 = threshold / energy;
    if (x0 >= 1.0) {
        return -1.0;
    }
    let gamma = 1.0 + energy / REST;
    let beta2 = 1.0 - 1.0 / (gamma * gamma);
    let y = 1.0 / (gamma + 1.0);
    let y2 = y * y;
    let t = 1.0 - 2.0 * y;
    let b1 = 2.0 - y2;
    let b2 = t * (3.0 + y2);
    let t2 = t * t;
    let b4 = t2 * t;
    let b3 = t2 * (t + 1.0);
    let inverse = 1.0 / x0;
    for (var i = 0u; i < BHABHA_TRIES; i += 1u) {
        let x = 1.0 / (inverse - uniform_draw() * (inverse - 1.0));
        let weight = 1.0 - beta2 * x * (b1 - x * (b2 - x * (b3 - x * b4)));
        if (uniform_draw() <= weight) {
            return x * energy;
        }
    }
    return -1.0;
}
