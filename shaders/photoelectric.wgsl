// Direction of the photoelectron: Sauter's K-shell distribution (`src/transport/cpu/photoelectric.rs`).

const PHOTOELECTRIC_TRIES: u32 = 64u;

// mu of the photoelectron. Two draws per try.
fn photoelectric_angle(given: f32) -> f32 {
    let energy = larger(given, 1e-6);
    let beta = sqrt(beta_squared(energy));
    let kinetic = energy / REST;
    let gamma = 1.0 + kinetic;
    let inverse_beta = 1.0 / beta;
    let a = inverse_beta - 1.0;
    let c = 0.5 * beta * gamma * kinetic * (kinetic - 1.0);
    let a2 = inverse_beta + 1.0;
    let most = 2.0 * (1.0 / a + c);
    for (var i = 0u; i < PHOTOELECTRIC_TRIES; i += 1u) {
        let u = uniform_draw();
        let v = 2.0 * a * (2.0 * u + a2 * sqrt(u)) / (a2 * a2 - 4.0 * u);
        if (uniform_draw() * most <= (2.0 - v) * (1.0 / (a + v) + c)) {
            return smaller(0.5 * v, 1.0);
        }
    }
    return 0.5;
}
