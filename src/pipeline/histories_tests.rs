//! Tests of the fall back to the CPU. They need an adapter, and say where there is none.

use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::image::{Grid, Volume};
use crate::io::write_metaimage;
use crate::job::{ActivityInput, MaterialNames, MatterInput, SourceChoice};
use crate::pipeline::prepare;
use crate::transport::devices::survey;

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn warn(&self, text: &str) {
        self.0.lock().unwrap().push(text.into());
    }
}

fn job(folder: &Path, engine: EngineChoice) -> Job {
    let grid = Grid::aligned([4; 3], [0.0; 3], [4.0; 3]);
    for (name, value) in [("density", 1.0), ("labels", 0.0), ("activity", 1e6)] {
        let volume = Volume::new(grid.clone(), vec![value; grid.len()]).unwrap();
        write_metaimage(&folder.join(format!("{name}.mha")), &volume).unwrap();
    }
    let matter = MatterInput::Maps {
        density: folder.join("density.mha"),
        materials: folder.join("labels.mha"),
        names: MaterialNames::BuiltIn(vec!["water".into()]),
    };
    let activity = ActivityInput::of(folder.join("activity.mha"));
    let source = SourceChoice::Particle("electron:0.1MeV".into());
    Job {
        histories: 1000,
        batches: Some(4),
        engine,
        threads: 1,
        ..Job::new(matter, activity, source, folder.join("out"))
    }
}

/// A plan that no binding takes: `auto` goes on with the CPU and says so, `gpu` fails.
#[test]
fn what_does_not_fit_on_a_gpu_runs_on_the_cpu_under_auto_only() {
    /// Larger than what software devices bind.
    const TABLE_WORDS: usize = 40 << 20;
    let devices = survey().devices;
    let Some(device) = devices.iter().find(|d| d.refused.is_none()) else {
        assert!(std::env::var_os("VOXGRAY_REQUIRE_GPU").is_none(), "no adapter");
        println!("skipped: no adapter");
        return;
    };
    if device.limits.binding_bytes >= 4 * TABLE_WORDS as u64 {
        println!("skipped: {} takes larger tables", device.facts.name);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let number = device.facts.number;
    let explicit = EngineChoice::Gpu(vec![number]);
    for choice in [EngineChoice::Auto, explicit.clone()] {
        let job = job(folder.path(), choice.clone());
        let heard = Heard::default();
        let mut prepared = prepare(&job, &heard).unwrap();
        prepared.plan.tables.resize(TABLE_WORDS, 0.0);
        let (engine, _) = Engine::choose(&explicit).unwrap();
        let out = OutputFolder::open(&folder.path().join("out"), false, false, &heard).unwrap();
        let stage = Stage { name: "dose", route: "dose", followed: false };
        let stop = AtomicBool::new(false);
        let done = transport(&job, &mut prepared, engine, stage, &out, &heard, &stop);
        drop(out);
        let warned = heard.0.into_inner().unwrap();
        if choice == EngineChoice::Auto {
            let ControlFlow::Continue((outcome, engine)) = done.unwrap() else {
                panic!("nothing was there before")
            };
            assert!(engine.mark().devices.is_empty() && outcome.tally.batches() == 4);
            assert!(warned.iter().any(|w| w.contains("goes on with the CPU")), "{warned:?}");
        } else {
            let error = done.map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("does not fit on GPU"), "{error}");
        }
    }
}
