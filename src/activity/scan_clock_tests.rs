use super::*;

/// F-18 and the nuclides of therapy and imaging that are tried: half-lives in s.
const HALF_LIVES: [f64; 4] = [6586.2, 4063.2, 574_300.8, 230_400.0];

fn decay(half_life_s: f64) -> Decay {
    Decay { half_life_s, half_life_uncertainty_s: None }
}

/// Frames of `duration_s` at `starts`, and the factor that a scanner with `scanner` applies for each, corrected to `to` of its start.
fn frames(
    starts: &[f64],
    duration_s: f64,
    scanner: &Decay,
    to: impl Fn(f64) -> f64,
    within: bool,
) -> Vec<ScanFrame> {
    let average = if within { scanner.frame_average(duration_s).unwrap() } else { 1.0 };
    starts
        .iter()
        .map(|&start_s| ScanFrame {
            start_s,
            duration_s: Some(duration_s),
            decay_factor: Some(scanner.factor(to(start_s) - start_s).unwrap() / average),
            frame_reference_s: None,
        })
        .collect()
}

fn scan<'a>(frames: &'a [ScanFrame], series_s: Option<f64>, half_life_s: f64) -> ScanClock<'a> {
    ScanClock {
        frames,
        series_s,
        first_frame_s: None,
        decay: decay(half_life_s),
        scanner: decay(half_life_s),
        within_frames: true,
    }
}

#[test]
fn a_decay_factor_tells_what_start_refers_to() {
    let half_life = HALF_LIVES[0];
    let of = decay(half_life);
    for starts in [&[0.0][..], &[0.0, 600.0, 1200.0]] {
        for within in [true, false] {
            for (to, expected) in [
                (-3600.0, StartReference::Series(-3600.0)),
                (0.0, StartReference::FirstFrame),
                (-7000.0, StartReference::Administration(-7000.0)),
            ] {
                let frames = frames(starts, 600.0, &of, |_| to, within);
                let clock = scan(&frames, Some(-3600.0), half_life);
                let (found, told) = clock.start_reference(Some(-7000.0));
                assert_eq!(found, expected, "{starts:?} {within} {told:?}");
                assert_eq!(
                    told.is_empty(),
                    expected == StartReference::Series(-3600.0),
                    "{told:?}"
                );
            }
        }
    }
    let own = frames(&[0.0, 600.0, 1200.0], 600.0, &of, |start| start, true);
    let (found, _) = scan(&own, None, half_life).start_reference(None);
    assert_eq!(found, StartReference::OwnFrame);
}

/// Factors of 1 speak of the first frame only: a writer that fills in 1 for all beds has not filled them in.
#[test]
fn factors_of_one_are_no_proof_of_a_correction_to_each_frame() {
    let ones: Vec<ScanFrame> = [0.0, 600.0, 1200.0]
        .map(|start_s| ScanFrame {
            start_s,
            duration_s: Some(600.0),
            decay_factor: Some(1.0),
            frame_reference_s: None,
        })
        .to_vec();
    let (found, told) = scan(&ones, Some(-1800.0), HALF_LIVES[1]).start_reference(None);
    assert_eq!(found, StartReference::FirstFrame);
    assert!(told[0].contains("as DecayFactor (0054,1321) 1 says"), "{told:?}");
    assert!(told[1].contains("were it the start of each"), "{told:?}");
    let (found, told) = scan(&ones, Some(0.0), HALF_LIVES[1]).start_reference(None);
    assert_eq!(found, StartReference::FirstFrame);
    assert!(told[0].contains("were it the start of each"), "{told:?}");
}

