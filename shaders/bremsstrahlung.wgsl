// Direction of a bremsstrahlung photon: a boosted dipole (`src/transport/cpu/bremsstrahlung.rs`).

// mu = (1 - cos_theta)/2 of the photon; `u` uniform.
fn bremsstrahlung_angle(energy: f32, u: f32) -> f32 {
    let beta = sqrt(beta_squared(energy));
    let slow = 1.0 - beta;
    return (1.0 - u) * slow / (slow + beta * (2.0 * u));
}
