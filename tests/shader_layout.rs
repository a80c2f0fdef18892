//! The shaders without a GPU: every module is valid WGSL, its structs lie as Rust's, its constants are the ones Rust fills, every file is used and
//! names its twin, and no function is called whose result depends on the device.
#![cfg(feature = "gpu")]

#[allow(dead_code, reason = "other tests read the files too")]
#[path = "support/files.rs"]
mod files;
#[path = "support/plans.rs"]
mod plans;

use std::collections::BTreeSet;
use std::mem::offset_of;

use bytemuck::Zeroable;
use naga::proc::{Alignment, Layouter};
use naga::{Expression, MathFunction, TypeInner};
use voxgray::transport::escapes::ESCAPE_NUMBERS;
use voxgray::transport::gpu::assemble::Assembled;
use voxgray::transport::gpu::buffers::Sizes;
use voxgray::transport::gpu::constants;
use voxgray::transport::gpu::device::DeviceKind;
use voxgray::transport::gpu::kernels::{Variant, transport_module};
use voxgray::transport::gpu::layout::{
    Batch, Control, ESCAPE_AT, Fold, LEDGER_WORDS, Queue, RECORD_WORDS, TRACE_HEADER, TRACE_WORDS,
};
use voxgray::transport::gpu::shaders::{self, ShaderFile};
use voxgray::transport::gpu::tuning::Tuning;
use voxgray::transport::layout::{Offsets, Params};
use voxgray::transport::plan::{SourceEntry, SourceGroup};

/// Constants that only one launcher fills: `run.rs`, `replay.rs`, `probe.rs`, `fold.rs`.
const OF_ONE_LAUNCHER: [&str; 6] =
    ["PER_HISTORY", "TRACE_CAPACITY", "PROBE_WORDS", "CELLS_PER_LANE", "CHANNELS", "GROUPS"];

fn parse(module: &Assembled) -> naga::Module {
    let parsed = naga::front::wgsl::parse_str(&module.text).unwrap_or_else(|e| {
        let line = e.location(&module.text).map_or(0, |l| l.line_number as usize);
        panic!("{}: {}", module.origin(line), e.emit_to_string(&module.text))
    });
    let mut validator =
        naga::valid::Validator::new(Default::default(), naga::valid::Capabilities::all());
    if let Err(e) = validator.validate(&parsed) {
        panic!("{}", e.emit_to_string(&module.text));
    }
    parsed
}

/// Every module that is given to a device, with the variants of the tally and of the listener, and the probes.
fn modules() -> Vec<naga::Module> {
    let mut all = Vec::new();
    for parts in [1, 4] {
        for trace in [false, true] {
            let variant = Variant { parts, trace };
            let entries = [shaders::KERNELS, shaders::SCHEDULE];
            all.push(parse(&transport_module(variant, &entries)));
        }
    }
    let variant = Variant { parts: 1, trace: false };
    all.push(parse(&transport_module(variant, &[shaders::PROBE])));
    all.push(parse(&Assembled::new(shaders::FOLD)));
    all
}

/// All shader files that a module may have.
fn used_files() -> Vec<ShaderFile> {
    let mut all = shaders::TRANSPORT.to_vec();
    all.extend(shaders::FOLD);
    all.extend([
        shaders::KERNELS,
        shaders::SCHEDULE,
        shaders::TALLY_ONE,
        shaders::TALLY_FOUR,
        shaders::TRACE_OFF,
        shaders::TRACE_ON,
        shaders::PROBE,
    ]);
    all
}

/// Name, offset and size of a field.
type Field = (String, usize, usize);

/// Fields of a struct of a shader, its size and its alignment.
fn shader_struct(module: &naga::Module, name: &str) -> (Vec<Field>, usize, Alignment) {
    let mut layouter = Layouter::default();
    layouter.update(module.to_ctx()).expect("a layout");
    let found = module.types.iter().find(|(_, t)| t.name.as_deref() == Some(name));
    let Some((handle, TypeInner::Struct { members, .. })) = found.map(|(h, t)| (h, &t.inner))
    else {
        panic!("no struct {name}")
    };
    let fields = members.iter().map(|m| {
        let field = m.name.clone().expect("a named field");
        (field, m.offset as usize, layouter[m.ty].size as usize)
    });
    (fields.collect(), layouter[handle].size as usize, layouter[handle].alignment)
}