/// Without factors, times after the reference that do not grow with the frames' starts are times after each frame's own start.
#[test]
fn reference_times_of_all_frames_tell_a_common_start_from_each_frames_own() {
    let beds = |reference: fn(f64) -> Option<f64>, factor: Option<f64>| -> Vec<ScanFrame> {
        [0.0, 700.0, 1400.0]
            .map(|start_s| ScanFrame {
                start_s,
                duration_s: Some(600.0),
                decay_factor: factor,
                frame_reference_s: reference(start_s),
            })
            .to_vec()
    };
    let of = |frames: &[ScanFrame]| scan(frames, Some(0.0), HALF_LIVES[1]).start_reference(None);
    for factor in [None, Some(1.0)] {
        let (found, told) = of(&beds(|_| Some(298.0), factor));
        assert_eq!(found, StartReference::OwnFrame);
        // exp(-ln 2 1400 s / T) of the last bed.
        let off = (-std::f64::consts::LN_2 * 1400.0 / HALF_LIVES[1]).exp();
        assert!(told[0].contains(&format!("{off:.4} times")), "{told:?}");
    }
    let (found, told) = of(&beds(|start_s| Some(start_s + 298.0), None));
    assert!(found == StartReference::FirstFrame && told.is_empty(), "{told:?}");
    // Left empty everywhere: the first frame's start is taken, and what each frame's own would give is told.
    for empty in [(|_| None) as fn(f64) -> Option<f64>, |_| Some(0.0)] {
        let (found, told) = of(&beds(empty, None));
        assert_eq!(found, StartReference::FirstFrame);
        let off = (std::f64::consts::LN_2 * 1400.0 / HALF_LIVES[1]).exp();
        assert!(
            told[0].contains(&format!("{off:.4} times")) && told[0].contains("decides"),
            "{told:?}"
        );
    }
}

#[test]
fn without_a_factor_the_frames_reference_time_decides_or_the_default_is_told() {
    let frame = |frame_reference_s| {
        vec![ScanFrame {
            start_s: 0.0,
            duration_s: Some(1200.0),
            decay_factor: None,
            frame_reference_s,
        }]
    };
    let of =
        |frames: &[ScanFrame]| scan(frames, Some(-3600.0), HALF_LIVES[0]).start_reference(None);
    let (found, told) = of(&frame(Some(4180.0)));
    assert!(found == StartReference::Series(-3600.0) && told.is_empty(), "{told:?}");
    let (found, _) = of(&frame(Some(590.0)));
    assert_eq!(found, StartReference::FirstFrame);
    let (found, told) = of(&frame(Some(0.0)));
    assert_eq!(found, StartReference::Series(-3600.0));
    assert!(told[0].contains("1.4606 times"), "{told:?}");
    // A series made later, or opened before the administration, is no reference.
    for (series, given) in [(Some(3600.0), None), (Some(-3600.0), Some(-1800.0)), (None, None)] {
        let frames = frame(None);
        let (found, told) = scan(&frames, series, HALF_LIVES[0]).start_reference(given);
        assert!(found == StartReference::FirstFrame && told.is_empty(), "{told:?}");
    }
}

#[test]
fn a_factor_that_fits_nothing_is_told() {
    let frames = [ScanFrame {
        start_s: 0.0,
        duration_s: Some(600.0),
        decay_factor: Some(3.0),
        frame_reference_s: None,
    }];
    let (found, told) = scan(&frames, Some(-3600.0), HALF_LIVES[0]).start_reference(None);
    assert_eq!(found, StartReference::Series(-3600.0));
    assert!(told[0].contains("is 3, which no reference"), "{told:?}");
}

/// A decaying source seen by each convention, one bed and three, with the nuclide's half-life and one of the scanner's own.
#[test]
fn every_convention_gives_the_true_activity_at_its_time() {
    for half_life in HALF_LIVES {
        let nuclide = decay(half_life);
        for (scanner, within) in [nuclide, decay(1.0003 * half_life), decay(0.9 * half_life)]
            .into_iter()
            .flat_map(|s| [(s, true), (s, false)])
        {
            for starts in [&[0.0][..], &[0.0, 700.0, 1400.0]] {
                for correction in
                    [DecayCorrection::None, DecayCorrection::Start, DecayCorrection::Admin]
                {
                    let to =
                        |_| if correction == DecayCorrection::Admin { -5400.0 } else { -900.0 };
                    let frames = frames(starts, 600.0, &scanner, to, within);
                    let clock = ScanClock {
                        frames: &frames,
                        series_s: Some(-900.0),
                        first_frame_s: None,
                        decay: nuclide,
                        scanner,
                        within_frames: within,
                    };
                    let start = StartReference::Series(-900.0);
                    let at = clock.at_one_time(correction, start, Some(-5400.0)).unwrap();
                    for (frame, factor) in frames.iter().zip(&at.factors) {
                        let mean = nuclide.factor(frame.start_s).unwrap()
                            * nuclide.frame_average(600.0).unwrap();
                        let applied = if correction == DecayCorrection::None {
                            1.0
                        } else {
                            frame.decay_factor.unwrap()
                        };
                        let truth = nuclide.factor(at.time_s).unwrap();
                        assert!(
                            (mean * applied * factor / truth - 1.0).abs() < 1e-12,
                            "{correction:?} {starts:?}"
                        );
                    }
                }
            }
        }
    }
}

