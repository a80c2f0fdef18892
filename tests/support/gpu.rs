//! The device of the tests that compare the engines. Where there is none they say so and pass, unless `VOXGRAY_REQUIRE_GPU=1`.

use voxgray::transport::gpu::adapter::Adapters;
use voxgray::transport::gpu::device::{Device, DeviceKind};

/// Variable that makes a missing device a failure.
const REQUIRE: &str = "VOXGRAY_REQUIRE_GPU";

/// The adapters and the number of the first that can run the kernels.
pub fn adapters() -> Option<(Adapters, usize)> {
    let adapters = Adapters::find();
    let usable = adapters.facts().find(|f| f.check().is_ok()).map(|f| f.number);
    if let Some(number) = usable {
        return Some((adapters, number));
    }
    let why = adapters.none().map_or_else(
        || "no adapter can run the kernels".to_string(),
        |e| format!("{} ({})", e.problem, e.why),
    );
    assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "{REQUIRE}=1, but {why}");
    println!("skipped: {why}");
    None
}

/// The first adapter that can run the kernels, opened.
#[allow(dead_code, reason = "some tests open the adapters themselves")]
pub fn device() -> Option<Device> {
    let (adapters, number) = adapters()?;
    Some(adapters.open(number).expect("a device that opens"))
}

/// Whether the device rounds as the processor does: a software device. A compiler for hardware may contract `a * b + c` and need not round
/// divisions correctly, so there the engines are compared by distance and statistics; how many results are equal is printed.
#[allow(dead_code, reason = "not every test compares bits")]
pub fn exact(device: &Device) -> bool {
    device.facts.kind == DeviceKind::Software
}
