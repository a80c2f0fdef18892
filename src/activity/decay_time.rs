//! Decay to a stated time and during a scan, and what an image's DecayCorrection means. Neglects transport of activity during a frame.
//!
//! Decay law N = N0 exp(-lambda t); the mean over a frame of length T is A(start) (1 - exp(-lambda T)) / (lambda T).

use std::f64::consts::LN_2;

use super::check::not_negative;
use crate::error::{Error, Result};
use crate::physics::Nuclide;

/// Half-lives between a measurement and the time it is corrected to, above which a correction is refused (a factor of 1024).
pub(crate) const LONGEST_HALF_LIVES: f64 = 10.0;

/// The decay of one nuclide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// Half-life, s.
    pub half_life_s: f64,
    /// Its standard uncertainty, s, where it is stated (the evaluations here state none).
    pub half_life_uncertainty_s: Option<f64>,
}

/// Relative difference of a half-life in another unit from the nuclide's, within which it is that.
const UNIT_TOLERANCE: f64 = 0.01;

/// What a number that should be a half-life in s is of one in s: its unit and the half-life, where it is `own_s` in minutes, hours or days.
pub fn half_life_in_another_unit(stated: f64, own_s: f64) -> Option<(&'static str, f64)> {
    [("minutes", 60.0), ("hours", 3600.0), ("days", 86_400.0)]
        .map(|(unit, seconds)| (unit, stated * seconds))
        .into_iter()
        .find(|(_, half_life_s)| (half_life_s / own_s - 1.0).abs() < UNIT_TOLERANCE)
}

impl Decay {
    /// Of a nuclide of the chosen evaluation.
    pub fn of(nuclide: &Nuclide) -> Self {
        Decay { half_life_s: nuclide.half_life_s, half_life_uncertainty_s: None }
    }

    /// Decay constant, 1/s.
    pub fn constant_per_s(&self) -> f64 {
        LN_2 / self.half_life_s
    }

    /// Activity after `elapsed_s` (before, if negative) over activity now: exp(-lambda t).
    ///
    /// # Errors
    /// If more than ten half-lives lie between.
    pub fn factor(&self, elapsed_s: f64) -> Result<f64> {
        let half_lives = elapsed_s.abs() / self.half_life_s;
        if !half_lives.is_finite() || half_lives > LONGEST_HALF_LIVES {
            return Err(Error::input(
                format!(
                    "{half_lives:.1} half-lives lie between a measurement and the time it is corrected to"
                ),
                format!(
                    "beyond {LONGEST_HALF_LIVES} half-lives (a factor of 1024) impurities, background and the clock decide the result"
                ),
                "Check dates, times and the nuclide, or measure nearer to that time.",
            ));
        }
        Ok((-self.constant_per_s() * elapsed_s).exp())
    }

    /// Derivative of ln exp(-lambda t) by the half-life, 1/s: lambda t / T.
    pub fn ln_factor_by_half_life(&self, elapsed_s: f64) -> f64 {
        self.constant_per_s() * elapsed_s / self.half_life_s
    }

    /// Mean activity over a frame over that at its start: (1 - exp(-x)) / x with x = lambda T.
    ///
    /// # Errors
    /// If the duration is negative or not finite.
    pub fn frame_average(&self, duration_s: f64) -> Result<f64> {
        let x = self.constant_per_s() * not_negative("the duration of a frame, s,", duration_s)?;
        Ok(if x < 1e-12 { 1.0 } else { -(-x).exp_m1() / x })
    }

    /// Time after the start of a frame at which the activity is its mean over the frame, s (DICOM's FrameReferenceTime, PS3.3 C.8.9.4.1.5).
    ///
    /// # Errors
    /// As [`Decay::frame_average`].
    pub fn mean_time_s(&self, duration_s: f64) -> Result<f64> {
        Ok(-self.frame_average(duration_s)?.ln() / self.constant_per_s())
    }
}

