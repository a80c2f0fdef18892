// Plans the next round: one lane, no physics. Commits what the last round took, then decides how many lanes may run and
// how many histories may start, so that whatever they push has room.

// Most lanes of the photon and of the lepton kernel.
override PHOTON_LANES: u32;
override LEPTON_LANES: u32;
// Most records that one history adds to one ring.
override MOST_PRIMARIES: u32;
// Most pushes of one step beyond the quota, and the particle put back.
override MOST_PUSHES: u32;

// Commits what was taken from a ring; the records that wait.
fn waiting_in(ring: u32) -> u32 {
    control.rings[ring].head += min(atomicLoad(&control.rings[ring].next), control.rings[ring].take);
    atomicStore(&control.rings[ring].next, 0u);
    return atomicLoad(&control.rings[ring].tail) - control.rings[ring].head;
}

@compute @workgroup_size(1)
fn schedule() {
    control.source_next += control.source_take;
    control.source_take = 0u;
    let photons_wait = waiting_in(PHOTON_RING);
    let leptons_wait = waiting_in(LEPTON_RING);
    let free = QUEUE_CAPACITY - max(photons_wait, leptons_wait);
    let reserve = PUSH_QUOTA + MOST_PUSHES;
    let most_lanes = free / reserve;
    let lepton_lanes = min(min(leptons_wait, LEPTON_LANES), most_lanes);
    let photon_lanes = min(min(photons_wait, PHOTON_LANES), most_lanes - lepton_lanes);
    control.rings[LEPTON_RING].lanes = lepton_lanes;
    control.rings[LEPTON_RING].take = select(0u, leptons_wait, lepton_lanes > 0u);
    control.rings[PHOTON_RING].lanes = photon_lanes;
    control.rings[PHOTON_RING].take = select(0u, photons_wait, photon_lanes > 0u);
    // Histories start only where every lane keeps its reserve.
    let kept = (PHOTON_LANES + LEPTON_LANES) * reserve;
    if (free > kept) {
        let room = (free - kept) / max(MOST_PRIMARIES, 1u);
        control.source_take = min(min(room, batch.source_most), batch.histories - control.source_next);
    }
    let idle = control.source_take + lepton_lanes + photon_lanes == 0u;
    let unfinished = photons_wait + leptons_wait > 0u || control.source_next < batch.histories;
    control.stuck = select(0u, 1u, idle && unfinished);
}
