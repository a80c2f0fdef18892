// Nobody listens: the transport kernels of a run.

fn tell(event: u32, place: ptr<function, Place>, p: Particle, value: f32) {}
fn tell_settled(place: ptr<function, Place>, kind: u32, origin: u32, energy: f32) {}
fn tell_photon_escape(linear: u32, p: Particle) {}
