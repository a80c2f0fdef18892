// Entry points of the transport. A lane takes a particle, follows it for some steps, takes the next; what is unfinished
// when the dispatch's budget is spent goes back to its ring. No lane runs longer than its budget.

override WORKGROUP: u32;
// Passes of one lane in one dispatch: some steps of a lepton or flights of a photon, and what ended them.
override STEP_BUDGET: u32;
// Consecutive histories that one lane of `source` starts.
override SOURCE_RUN: u32;

@compute @workgroup_size(WORKGROUP)
fn source(@builtin(global_invocation_id) id: vec3<u32>) {
    let begin = id.x * SOURCE_RUN;
    if (begin >= control.source_take) {
        return;
    }
    let end = min(begin + SOURCE_RUN, control.source_take);
    var hint = 0xffffffffu;
    for (var k = begin; k < end; k += 1u) {
        let i = control.source_next + k;
        hint = source_index(strata_position(i), hint);
        source_row = hint;
        decay(i, hint);
        close_particle(i);
    }
    flush_ledger(id.x);
}

@compute @workgroup_size(WORKGROUP)
fn photons(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= control.rings[PHOTON_RING].lanes) {
        return;
    }
    var flight: Flight;
    var alive = false;
    for (var step = 0u; step < STEP_BUDGET && pushes < PUSH_QUOTA; step += 1u) {
        if (!alive) {
            let item = next_item(PHOTON_RING);
            if (item >= control.rings[PHOTON_RING].take) {
                break;
            }
            flight = take_flight(item);
        }
        alive = step_photon(&flight);
        if (!alive) {
            close_particle(flight.p.slot);
        }
    }
    if (alive) {
        put_flight_back(flight);
        close_particle(flight.p.slot);
    }
    flush_ledger(id.x);
}

@compute @workgroup_size(WORKGROUP)
fn leptons(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= control.rings[LEPTON_RING].lanes) {
        return;
    }
    var track: Track;
    var step: Step;
    var alive = false;
    // A step that has begun is finished: what is put back stands between two steps.
    for (var pass_number = 0u; (pass_number < STEP_BUDGET && pushes < PUSH_QUOTA) || step.under_way; pass_number += 1u) {
        if (!alive) {
            let item = next_item(LEPTON_RING);
            if (item >= control.rings[LEPTON_RING].take) {
                break;
            }
            track = take_track(item);
            step.under_way = false;
        }
        alive = step_lepton(&track, &step);
        if (!alive) {
            step.under_way = false;
            close_particle(track.p.slot);
        }
    }
    if (alive) {
        put_track_back(track);
        close_particle(track.p.slot);
    }
    flush_ledger(id.x);
}
