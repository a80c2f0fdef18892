//! The shader files, by stem.

/// A WGSL file.
#[derive(Debug, Clone, Copy)]
pub struct ShaderFile {
    /// Its name in `shaders/`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! shader {
    ($name:literal) => {
        ShaderFile { name: $name, text: include_str!(concat!("../../../shaders/", $name)) }
    };
}

/// What every transport kernel needs, in the order of the data's flow. The scorer and the listener are chosen by the caller.
pub const TRANSPORT: &[ShaderFile] = &[
    shader!("types.wgsl"),
    shader!("math.wgsl"),
    shader!("rng.wgsl"),
    shader!("vector.wgsl"),
    shader!("lookup.wgsl"),
    shader!("ledger.wgsl"),
    shader!("score.wgsl"),
    shader!("fine.wgsl"),
    shader!("walk.wgsl"),
    shader!("queue.wgsl"),
    shader!("straggling.wgsl"),
    shader!("moller.wgsl"),
    shader!("bhabha.wgsl"),
    shader!("bremsstrahlung.wgsl"),
    shader!("electron.wgsl"),
    shader!("compton.wgsl"),
    shader!("doppler.wgsl"),
    shader!("photoelectric.wgsl"),
    shader!("pair.wgsl"),
    shader!("photon.wgsl"),
    shader!("track_length.wgsl"),
    shader!("alpha.wgsl"),
    shader!("beam.wgsl"),
    shader!("history.wgsl"),
    shader!("events.wgsl"),
];
/// Entry points of the transport.
pub const KERNELS: ShaderFile = shader!("kernels.wgsl");
/// Entry point that plans a round.
pub const SCHEDULE: ShaderFile = shader!("schedule.wgsl");
/// Tally in one binding.
pub const TALLY_ONE: ShaderFile = shader!("tally_1.wgsl");
/// Tally in four bindings.
pub const TALLY_FOUR: ShaderFile = shader!("tally_4.wgsl");
/// Nobody listens.
pub const TRACE_OFF: ShaderFile = shader!("trace_off.wgsl");
/// Events are written down.
pub const TRACE_ON: ShaderFile = shader!("trace_on.wgsl");
/// Entry points that run one function each, for comparison with the CPU.
pub const PROBE: ShaderFile = shader!("probe.wgsl");
/// Folding of a batch.
pub const FOLD: &[ShaderFile] = &[shader!("math.wgsl"), shader!("fold.wgsl")];
