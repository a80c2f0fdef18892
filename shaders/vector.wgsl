// Directions: isotropic emission and rotation by a polar and an azimuthal angle (`src/transport/cpu/vector.rs`).

// An isotropic direction. Two draws.
fn sample_isotropic() -> vec3<f32> {
    let cos_theta = 1.0 - 2.0 * uniform_draw();
    let sin_theta = sqrt(larger(1.0 - cos_theta * cos_theta, 0.0));
    let phi = sin_cos_turn(uniform_draw());
    return vec3<f32>(sin_theta * phi.y, sin_theta * phi.x, cos_theta);
}

// Turns `d` by mu = (1 - cos_theta)/2 and the azimuth 2 pi turn.
fn rotate(d: vec3<f32>, mu: f32, turn: f32) -> vec3<f32> {
    let phi = sin_cos_turn(turn);
    let cos_theta = 1.0 - 2.0 * mu;
    let sin_theta = 2.0 * sqrt(larger(mu * (1.0 - mu), 0.0));
    let a = sin_theta * phi.y;
    let b = sin_theta * phi.x;
    let rho2 = d.x * d.x + d.y * d.y;
    var r: vec3<f32>;
    if (rho2 > 1e-10) {
        let rho = sqrt(rho2);
        let inv = 1.0 / rho;
        let x = (a * d.z * d.x - b * d.y) * inv;
        let y = (a * d.z * d.y + b * d.x) * inv;
        r = vec3<f32>(d.x * cos_theta + x, d.y * cos_theta + y, d.z * cos_theta - a * rho);
    } else {
        r = vec3<f32>(a, b, select(-cos_theta, cos_theta, d.z > 0.0));
    }
    let n2 = r.x * r.x + r.y * r.y + r.z * r.z;
    let scale = 1.5 - 0.5 * n2;
    return vec3<f32>(r.x * scale, r.y * scale, r.z * scale);
}
