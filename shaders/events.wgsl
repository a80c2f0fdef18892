// Names of what happens to a particle, as `src/transport/trace.rs` numbers them.

override EVENT_START: u32;
override EVENT_STEP: u32;
override EVENT_HINGE: u32;
override EVENT_CROSSING: u32;
override EVENT_MOLLER: u32;
override EVENT_BHABHA: u32;
override EVENT_BREMSSTRAHLUNG: u32;
override EVENT_SETTLE: u32;
override EVENT_ANNIHILATION: u32;
override EVENT_COMPTON: u32;
override EVENT_RAYLEIGH: u32;
override EVENT_PHOTOELECTRIC: u32;
override EVENT_PAIR: u32;
override EVENT_CUTOFF: u32;
override EVENT_ESCAPE: u32;
