// Compton scattering: angle and kinematics, without Doppler broadening (`src/transport/cpu/compton.rs`).

// mu of the photon. Two draws. The table is of mu^2.
fn compton_mu(material: u32, energy: f32) -> f32 {
    let node = coarse_node(energy, uniform_draw());
    return sqrt(sample_angular(angular_at(params.offsets.compton, material, node), uniform_draw()));
}

// Energy (x, MeV) of the scattered photon, and mu (y) of the recoil electron.
fn compton_kinematics(energy: f32, mu: f32) -> vec2<f32> {
    let kappa = energy / REST;
    let after = energy / (1.0 + kappa * (2.0 * mu));
    let s = (1.0 + kappa) * (1.0 + kappa) * mu;
    let rest = 1.0 - mu;
    let whole = larger(s + rest, 1e-30);
    let cos_electron = sqrt(s / whole);
    return vec2<f32>(after, 0.5 * rest / (whole * (1.0 + cos_electron)));
}