/// Factors tell whether the means were corrected for the decay within their frames too, where that matters.
#[test]
fn a_decay_factor_tells_whether_the_frames_were_scaled_alone() {
    let of = decay(HALF_LIVES[0]);
    for (starts, to, reference) in [
        (&[0.0, 600.0, 1200.0][..], 0.0, StartReference::FirstFrame),
        (&[0.0], -1800.0, StartReference::Series(-1800.0)),
        (&[0.0, 600.0], -5400.0, StartReference::Administration(-5400.0)),
    ] {
        let found = |within, half_life| {
            let frames = frames(starts, 600.0, &of, |_| to, within);
            scan(&frames, None, half_life).frames_scaled_alone(reference)
        };
        let average = found(false, HALF_LIVES[0]).expect("scaled alone");
        assert!((average / of.frame_average(600.0).unwrap() - 1.0).abs() < 1e-12);
        // A half-life of other digits, and factors with the frames' decay in them.
        assert!(found(false, 6588.0).is_some());
        assert_eq!(found(true, HALF_LIVES[0]), None);
    }
    let ones = frames(&[0.0], 600.0, &of, |_| 0.0, false);
    assert_eq!(
        scan(&ones, None, HALF_LIVES[0]).frames_scaled_alone(StartReference::FirstFrame),
        None
    );
}

/// One frame that is not corrected is the activity at its mean time, as it stands.
#[test]
fn one_frame_without_correction_is_left_as_it_is() {
    let frames = [ScanFrame { duration_s: Some(1200.0), ..ScanFrame::default() }];
    let clock = scan(&frames, None, HALF_LIVES[2]);
    let at = clock.at_one_time(DecayCorrection::None, StartReference::FirstFrame, None).unwrap();
    assert!(
        (at.factors[0] - 1.0).abs() < 1e-14 && (at.time_s / 600.0 - 1.0).abs() < 1e-3,
        "{at:?}"
    );
    assert!(clock.at_one_time(DecayCorrection::Admin, StartReference::FirstFrame, None).is_err());
}

#[test]
fn the_factor_of_admin_tells_the_day() {
    let of = decay(HALF_LIVES[2]);
    let frames = frames(&[0.0], 1200.0, &of, |_| -90_000.0, true);
    let clock = scan(&frames, None, HALF_LIVES[2]);
    assert_eq!(clock.admin_fits(-90_000.0), Some(true));
    assert_eq!(clock.admin_fits(-3600.0), Some(false));
    let ones = [ScanFrame { decay_factor: Some(1.0), ..ScanFrame::default() }];
    assert_eq!(scan(&ones, None, HALF_LIVES[2]).admin_fits(-3600.0), None);
}

/// Activity that leaves with 1 h effective half-life, F-18, frames of 20 min: START by physical decay alone is 5 % below the activity at the start;
/// at the mean time it is right, and the same as without correction.
#[test]
fn corrected_values_go_back_to_where_they_were_measured() {
    let (duration, half_life) = (1200.0, HALF_LIVES[0]);
    let rate = std::f64::consts::LN_2 / 3600.0;
    let measured = (1.0 - (-rate * duration).exp()) / (rate * duration);
    let frames = frames(&[0.0], duration, &decay(half_life), |_| 0.0, true);
    let clock = scan(&frames, None, half_life);
    let stored = measured / decay(half_life).frame_average(duration).unwrap();
    assert!((stored - 1.0).abs() > 0.04, "{stored}");
    let start =
        clock.at_one_time(DecayCorrection::Start, StartReference::FirstFrame, None).unwrap();
    let there = clock.at_mean_time(start).unwrap();
    let none = clock.at_one_time(DecayCorrection::None, StartReference::FirstFrame, None).unwrap();
    assert!((there.time_s - none.time_s).abs() < 1e-6);
    assert!((stored * there.factors[0] / measured - 1.0).abs() < 1e-12);
    assert!((stored * there.factors[0] / (-rate * there.time_s).exp() - 1.0).abs() < 2e-3);
}
