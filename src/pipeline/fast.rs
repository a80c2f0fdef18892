//! A fast method in place of histories in the patient: kernels made or found, and the tally that they give.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::{Observer, Prepared};
use crate::error::{Error, Result};
use crate::job::{FastMethod, Job};
use crate::kernel::methods::{self, KernelFacts, Kernels, Problem};
use crate::kernel::table::TableKernel;
use crate::kernel::{Medium, PointKernel, cache, convolve};
use crate::phantom::LOW_DENSITY_G_CM3;
use crate::physics::nuclide::Nuclide;
use crate::source::DecaySpectrum;
use crate::transport::run::{Monitor, Outcome};
use crate::transport::settings::Settings;

/// Radii (cm) out to which kernels are made: few, so that a kept one serves many grids.
const RADII_CM: [f64; 4] = [50.0, 100.0, 200.0, 400.0];

/// What kernels are made of.
pub struct KernelMaker<'a> {
    /// What decays.
    pub decay: &'a DecaySpectrum,
    /// Transport.
    pub settings: &'a Settings,
    /// Decays of a kernel.
    pub histories: u64,
    /// Where kernels are kept.
    pub cache: Option<&'a std::path::Path>,
    /// Threads; 0 for all cores.
    pub threads: usize,
    /// Who hears of it.
    pub observer: &'a dyn Observer,
    /// Ends it.
    pub stop: &'a AtomicBool,
}

/// An observer that hears of the histories of a transport.
pub struct Heard<'a>(pub &'a dyn Observer);

impl Monitor for Heard<'_> {
    fn advanced(&self, histories: u64) {
        self.0.advanced(histories);
    }
}

impl KernelMaker<'_> {
    /// The point kernel of a medium out to `radius_cm` or further: a kept one, or a new one.
    ///
    /// # Errors
    /// If it cannot be made, or is interrupted.
    pub fn point(&self, medium: &Medium, radius_cm: f64) -> Result<PointKernel> {
        let outer = RADII_CM.into_iter().find(|r| *r >= radius_cm).ok_or_else(|| {
            Error::input(
                format!("a kernel of {radius_cm:.0} cm"),
                format!("kernels reach {:.0} cm at most", RADII_CM[RADII_CM.len() - 1]),
                "Check the voxel size of the images.",
            )
        })?;
        let (decay, settings) = (self.decay, self.settings);
        let key = cache::key(decay, medium, outer, self.histories, settings);
        let name = format!(
            "kernel of {} in {} of {} g/cm3",
            decay.label, medium.material.name, medium.density_g_cm3
        );
        if let Some(found) = self.cache.and_then(|folder| cache::find(folder, &key)) {
            self.observer.say(&format!("{name}: kept from before"));
            return Ok(found);
        }
        let since = Instant::now();
        self.observer.started(self.histories, None);
        let watch = Heard(self.observer);
        let run = (&watch as &dyn Monitor, self.stop);
        let made =
            PointKernel::run(decay, medium, outer, self.histories, settings, self.threads, run);
        self.observer.finished();
        let made = made?;
        self.observer.say(&format!(
            "{name}: {} decays in {:.1} s",
            made.histories,
            since.elapsed().as_secs_f64()
        ));
        if let Some(folder) = self.cache
            && let Err(error) = cache::keep(folder, &key, &made)
        {
            self.observer.warn(&format!("the kernel is not kept: {error}"));
        }
        Ok(made)
    }
}

/// Runs the fast method of a job on what was prepared; what it made goes into the summary.
pub(super) fn tally(
    job: &Job,
    fast: &FastMethod,
    prepared: &mut Prepared,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let since = Instant::now();
    let plan = &prepared.plan;
    let dims = plan.grid.dims;
    // Every replicate has its words beside the transforms.
    let need = convolve::memory_bytes(dims, dims.map(|d| d - 1)) + 40 * plan.voxels.len() as u64;
    crate::machine::make_room(need, Some(job.max_memory), "the convolution")?;
    let maker = KernelMaker {
        decay: &prepared.decay,
        settings: &job.transport,
        histories: fast.histories,
        cache: fast.cache.as_deref(),
        threads: job.threads,
        observer,
        stop,
    };
    let problem = Problem {
        plan,
        density: &prepared.phantom.density,
        decay: &prepared.decay,
        low_density: LOW_DENSITY_G_CM3,
        labels: &prepared.labels,
        regions: prepared.context.parts.count(),
    };
    let how = (fast.method, fast.scaling);
    let table = fast.kernel.as_deref().map(TableKernel::read).transpose()?;
    let (tally, kernels) = match &table {
        Some(table) => {
            say_table(table, observer);
            same_source(table, &prepared.decay)?;
            methods::run(&problem, how, Kernels::Table(table))?
        }
        None => {
            methods::run(&problem, how, Kernels::Made(&mut |medium, r| maker.point(medium, r)))?
        }
    };
    kernels.iter().for_each(|k| say(k, observer));
    if let Some(what) = job.method.neglects() {
        observer.warn(&format!(
            "method {}: {what}; what that does to the dose is in no uncertainty below",
            job.method.name()
        ));
    }
    prepared.context.setup.method.kernels = Some(kernels);
    let seconds = since.elapsed().as_secs_f64();
    observer.say(&format!("method {} in {seconds:.1} s", job.method.name()));
    Ok(Outcome { tally, interrupted: false, more: None, seconds, notices: Vec::new() })
}

/// Refuses a table that says to be of another nuclide or particle.
fn same_source(table: &TableKernel, decay: &DecaySpectrum) -> Result<()> {
    let (own, run) = (&table.kernel.source, &decay.label);
    let name = |text: &str| Nuclide::load(text).map(|n| n.name).ok();
    let other = match (name(own), name(run)) {
        (Some(own), Some(run)) => own != run,
        (Some(_), None) => true,
        // Particles, as our own tables name them; other texts say nothing.
        (None, _) => own.contains("eV") && own != run,
    };
    match other {
        false => Ok(()),
        true => Err(Error::input(
            format!("{}: a kernel of {own} for a source of {run}", table.file),
            "S values are those of one source",
            "Take the kernel of this source, or correct its comment '# source:'.",
        )),
    }
}

/// Says what a kernel from a file leaves unsaid.
fn say_table(table: &TableKernel, observer: &dyn Observer) {
    observer.say(&format!("kernel from {}: source {}", table.file, table.kernel.source));
    if !table.has_errors {
        observer.warn(&format!(
            "{} has no column standard_error: the standard errors of this run are those of no kernel, 0 where nothing else is uncertain",
            table.file
        ));
    }
    if !table.has_parts {
        observer.say("it does not tell electrons from photons: all counts as electrons");
    }
}

fn say(kernel: &KernelFacts, observer: &dyn Observer) {
    let [x, y, z] = kernel.reach;
    let outside = 100.0 * kernel.outside_mev / kernel.emitted_mev;
    observer.say(&format!(
        "kernel of {} at {} g/cm3 out to {x} x {y} x {z} voxels; {outside:.2} % of the energy lies further out and is left out",
        kernel.medium.material, kernel.medium.density_g_cm3
    ));
}