/// DICOM's DecayCorrection (0054,1102): to when the values are corrected (PS3.3 C.8.9.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecayCorrection {
    /// Not corrected: a value is the mean over its frame.
    None,
    /// To the start of the acquisition.
    Start,
    /// To the time of administration.
    Admin,
}

impl std::str::FromStr for DecayCorrection {
    type Err = Error;

    /// From the name of a key or an option: `none`, `start` or `admin`.
    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "none" => Ok(DecayCorrection::None),
            "start" => Ok(DecayCorrection::Start),
            "admin" => Ok(DecayCorrection::Admin),
            _ => Err(Error::input(
                format!("decay correction '{text}'"),
                "it is none of none, start and admin",
                "Write none where a value is the mean over its scan, start where it is corrected to the start of the scan, admin where \
                 it is corrected to the administration.",
            )),
        }
    }
}

impl DecayCorrection {
    /// As DICOM writes it.
    pub fn name(self) -> &'static str {
        match self {
            DecayCorrection::None => "NONE",
            DecayCorrection::Start => "START",
            DecayCorrection::Admin => "ADMIN",
        }
    }

    /// From the attribute's value; `None` of the option means that the file does not say.
    ///
    /// # Errors
    /// If it is missing or none of NONE, START and ADMIN.
    pub fn from_dicom(text: Option<&str>) -> Result<Self> {
        match text.map(str::trim) {
            Some("NONE") => Ok(DecayCorrection::None),
            Some("START") => Ok(DecayCorrection::Start),
            Some("ADMIN") => Ok(DecayCorrection::Admin),
            other => Err(Error::input(
                format!("DecayCorrection (0054,1102) is {}", other.unwrap_or("missing")),
                "it must be NONE, START or ADMIN, or the time for which the image states its activity is unknown",
                "State it yourself: --decay-correction none, start or admin for an image, decay_correction = \"none\", \"start\" or \"admin\" in a \
                 series file.",
            )),
        }
    }
}

/// A time to which activity is referred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reference {
    /// Injection (administration).
    Injection,
    /// Start of the whole acquisition.
    ScanStart,
    /// Start of the frame (bed position, time frame).
    FrameStart,
    /// Any time on the clock of the image's times, s.
    At(f64),
}

/// When an image was taken, s on any one clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageTiming {
    /// To when the values are corrected.
    pub correction: DecayCorrection,
    /// Start of the whole acquisition, or whatever other time START is corrected to.
    pub scan_start_s: f64,
    /// Start of this frame.
    pub frame_start_s: f64,
    /// Length of the frame, s; 0 where it is not known and short.
    pub frame_duration_s: f64,
    /// Injection, if known.
    pub injection_s: Option<f64>,
    /// Whether a correction is also one for the decay within the frame, as the standard has it; else the frame's mean was scaled alone.
    pub within_frame: bool,
}

impl ImageTiming {
    /// What a value of the image is multiplied by to become the activity at `reference`.
    ///
    /// # Errors
    /// If a needed time is missing, times are out of order, or ten half-lives are exceeded.
    pub fn factor_to(&self, reference: Reference, decay: &Decay) -> Result<f64> {
        self.factor_to_undoing(reference, decay, decay)
    }

    /// [`ImageTiming::factor_to`] where the scanner corrected with a half-life of its own, such as that of the header: its correction is
    /// undone with that, and the mean over the frame decays by the nuclide's.
    ///
    /// # Errors
    /// As [`ImageTiming::factor_to`].
    pub fn factor_to_undoing(
        &self,
        reference: Reference,
        decay: &Decay,
        scanner: &Decay,
    ) -> Result<f64> {
        let to = match reference {
            Reference::Injection => self.injection()?,
            Reference::ScanStart => self.scan_start_s,
            Reference::FrameStart => self.frame_start_s,
            Reference::At(seconds) => seconds,
        };
        let applied = self.applied_factor(scanner)?;
        let average = decay.frame_average(self.frame_duration_s)?;
        // With one half-life and START the exponentials cancel: only their difference is taken, which keeps all digits.
        if scanner.half_life_s == decay.half_life_s
            && self.within_frame
            && let Some(corrected_to) = self.corrected_to()?
        {
            return decay.factor(to - corrected_to);
        }
        Ok(decay.factor(to - self.frame_start_s)? / average / applied)
    }

