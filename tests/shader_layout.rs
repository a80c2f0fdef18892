//! The shaders without a GPU: every module is valid WGSL, its structs lie as Rust's, its constants are the ones Rust fills.
#![cfg(feature = "gpu")]

use naga::proc::Layouter;
use voxgray::transport::gpu::assemble::Assembled;
use voxgray::transport::gpu::kernels::{Variant, transport_module};
use voxgray::transport::gpu::shaders;

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

#[test]
fn every_variant_is_valid() {
    for parts in [1, 4] {
        for trace in [false, true] {
            parse(&transport_module(
                Variant { parts, trace },
                &[shaders::KERNELS, shaders::SCHEDULE],
            ));
        }
    }
    let fold = parse(&Assembled::new(shaders::FOLD));
    let mut layouter = Layouter::default();
    layouter.update(fold.to_ctx()).unwrap();
}
