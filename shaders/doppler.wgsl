// Compton scattering on a bound electron in motion: the impulse approximation (`src/transport/cpu/doppler.rs`).

const DOPPLER_TRIES: u32 = 32u;
// Momentum (m c) beyond which the cross section no longer grows with it.
override LINEAR_MOMENTUM: f32;

// Energy (MeV) of a photon scattered by the angle mu. Three draws per try.
fn doppler_energy(material: u32, energy: f32, mu: f32) -> f32 {
    let header = table_block(params.compton_shells + material * 4u);
    let first = params.compton_shells + u32(header.x);
    let count = header.y;
    let kappa = energy / REST;
    let tau = 1.0 / (1.0 + kappa * (2.0 * mu));
    let cos_theta = 1.0 - 2.0 * mu;
    let lost = 1.0 - tau;
    let q2 = larger(lost * lost + 4.0 * mu * tau, 1e-30);
    let slope = larger(sqrt(q2) * (1.0 + tau * (tau - cos_theta) / q2), 0.0);
    let across = 4.0 * mu * (1.0 - mu);
    for (var i = 0u; i < DOPPLER_TRIES; i += 1u) {
        let pick = uniform_draw() * count;
        let index = min(u32(pick), u32(count) - 1u);
        var record = table_block(first + index * 4u);
        if (pick - f32(index) > record.x) {
            record = table_block(first + u32(record.y) * 4u);
        }
        let size = record.w * (sqrt(1.0 - 2.0 * ln(uniform_draw())) - 1.0);
        let forward = 2.0 * uniform_draw() < 1.0 + slope * smaller(size, LINEAR_MOMENTUM);
        if (size < 1.0) {
            let p = select(-size, size, forward);
            let bent = size * size * tau;
            let root = sqrt(larger(q2 - bent * tau * across, 0.0));
            let after = energy * tau * (1.0 - bent * cos_theta + p * root) / (1.0 - bent * tau);
            if (energy - after >= record.z) {
                return after;
            }
        }
    }
    return energy * tau;
}

// mu of the recoil electron, which takes the momentum transfer.
fn recoil_mu(energy: f32, after: f32, mu: f32) -> f32 {
    let lost = energy - after;
    let q2 = larger(lost * lost + 4.0 * energy * after * mu, 1e-30);
    let cos_electron = smaller((lost + 2.0 * after * mu) / sqrt(q2), 1.0);
    let sine2 = after * after * (4.0 * mu * (1.0 - mu)) / q2;
    return smaller(0.5 * sine2 / (1.0 + cos_electron), 1.0);
}
