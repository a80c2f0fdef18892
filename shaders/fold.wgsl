// Folds one batch into the sums (`src/transport/tally.rs`): sums per origin, squares of the whole, energy per region;
// the batch's words are zeroed. One lane folds a few neighbouring cells of one part of the tally.

override WORKGROUP: u32;
override CELLS_PER_LANE: u32;
// Pairs of words per cell: origins, or time points.
override CHANNELS: u32;
// Squares per cell: one of all origins together, or one for each time point.
override GROUPS: u32;

struct Fold {
    // Cells in this part, and the first of them.
    cells: u32,
    first: u32,
    // Whether voxels have labels.
    labelled: u32,
    lanes: u32,
    // Regions with the one outside all, and voxels between the labels of two time points (0: the same for all).
    regions: u32,
    label_stride: u32,
    spare: vec2<u32>,
}

@group(0) @binding(0) var<uniform> fold_job: Fold;
// Two words per cell and channel.
@group(0) @binding(1) var<storage, read_write> batch_words: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;
// Four words per cell and group.
@group(0) @binding(3) var<storage, read_write> squares: array<vec4<u32>>;
// Two labels per word.
@group(0) @binding(4) var<storage, read> labels: array<u32>;
// Two words per group and region.
@group(0) @binding(5) var<storage, read_write> regions: array<atomic<u32>>;

// The square of a 64-bit number, low word first.
fn square_wide(a: vec2<u32>) -> vec4<u32> {
    let low = mul_wide(a.x, a.x);
    let high = mul_wide(a.y, a.y);
    let cross = mul_wide(a.x, a.y);
    // Twice the cross term, three words from the second on.
    let double = vec3<u32>(cross.x << 1u, (cross.y << 1u) | (cross.x >> 31u), cross.y >> 31u);
    return add_quad(vec4<u32>(low, high), vec4<u32>(0u, double));
}

fn add_quad(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let x = a.x + b.x;
    let carry_x = select(0u, 1u, x < a.x);
    let y = add_wide(vec2<u32>(a.y, 0u), vec2<u32>(b.y, 0u));
    let y2 = add_wide(y, vec2<u32>(carry_x, 0u));
    let z = add_wide(vec2<u32>(a.z, 0u), vec2<u32>(b.z, 0u));
    let z2 = add_wide(z, vec2<u32>(y2.y, 0u));
    return vec4<u32>(x, y2.x, z2.x, a.w + b.w + z2.y);
}

fn add_region(region: u32, units: vec2<u32>) {
    if (units.x != 0u) {
        let old = atomicAdd(&regions[region * 2u], units.x);
        if (old > 0xffffffffu - units.x) {
            atomicAdd(&regions[region * 2u + 1u], 1u);
        }
    }
    if (units.y != 0u) {
        atomicAdd(&regions[region * 2u + 1u], units.y);
    }
}

@compute @workgroup_size(WORKGROUP)
fn fold(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let lane = id.x + id.y * groups.x * WORKGROUP;
    if (lane >= fold_job.lanes) {
        return;
    }
    for (var group = 0u; group < GROUPS; group += 1u) {
        fold_group(lane, group);
    }
}

// Folds the channels of one group (all origins, or one time point) of the lane's cells.
fn fold_group(lane: u32, group: u32) {
    let first_channel = group * (CHANNELS / GROUPS);
    let regions_at = group * fold_job.regions;
    var region = 0u;
    var region_units = vec2<u32>(0u, 0u);
    for (var k = 0u; k < CELLS_PER_LANE; k += 1u) {
        // Neighbouring lanes take neighbouring cells.
        let cell = k * fold_job.lanes + lane;
        if (cell >= fold_job.cells) {
            break;
        }
        var total = vec2<u32>(0u, 0u);
        for (var c = 0u; c < CHANNELS / GROUPS; c += 1u) {
            let at = (cell * CHANNELS + first_channel + c) * 2u;
            let value = vec2<u32>(batch_words[at], batch_words[at + 1u]);
            if (value.x != 0u || value.y != 0u) {
                batch_words[at] = 0u;
                batch_words[at + 1u] = 0u;
                let sum = add_wide(vec2<u32>(sums[at], sums[at + 1u]), value);
                sums[at] = sum.x;
                sums[at + 1u] = sum.y;
                total = add_wide(total, value);
            }
        }
        if (total.x == 0u && total.y == 0u) {
            continue;
        }
        let square_at = cell * GROUPS + group;
        squares[square_at] = add_quad(squares[square_at], square_wide(total));
        var here = 0u;
        if (fold_job.labelled != 0u) {
            let voxel = fold_job.first + cell + group * fold_job.label_stride;
            here = (labels[voxel >> 1u] >> ((voxel & 1u) * 16u)) & 0xffffu;
        }
        if (here != region) {
            add_region(regions_at + region, region_units);
            region = here;
            region_units = vec2<u32>(0u, 0u);
        }
        region_units = add_wide(region_units, total);
    }
    add_region(regions_at + region, region_units);
}
