//! `voxgray devices`: the GPUs of this machine, and which of them voxgray uses.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::progress::print;
use crate::error::Result;
use crate::transport::devices::{DeviceReport, Survey, survey};

const AFTER: &str = "\
The numbers are those of --engine gpu:N. The largest binding limits the dose grid: the density
map takes 4 bytes of it per voxel, the tally a quarter of 24 (16 for one origin) in each of four
parts. Also without a GPU this command ends with 0; it says what is missing.";

/// Options of `voxgray devices`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct DevicesArguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the devices.
///
/// # Errors
/// If writing fails.
pub fn run(arguments: &DevicesArguments) -> Result<ExitCode> {
    let survey = survey();
    if arguments.json {
        let auto = if survey.why_cpu.is_none() { "gpu" } else { "cpu" };
        let text = json!({"auto": auto, "survey": survey});
        print(&format!("{text:#}\n"))?;
    } else {
        print(&table(&survey))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(survey: &Survey) -> String {
    let mut text = String::new();
    if let Some(why) = &survey.lacking {
        text.push_str(&format!("no GPU: {why}\n"));
    }
    for device in &survey.devices {
        text.push_str(&rows(device, survey.storage_buffers_needed));
    }
    let automatic: Vec<String> = survey
        .devices
        .iter()
        .filter(|d| d.automatic)
        .map(|d| format!("{} {}", d.facts.number, d.facts.name))
        .collect();
    text.push_str(&match &survey.why_cpu {
        Some(why) => format!("auto uses the CPU: {why}\n"),
        None => format!("auto uses {}\n", automatic.join(", ")),
    });
    text
}

fn rows(device: &DeviceReport, needed: u32) -> String {
    let (facts, limits) = (&device.facts, &device.limits);
    let mib = |bytes: u64| bytes >> 20;
    let usable = match &device.refused {
        Some(why) => format!("no: {why}"),
        None => "yes".to_string(),
    };
    format!(
        "gpu:{} {}\n  kind             {}\n  backend          {}\n  driver           {}\n  largest buffer   {} MiB\n  \
         largest binding  {} MiB\n  storage buffers  {} ({needed} needed)\n  workgroup        {} lanes, {} KiB\n  \
         usable           {usable}\n",
        facts.number,
        facts.name,
        facts.kind,
        facts.backend,
        facts.driver,
        mib(limits.buffer_bytes),
        mib(limits.binding_bytes),
        limits.storage_buffers,
        limits.workgroup_lanes,
        limits.workgroup_bytes >> 10,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::devices::{DeviceFacts, DeviceLimits};

    #[test]
    fn a_device_that_cannot_be_used_says_why() {
        let device = DeviceReport {
            facts: DeviceFacts {
                number: 3,
                name: "card".into(),
                kind: "discrete",
                backend: "Vulkan".into(),
                driver: "driver 1".into(),
            },
            limits: DeviceLimits {
                buffer_bytes: 4 << 30,
                binding_bytes: 2 << 30,
                storage_buffers: 8,
                workgroup_lanes: 1024,
                workgroup_bytes: 32 << 10,
            },
            timestamps: true,
            refused: Some("it has no compute shaders".into()),
            automatic: false,
        };
        let why = "no GPU can be used".to_string();
        let survey = Survey {
            devices: vec![device],
            storage_buffers_needed: 14,
            lacking: None,
            why_cpu: Some(why),
        };
        let text = table(&survey);
        for part in [
            "gpu:3 card",
            "2048 MiB",
            "usable           no: it has no compute",
            "auto uses the CPU",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