/// Compares a struct of a module with Rust's of the same name, field by field. A field left out here does not compile.
macro_rules! same_layout {
    ($module:expr, $rust:ident { $($field:ident),* $(,)? }) => {{
        let value = $rust::zeroed();
        let $rust { $($field: _),* } = value;
        let ours: Vec<Field> = vec![$(
            (stringify!($field).to_string(), offset_of!($rust, $field), size_of_val(&value.$field))
        ),*];
        let (theirs, size, alignment) = shader_struct($module, stringify!($rust));
        assert_eq!(ours, theirs, "{}: name, offset, size", stringify!($rust));
        // The end is padded when it is uploaded.
        let padded = alignment.round_up(size_of::<$rust>() as u32) as usize;
        assert_eq!(padded, size, "{}: size", stringify!($rust));
    }};
}

/// Value of a `const` of a module.
fn shader_const(module: &naga::Module, name: &str) -> u32 {
    let (_, found) = module
        .constants
        .iter()
        .find(|(_, c)| c.name.as_deref() == Some(name))
        .unwrap_or_else(|| panic!("no const {name}"));
    match module.global_expressions[found.init] {
        Expression::Literal(naga::Literal::U32(value)) => value,
        ref other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn structs_lie_as_in_rust() {
    let all = modules();
    let (transport, fold) = (&all[0], &all[all.len() - 1]);
    same_layout!(
        transport,
        Params {
            dims,
            materials,
            voxel_cm,
            electron_cutoff,
            inverse_voxel,
            photon_cutoff,
            cell_dims,
            cell_voxels,
            fine_first,
            fine_parts,
            fine_voxels,
            fine_base,
            threshold_fraction,
            threshold_min,
            short_sets,
            photon_threshold,
            flags,
            shells,
            seed,
            source_voxels,
            local_electron,
            local_photon,
            local_alpha,
            settle_energy,
            spare,
            source_groups,
            source_entries,
            time_points,
            reciprocal_nx,
            reciprocal_ny,
            compton_shells,
            offsets,
        }
    );
    same_layout!(
        transport,
        Offsets {
            photon,
            photon_majorant,
            compton,
            rayleigh,
            fluorescence,
            lepton,
            hard_majorant,
            scattering,
            bremsstrahlung,
            thick_target,
            alpha,
            thresholds,
            shells,
            beam,
        }
    );
    same_layout!(
        transport,
        Batch { first, offset, stride, histories, cells, groups, entries, source_most, spare }
    );
    same_layout!(transport, Queue { head, take, lanes, spare_a, tail, spare_b, next, spare_c });
    same_layout!(transport, Control { rings, source_next, source_take, overflows, stuck });
    // The shader reads a group word by word (`source_group`) and leaves what fills its second block.
    let (theirs, ..) = shader_struct(transport, "SourceGroup");
    let SourceGroup { kind, whole, fraction, first, count, spare } = SourceGroup::zeroed();
    let ours = [
        ("kind", offset_of!(SourceGroup, kind), size_of_val(&kind)),
        ("whole", offset_of!(SourceGroup, whole), size_of_val(&whole)),
        ("fraction", offset_of!(SourceGroup, fraction), size_of_val(&fraction)),
        ("first", offset_of!(SourceGroup, first), size_of_val(&first)),
        ("count", offset_of!(SourceGroup, count), size_of_val(&count)),
    ];
    assert_eq!(ours.map(|(n, at, size)| (n.to_string(), at, size)).to_vec(), theirs);
    assert_eq!(offset_of!(SourceGroup, spare) + size_of_val(&spare), size_of::<SourceGroup>());
    same_layout!(fold, Fold { cells, first, labelled, lanes, regions, label_stride, spare });
}

#[test]
fn record_sizes_are_rusts() {
    let all = modules();
    let words_of = |bytes: usize| (bytes / size_of::<u32>()) as u32;
    assert_eq!(shader_const(&all[0], "GROUP_WORDS"), words_of(size_of::<SourceGroup>()));
    assert_eq!(shader_const(&all[0], "ENTRY_WORDS"), words_of(size_of::<SourceEntry>()));
    // A record counts vec4.
    assert_eq!(4 * shader_const(&all[0], "RECORD") as usize, RECORD_WORDS);
    let trace = &all[1];
    let (fields, ..) = shader_struct(trace, "TraceLog");
    let words = fields.iter().find(|f| f.0 == "words").expect("the records");
    assert_eq!(words.1, TRACE_HEADER * size_of::<u32>());
    assert!(shaders::TRACE_ON.text.contains(&format!("index * {}u", TRACE_WORDS / 4)));
    assert_eq!(LEDGER_WORDS, ESCAPE_AT + 2 * ESCAPE_NUMBERS);
}

#[test]
fn every_constant_is_filled_by_rust_and_has_no_value_of_its_own() {
    let plan = plans::shell_plan("electron:1MeV");
    let tuning = Tuning::for_device(DeviceKind::Software);
    let sizes = Sizes {
        cells: 1,
        channels: 1,
        groups: 1,
        parts: 1,
        part_cells: 1,
        capacity: 1,
        ledger_rows: 1,
        trace: 1,
        bytes: 1,
    };
    let mut filled: BTreeSet<String> = OF_ONE_LAUNCHER.map(String::from).into();
    for (name, _) in
        constants::physics().into_iter().chain(constants::launch(&plan, &tuning, &sizes))
    {
        assert!(filled.insert(name.to_string()), "{name} is filled twice");
    }
    let mut declared = BTreeSet::new();
    for module in modules() {
        for (_, constant) in module.overrides.iter() {
            let name = constant.name.clone().expect("a named constant");
            assert!(constant.init.is_none(), "{name} has a value in the shader");
            declared.insert(name);
        }
    }
    assert_eq!(declared, filled, "declared by a shader, and filled by Rust");
}

#[test]
fn every_file_is_used() {
    let on_disk: BTreeSet<String> = files::files_under("shaders")
        .into_iter()
        .map(|p| p.file_name().expect("a file").to_string_lossy().into_owned())
        .collect();
    let used: BTreeSet<String> = used_files().iter().map(|f| f.name.to_string()).collect();
    assert_eq!(on_disk, used);
}

/// The comment at the head of a file, and the Rust files that it names.
fn named_files(shader: &ShaderFile) -> Vec<&'static str> {
    let head = shader.text.lines().take_while(|l| l.starts_with("//"));
    head.flat_map(|l| l.split('`').skip(1).step_by(2)).filter(|n| n.ends_with(".rs")).collect()
}

#[test]
fn every_stem_names_its_twin() {
    // What the shaders keep in `types.wgsl` and `queue.wgsl`, and what needs no twin.
    const WITHOUT_SHADER: [&str; 2] = ["mod", "particle"];
    for shader in used_files() {
        for name in named_files(&shader) {
            assert!(files::root().join(name).is_file(), "{}: no {name}", shader.name);
        }
    }
    for path in files::files_under("src/transport/cpu") {
        let stem = path.file_stem().expect("a stem").to_string_lossy().into_owned();
        if WITHOUT_SHADER.contains(&stem.as_str()) {
            continue;
        }
        let twin = format!("{stem}.wgsl");
        let shader = shaders::TRANSPORT
            .iter()
            .find(|f| f.name == twin)
            .unwrap_or_else(|| panic!("{} has no twin in shaders", path.display()));
        let path = path.to_string_lossy();
        assert!(named_files(shader).contains(&&*path), "{twin} does not name {path}");
    }
}

#[test]
fn only_functions_with_one_result_are_called() {
    // Exact, or rounded correctly by every device that was measured (the square root).
    const ALLOWED: [MathFunction; 7] = [
        MathFunction::Abs,
        MathFunction::Min,
        MathFunction::Max,
        MathFunction::Clamp,
        MathFunction::Round,
        MathFunction::Sqrt,
        MathFunction::CountOneBits,
    ];
    for module in modules() {
        let entries = module.entry_points.iter().map(|e| &e.function);
        for function in module.functions.iter().map(|(_, f)| f).chain(entries) {
            for (_, expression) in function.expressions.iter() {
                if let Expression::Math { fun, .. } = expression {
                    let name = function.name.as_deref().unwrap_or("an entry point");
                    assert!(ALLOWED.contains(fun), "{name} calls {fun:?}");
                }
            }
        }
    }
}
