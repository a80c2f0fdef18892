// Pair production: split and directions (`src/transport/cpu/pair.rs`).

// Fraction of the available kinetic energy that the electron gets. One draw.
fn pair_split() -> f32 {
    return uniform_draw();
}

// Direction of a pair partner. Two draws.
fn pair_direction(photon: vec3<f32>, energy: f32) -> vec3<f32> {
    let beta = sqrt(beta_squared(larger(energy, 1e-6)));
    let u = uniform_draw();
    let slow = 1.0 - beta;
    let mu = (1.0 - u) * slow / (slow + beta * (2.0 * u));
    return rotate(photon, mu, uniform_draw());
}
