//! Decay factors of a sidecar against its times: what scaled the values says to when they are corrected, and a time that contradicts it is wrong by
//! what no check of a curve would find. Neglects factors of 1 throughout, which are those that were not filled in.
//!
//! A mean over a frame of length T is corrected to a time t by exp(lambda (start - t)) x / (1 - exp(-x)), x = lambda T; some writers leave
//! the second factor out. DecayCorrectionFactor is of BIDS, DecayFactor dcm2niix's of DICOM (0054,1321).

use super::facts::{Frame, Keys};
use crate::activity::Decay;
use crate::error::Result;

/// Largest |ln| between a factor and that of the times which it backs: rounding of times and half-lives.
const FACTOR_TOLERANCE: f64 = 0.02;
/// |ln| of two readings of a factor that can be told apart: 0.1 %.
const MATTERS: f64 = 1e-3;
/// A reading fits clearly better than another with this part of its misfit.
const CLEARLY: f64 = 0.25;
/// A factor this near to 1 says that nothing was scaled.
const UNITY: f64 = 1e-9;

/// Compares stated factors with those of the stated times; true if they back the times. Where each frame was scaled for the time from its start
/// alone, its values are those of a whole correction to a time that is later by the frame's mean time: that is taken, and told.
///
/// # Errors
/// If the factors are those of other times.
pub(super) fn by_factors(
    keys: &Keys,
    frames: &mut [Frame],
    decay: Option<&Decay>,
    told: &mut Vec<String>,
) -> Result<bool> {
    let Some(decay) = decay else { return Ok(false) };
    for name in ["DecayCorrectionFactor", "DecayFactor"] {
        let Some(stated) = keys.list(name)?.filter(|s| s.len() == frames.len()) else { continue };
        let filled_in = stated.iter().any(|f| (f - 1.0).abs() > UNITY);
        if filled_in && stated.iter().all(|f| *f > 0.0) {
            return compare(keys, name, &stated, frames, decay, told).map(|()| true);
        }
    }
    Ok(false)
}

/// What scales a frame with and without the decay within it.
fn expected(frame: &Frame, decay: &Decay) -> Result<[f64; 2]> {
    let Some(to) = frame.corrected_to_s else { return Ok([1.0; 2]) };
    let alone = (decay.constant_per_s() * (frame.start_s - to)).exp();
    Ok([alone / decay.frame_average(frame.duration_s.unwrap_or(0.0))?, alone])
}

fn compare(
    keys: &Keys,
    name: &str,
    stated: &[f64],
    frames: &mut [Frame],
    decay: &Decay,
    told: &mut Vec<String>,
) -> Result<()> {
    // The frame that fits least, with and without the decay within it.
    let mut worst = [(0, 0.0_f64); 2];
    for (n, (frame, factor)) in frames.iter().zip(stated).enumerate() {
        for (worst, expected) in worst.iter_mut().zip(expected(frame, decay)?) {
            let misfit = (factor / expected).ln().abs();
            if misfit >= worst.1 {
                *worst = (n, misfit);
            }
        }
    }
    let [(n, with), (_, without)] = worst;
    if with.min(without) > FACTOR_TOLERANCE {
        let of_times = expected(&frames[n], decay)?[0];
        return keys.refuse(
            &format!("{name} is {} (frame {}), the stated times give {of_times:.5}", stated[n], n + 1),
            "the values were corrected to another time, or of another frame, than ImageDecayCorrected, ImageDecayCorrectionTime, FrameTimesStart and \
             FrameDuration say: a late frame, for one, whose start was written as TimeZero",
            "Correct ScanStart, FrameTimesStart and ImageDecayCorrectionTime, or remove the factor where it is wrong.",
        );
    }
    if with > MATTERS && without < CLEARLY * with {
        for frame in frames.iter_mut() {
            let mean_s = decay.mean_time_s(frame.duration_s.unwrap_or(0.0))?;
            frame.corrected_to_s = frame.corrected_to_s.map(|to| to + mean_s);
        }
        told.push(format!(
            "{name} scales each frame for the time from its start, not for the decay within it: its values are taken as corrected to a time that is \
             later by that of the frame's mean"
        ));
    }
    Ok(())
}
