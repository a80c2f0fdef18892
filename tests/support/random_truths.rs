//! Truths drawn at random from a broad population of clinical curves.
//!
//! Neglected: correlations between half-lives, shares and uptake. Effective half-lives of organs, marrow and tumours in Lu-177 therapy reach from
//! a few hours to physical decay (Hou et al., J. Nucl. Med. 62, 1006, 2021, doi:10.2967/jnumed.120.254656: log-normal, kidneys, liver, spleen,
//! marrow and tumours in PRRT and PSMA therapy); slow phases of physical decay alone are those of kidneys in PSMA therapy (Hardiansyah et
//! al., EJNMMI Phys. 8, 82, 2021, doi:10.1186/s40658-021-00427-x, where that function was the best of twenty) and of I-131 in thyroid tissue, beside a fast one of half a day in the whole
//! body (Remy et al., J. Nucl. Med. 49, 1445, 2008, doi:10.2967/jnumed.108.052464). Half-lives are log-uniform and shares uniform within what is possible, so that no
//! length of a phase is rare.

use super::choice_simulation::Cell;
use super::simulated_tac::Normal;

/// A nuclide with its half-life (h) and clinical times of its points (h).
pub struct Protocol {
    #[allow(dead_code, reason = "of the long form only")]
    pub nuclide: &'static str,
    pub half_life_h: f64,
    pub times_h: &'static [&'static [f64]],
}

/// Half-lives of ICRP 107.
pub const PROTOCOLS: [Protocol; 3] = [
    Protocol {
        nuclide: "Lu-177",
        half_life_h: 159.53,
        times_h: &[
            &[24.0, 72.0, 168.0],
            &[4.0, 24.0, 72.0, 168.0],
            &[2.0, 24.0, 48.0, 96.0, 168.0],
            &[1.0, 4.0, 24.0, 48.0, 96.0, 168.0],
        ],
    },
    Protocol {
        nuclide: "I-131",
        half_life_h: 192.5,
        times_h: &[&[4.0, 24.0, 72.0, 144.0], &[2.0, 6.0, 24.0, 48.0, 96.0, 168.0]],
    },
    Protocol {
        nuclide: "Y-90",
        half_life_h: 64.1,
        times_h: &[&[4.0, 24.0, 48.0, 96.0], &[1.0, 4.0, 24.0, 48.0, 72.0, 120.0]],
    },
];

/// A kind of curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Mono,
    UptakeMono,
    Bi,
    UptakeBi,
    Three,
    /// Two phases that are both of days.
    BiOfDays,
    /// The same after uptake.
    UptakeBiOfDays,
    /// The same beside a phase of hours.
    ThreeOfDays,
}

impl Kind {
    #[allow(dead_code, reason = "of the long form only")]
    pub const ALL: [Kind; 8] = [
        Kind::Mono,
        Kind::UptakeMono,
        Kind::Bi,
        Kind::UptakeBi,
        Kind::Three,
        Kind::BiOfDays,
        Kind::UptakeBiOfDays,
        Kind::ThreeOfDays,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Mono => "mono",
            Kind::UptakeMono => "uptake-mono",
            Kind::Bi => "bi",
            Kind::UptakeBi => "uptake-bi",
            Kind::Three => "three phases",
            Kind::BiOfDays => "bi, both of days",
            Kind::UptakeBiOfDays => "uptake-bi, both of days",
            Kind::ThreeOfDays => "three, two of days",
        }
    }

    /// A truth: amplitudes and effective half-lives (h).
    pub fn draw(self, half_life_h: f64, random: &mut Normal) -> Vec<(f64, f64)> {
        let mut uniform = || random.uniform();
        let between = |low: f64, high: f64, at: f64| low * (high / low).powf(at);
        let longest = 0.98 * half_life_h;
        let days = matches!(self, Kind::BiOfDays | Kind::UptakeBiOfDays | Kind::ThreeOfDays);
        let (slow, fast) = if days {
            (
                between(0.38 * half_life_h, longest, uniform()),
                between(10.0, 0.25 * half_life_h, uniform()),
            )
        } else {
            let slow = between(20.0, longest, uniform());
            (slow, between(1.0, 0.5 * slow, uniform()))
        };
        let share = 0.1 + 0.8 * uniform();
        let uptake = (-100.0, between(0.3, (0.5 * fast).clamp(0.4, 9.0), uniform()));
        let two = [(100.0 * (1.0 - share), slow), (100.0 * share, fast)];
        match self {
            Kind::Mono => vec![(100.0, slow)],
            Kind::UptakeMono => vec![(100.0, slow), (-100.0, between(0.3, 9.0, uniform()))],
            Kind::Bi | Kind::BiOfDays => two.to_vec(),
            Kind::UptakeBi | Kind::UptakeBiOfDays => two.into_iter().chain([uptake]).collect(),
            Kind::Three | Kind::ThreeOfDays => {
                let middle = if days { fast } else { between(6.0, 0.5 * slow, uniform()) };
                // Shares uniform over all that sum to one, of which the slow phase has 2 % at least.
                let (a, b) = (uniform(), uniform());
                let least = 0.02 + 0.98 * a.min(b);
                let rest = 98.0 * (a - b).abs();
                vec![
                    (100.0 * least, slow),
                    (rest, middle),
                    (100.0 - 100.0 * least - rest, between(0.5, 4.0, uniform())),
                ]
            }
        }
    }
}

/// Curves of each truth.
pub const CURVES_OF_A_TRUTH: usize = 10;
/// A truth is badly held where fewer of its ten intervals hold it: 1.2 % of all truths if every interval covers 95 %.
const WELL_HELD: usize = 8;

/// Several noisy curves of each of several truths of a kind.
pub struct Drawn {
    /// Of all curves.
    pub cell: Cell,
    /// Truths that are badly held.
    pub badly_held: usize,
}

/// [`CURVES_OF_A_TRUTH`] curves of each of `truths` truths of a kind, 5 % for example as `noise`, which is stated with the points.
pub fn random_truths(
    kind: Kind,
    half_life_h: f64,
    times_h: &[f64],
    noise: f64,
    truths: usize,
    seed: u64,
) -> Drawn {
    let lambda = std::f64::consts::LN_2 / (half_life_h * 3600.0);
    let mut random = Normal(seed);
    let mut drawn = Drawn { cell: Cell::default(), badly_held: 0 };
    for _ in 0..truths {
        let terms = kind.draw(half_life_h, &mut random);
        let before = drawn.cell.covered + drawn.cell.refused;
        for _ in 0..CURVES_OF_A_TRUTH {
            drawn.cell.add(&terms, lambda, times_h, (noise, true), &mut random);
        }
        let held = drawn.cell.covered + drawn.cell.refused - before;
        drawn.badly_held += usize::from(held < WELL_HELD);
    }
    drawn.cell.half_widths.sort_by(f64::total_cmp);
    drawn
}
