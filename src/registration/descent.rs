//! From a start to the nearest maximum: L-BFGS with the line search of More and Thuente (`argmin`), as the slope is known. Where that stops early
//! (interpolation makes kinks in the slope, at which a line search can fail), Nelder and Mead's simplex, which needs no slope, goes on from the best point.

use std::sync::Mutex;

use argmin::core::{CostFunction, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::neldermead::NelderMead;
use argmin::solver::quasinewton::LBFGS;

use super::objective::{Objective, Parameters};

/// Steps kept for the curvature.
const MEMORY: usize = 6;
/// Most steps of each of both methods.
const MOST_STEPS: u64 = 60;
const MOST_SIMPLEX_STEPS: u64 = 200;
/// Size of the first step, mm: the cost is scaled so that its slope at the start is this.
const FIRST_STEP_MM: f64 = 2.0;
/// Edge of the simplex, mm.
const SIMPLEX_MM: f64 = 0.7;
/// Less overlap is no place to be.
pub const LEAST_OVERLAP: f64 = 0.2;

/// A maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Maximum {
    /// Where.
    pub parameters: Parameters,
    /// Its size.
    pub size: f64,
    /// Whether the steps became shorter than wanted before their number ended.
    pub converged: bool,
    /// Evaluations of the similarity.
    pub evaluations: usize,
}

/// Minus the similarity, scaled; remembers its best point and its last one, as both methods ask for size and slope apart.
struct Cost<'a> {
    objective: &'a Objective<'a>,
    scale: f64,
    memory: Mutex<Memory>,
}

struct Memory {
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
    best: (f64, Parameters),
    evaluations: usize,
}

/// Cost where next to nothing overlaps: far above all others.
const NOWHERE: f64 = 1e6;

impl Cost<'_> {
    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn keep(&self, size: f64, parameters: &Parameters) {
        let mut memory = self.memory();
        memory.evaluations += 1;
        if size > memory.best.0 {
            memory.best = (size, *parameters);
        }
    }

    fn both(&self, p: &[f64]) -> (f64, Vec<f64>) {
        if let Some((at, cost, slope)) = &self.memory().last
            && at.as_slice() == p
        {
            return (*cost, slope.clone());
        }
        let parameters = six(p);
        let (value, slope) = self.objective.value_and_slope(&parameters);
        let there = value.overlap >= LEAST_OVERLAP;
        self.keep(if there { value.size } else { f64::NEG_INFINITY }, &parameters);
        let cost = if there { -self.scale * value.size } else { NOWHERE };
        let slope: Vec<f64> = slope.iter().map(|s| -self.scale * s).collect();
        self.memory().last = Some((p.to_vec(), cost, slope.clone()));
        (cost, slope)
    }
}

fn six(p: &[f64]) -> Parameters {
    std::array::from_fn(|n| p.get(n).copied().unwrap_or(0.0))
}

impl CostFunction for &Cost<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, p: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.both(p).0)
    }
}

impl Gradient for &Cost<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, p: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        Ok(self.both(p).1)
    }
}

/// The size alone, for the simplex.
struct Size<'a, 'b>(&'b Cost<'a>);

impl CostFunction for Size<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, p: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        let parameters = six(p);
        let map = self.0.objective.rigid(&parameters).affine();
        let value = self.0.objective.value(&map, usize::MAX);
        let there = value.overlap >= LEAST_OVERLAP;
        self.0.keep(if there { value.size } else { f64::NEG_INFINITY }, &parameters);
        Ok(if there { -self.0.scale * value.size } else { NOWHERE })
    }
}

/// Climbs from `start` until a step gains less than `gain_mm2`: near a maximum the scaled cost is about half of the squared distance in mm.
pub fn climb(objective: &Objective<'_>, start: &Parameters, gain_mm2: f64) -> Maximum {
    let (value, slope) = objective.value_and_slope(start);
    let norm = slope.iter().map(|s| s * s).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { FIRST_STEP_MM / norm } else { 1.0 };
    let memory = Memory { last: None, best: (value.size, *start), evaluations: 1 };
    let cost = Cost { objective, scale, memory: Mutex::new(memory) };
    let mut converged = norm == 0.0 || quasi_newton(&cost, start, gain_mm2);
    if !converged {
        let best = cost.memory().best.1;
        converged = simplex(&cost, &best, gain_mm2);
    }
    let memory = cost.memory();
    let (size, parameters) = memory.best;
    Maximum { parameters, size, converged, evaluations: memory.evaluations }
}

fn quasi_newton(cost: &Cost<'_>, start: &Parameters, gain_mm2: f64) -> bool {
    let search = MoreThuenteLineSearch::new().with_bounds(1e-6, 1e3);
    let solver = search
        .map(|s| LBFGS::new(s, MEMORY))
        .and_then(|s| s.with_tolerance_cost(gain_mm2))
        .and_then(|s| s.with_tolerance_grad(1e-6));
    let Ok(solver) = solver else { return false };
    let run = Executor::new(cost, solver)
        .configure(|state| state.param(start.to_vec()).max_iters(MOST_STEPS))
        .timer(false)
        .run();
    run.is_ok_and(|r| {
        let state = r.state();
        state.get_iter() < MOST_STEPS && state.get_best_cost().is_finite()
    })
}

fn simplex(cost: &Cost<'_>, start: &Parameters, gain_mm2: f64) -> bool {
    let mut corners = vec![start.to_vec()];
    for n in 0..6 {
        let mut corner = start.to_vec();
        corner[n] += SIMPLEX_MM;
        corners.push(corner);
    }
    let Ok(solver) = NelderMead::new(corners).with_sd_tolerance(gain_mm2) else { return false };
    let run = Executor::new(Size(cost), solver)
        .configure(|state| state.max_iters(MOST_SIMPLEX_STEPS))
        .timer(false)
        .run();
    run.is_ok_and(|r| r.state().get_iter() < MOST_SIMPLEX_STEPS)
}