    /// What the scanner multiplied the mean over the frame by: DICOM's DecayFactor (0054,1321) if the file follows the standard.
    ///
    /// # Errors
    /// As [`ImageTiming::factor_to`].
    pub fn applied_factor(&self, scanner: &Decay) -> Result<f64> {
        self.check()?;
        let Some(corrected_to) = self.corrected_to()? else { return Ok(1.0) };
        let average = match self.within_frame {
            true => scanner.frame_average(self.frame_duration_s)?,
            false => 1.0,
        };
        Ok(scanner.factor(corrected_to - self.frame_start_s)? / average)
    }

    /// The time to which the values are corrected; none if they are not.
    fn corrected_to(&self) -> Result<Option<f64>> {
        Ok(match self.correction {
            DecayCorrection::None => None,
            DecayCorrection::Start => Some(self.scan_start_s),
            DecayCorrection::Admin => Some(self.injection()?),
        })
    }

    fn injection(&self) -> Result<f64> {
        self.injection_s.ok_or_else(|| {
            Error::input(
                "the time of administration is missing",
                "the activity is stated for it or wanted at it",
                "State the time of administration.",
            )
        })
    }

    fn check(&self) -> Result<()> {
        not_negative("the duration of a frame, s,", self.frame_duration_s)?;
        let times = [Some(self.scan_start_s), Some(self.frame_start_s), self.injection_s];
        let finite = times.iter().flatten().all(|t| t.is_finite());
        let ordered = self.injection_s.is_none_or(|t| t <= self.scan_start_s);
        if finite && ordered {
            return Ok(());
        }
        Err(Error::input(
            format!(
                "injection at {:?} s, start of the scan at {} s, start of the frame at {} s",
                self.injection_s, self.scan_start_s, self.frame_start_s
            ),
            "the injection comes before the scan, and each is a number",
            "Check dates, clocks and zones of the administration and the scan.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Decay = Decay { half_life_s: 3600.0, half_life_uncertainty_s: None };

    fn image(correction: DecayCorrection) -> ImageTiming {
        ImageTiming {
            correction,
            scan_start_s: 7200.0,
            frame_start_s: 9000.0,
            frame_duration_s: 1800.0,
            injection_s: Some(0.0),
            within_frame: true,
        }
    }

    /// A point source of known activity, imaged: whatever the correction, every reference gives back the truth.
    #[test]
    fn every_convention_gives_the_true_activity() {
        let truth = |t: f64| 1000.0 * (-t / 3600.0f64).exp2();
        // The mean over the frame by Simpson's rule.
        let n = 1000;
        let mean = (0..=n)
            .map(|i| {
                let w = if i == 0 || i == n {
                    1.0
                } else if i % 2 == 1 {
                    4.0
                } else {
                    2.0
                };
                w * truth(9000.0 + 1800.0 * f64::from(i) / f64::from(n))
            })
            .sum::<f64>()
            / (3.0 * f64::from(n));
        let cases = [
            (DecayCorrection::None, mean),
            (DecayCorrection::Start, truth(7200.0)),
            (DecayCorrection::Admin, truth(0.0)),
        ];
        let references = [
            (Reference::Injection, 0.0),
            (Reference::ScanStart, 7200.0),
            (Reference::FrameStart, 9000.0),
            (Reference::At(10_000.0), 10_000.0),
        ];
        for (correction, stored) in cases {
            let applied = image(correction).applied_factor(&HOUR).unwrap();
            assert!((mean * applied / stored - 1.0).abs() < 1e-11, "{correction:?}");
            for (reference, time) in references {
                let factor = image(correction).factor_to(reference, &HOUR).unwrap();
                assert!(
                    (stored * factor / truth(time) - 1.0).abs() < 1e-11,
                    "{correction:?} {reference:?}"
                );
            }
        }
    }

    /// A mean that was scaled for the time of its frame alone is undone as it was made.
    #[test]
    fn a_correction_without_the_frame_is_undone_as_it_was_made() {
        let mean = 1000.0 * HOUR.factor(9000.0).unwrap() * HOUR.frame_average(1800.0).unwrap();
        for (correction, to) in [(DecayCorrection::Start, 7200.0), (DecayCorrection::Admin, 0.0)] {
            let timing = ImageTiming { within_frame: false, ..image(correction) };
            let stored = mean * HOUR.factor(to - 9000.0).unwrap();
            let factor = timing.factor_to(Reference::Injection, &HOUR).unwrap();
            assert!((stored * factor / 1000.0 - 1.0).abs() < 1e-12, "{correction:?}");
        }
    }

    /// A scanner that corrects with a half-life of its own: undone with that, the mean over the frame is what it was.
    #[test]
    fn the_scanners_half_life_is_undone() {
        let scanner = Decay { half_life_s: 5400.0, half_life_uncertainty_s: None };
        for correction in [DecayCorrection::None, DecayCorrection::Start, DecayCorrection::Admin] {
            let timing = image(correction);
            let mean = 1000.0 * HOUR.factor(9000.0).unwrap() * HOUR.frame_average(1800.0).unwrap();
            let stored = mean * timing.applied_factor(&scanner).unwrap();
            let factor = timing.factor_to_undoing(Reference::Injection, &HOUR, &scanner).unwrap();
            assert!((stored * factor / 1000.0 - 1.0).abs() < 1e-12, "{correction:?}");
        }
    }

    #[test]
    fn the_mean_time_is_where_the_activity_is_the_mean() {
        for duration in [1e-9, 10.0, 3600.0, 36_000.0] {
            let t = HOUR.mean_time_s(duration).unwrap();
            assert!(t >= 0.0 && t <= duration / 2.0 + 1e-9, "{duration}: {t}");
            let mean = HOUR.frame_average(duration).unwrap();
            assert!((HOUR.factor(t).unwrap() / mean - 1.0).abs() < 1e-12);
        }
        // Half of the frame for a short one.
        assert!((HOUR.mean_time_s(10.0).unwrap() / 5.0 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn the_half_life_derivative_is_the_difference_quotient() {
        let (t, step) = (5000.0, 0.01);
        let at = |half_life_s: f64| Decay { half_life_s, ..HOUR }.factor(t).unwrap().ln();
        let quotient = (at(3600.0 + step) - at(3600.0 - step)) / (2.0 * step);
        assert!((HOUR.ln_factor_by_half_life(t) / quotient - 1.0).abs() < 1e-8);
    }

    #[test]
    fn bad_times_are_refused() {
        assert!(HOUR.factor(36_001.0).is_err() && HOUR.factor(-36_001.0).is_err());
        assert!(HOUR.factor(f64::NAN).is_err());
        let good = image(DecayCorrection::Admin);
        let refused = |timing: ImageTiming| timing.factor_to(Reference::FrameStart, &HOUR).is_err();
        assert!(!refused(good));
        assert!(refused(ImageTiming { injection_s: None, ..good }));
        assert!(refused(ImageTiming { injection_s: Some(7201.0), ..good }));
        assert!(refused(ImageTiming { frame_duration_s: -1.0, ..good }));
        assert!(refused(ImageTiming { scan_start_s: f64::NAN, ..good }));
        for name in ["none", " START", "Admin"] {
            let parsed: DecayCorrection = name.parse().unwrap();
            assert_eq!(parsed.name(), name.trim().to_ascii_uppercase());
        }
        assert!("decayed".parse::<DecayCorrection>().unwrap_err().to_string().contains("admin"));
        for bad in [None, Some(""), Some("DECAY"), Some("start")] {
            let error = DecayCorrection::from_dicom(bad).unwrap_err().to_string();
            assert!(error.contains("(0054,1102)"), "{error}");
        }
        assert_eq!(DecayCorrection::from_dicom(Some("ADMIN ")), Ok(DecayCorrection::Admin));
    }
}
