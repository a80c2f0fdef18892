// Straggling of the losses below the production threshold (`src/transport/cpu/straggling.rs`).

// Loss of a step in units of its mean, from p, theta and `1 - p theta + theta ln p`. `u` uniform.
fn loss_factor(p: f32, theta: f32, raised: f32, u: f32) -> f32 {
    if (u < p) {
        return raised - theta * ln(u);
    }
    return 1.0 - p * theta;
}
