use super::*;

const H: f64 = 3600.0;
const MBQ: f64 = 1e6;

fn value(of: Option<&str>, quantity: Quantity, scale: f64, corrected: Option<bool>) -> Heading {
    Heading::Value { of: of.map(Into::into), quantity, scale, corrected }
}

fn spread(of: Option<&str>, unit: Option<(Quantity, f64)>) -> Heading {
    Heading::Spread { of: of.map(Into::into), unit }
}

#[test]
fn times_as_people_write_them() {
    for name in [
        "time_h",
        "time (h)",
        "Time [h]",
        "t_h",
        "t (h)",
        "time/h",
        "t/h",
        "Time, h",
        "time in h",
        "hours p.i.",
        "h p.i.",
        "Hours post injection",
        "time p.i. (h)",
        "time (h p.i.)",
        "time post-injection (hours)",
        "Time after injection [hr]",
        "hours",
        "Time (hours)",
        "t_pi_h",
        "time_pi (h)",
        "TIME_H",
        "hours (p.i.)",
    ] {
        assert_eq!(heading(name), Ok(Heading::Time(H)), "{name}");
    }
    assert_eq!(heading("time_d"), Ok(Heading::Time(24.0 * H)));
    assert_eq!(heading("days"), Ok(Heading::Time(24.0 * H)));
    assert_eq!(heading("t [min]"), Ok(Heading::Time(60.0)));
    assert_eq!(heading("time"), Ok(Heading::Clock));
    assert_eq!(heading("Date"), Ok(Heading::Date));
    assert!(heading("t").unwrap_err().contains("unit"));
}

#[test]
fn values_as_people_write_them() {
    use Quantity::*;
    for name in [
        "activity_MBq",
        "activity (MBq)",
        "A [MBq]",
        "A/MBq",
        "Activity, MBq",
        "ACTIVITY_MBQ",
        "MBq",
        "act. (MBq)",
        "uptake (MBq)",
    ] {
        assert_eq!(heading(name), Ok(value(None, Activity, MBQ, None)), "{name}");
    }
    for name in [
        "liver (MBq)",
        "liver_MBq",
        "liver [MBq]",
        "liver activity (MBq)",
        "activity liver (MBq)",
        "activity of liver (MBq)",
        "liver/MBq",
        "liver_activity_MBq",
    ] {
        assert_eq!(heading(name), Ok(value(Some("liver"), Activity, MBQ, None)), "{name}");
    }
    for (name, of) in [
        ("Lesion #1 (MBq)", "Lesion #1"),
        ("kidney, left (MBq)", "kidney, left"),
        ("left_kidney_MBq", "left_kidney"),
        ("lesion 3 [MBq]", "lesion 3"),
        ("Läsion µ (MBq)", "Läsion µ"),
        ("u-bladder (MBq)", "u-bladder"),
        ("L4 (MBq)", "L4"),
    ] {
        assert_eq!(heading(name), Ok(value(Some(of), Activity, MBQ, None)), "{name}");
    }
    for name in [
        "%IA",
        "% IA",
        "activity (%IA)",
        "activity_%IA",
        "uptake (%ID)",
        "IA (%)",
        "% injected activity",
    ] {
        assert_eq!(heading(name), Ok(value(None, OfAdministered, 0.01, None)), "{name}");
    }
    for name in ["%IA/g", "%ID/g", "% IA/g", "activity (%IA/g)", "uptake_%ID/g"] {
        assert_eq!(heading(name), Ok(value(None, OfAdministeredPerGram, 0.01, None)), "{name}");
    }
    assert_eq!(heading("activity_kBq/mL"), Ok(value(None, PerMl, 1e3, None)));
    assert_eq!(heading("concentration (Bq/ml)"), Ok(value(None, PerMl, 1.0, None)));
    assert_eq!(heading("dose_rate_mGy/h"), Ok(value(None, DoseRate, 1e-3 / 3600.0, None)));
    assert_eq!(heading("counts"), Ok(value(None, Counts, 1.0, None)));
    assert_eq!(heading("Activity (µCi)"), Ok(value(None, Activity, 37_000.0, None)));
    assert_eq!(heading("mass_g"), Ok(Heading::Mass(None, 1.0)));
    assert_eq!(heading("liver mass (kg)"), Ok(Heading::Mass(Some("liver".into()), 1e3)));
    assert_eq!(heading("Volume [cm³]"), Ok(Heading::Volume(None, 1.0)));
    assert_eq!(heading("Organ"), Ok(Heading::Curve));
}

#[test]
fn uncertainties_as_people_write_them() {
    let mbq = Some((Quantity::Activity, MBQ));
    for name in [
        "uncertainty_MBq",
        "SD (MBq)",
        "u(A) [MBq]",
        "u(A)_MBq",
        "u_MBq",
        "σ (MBq)",
        "± (MBq)",
        "Std. dev. (MBq)",
        "standard deviation [MBq]",
        "error (MBq)",
        "sd_activity_MBq",
        "activity_sd_MBq",
        "1 SD (MBq)",
    ] {
        assert_eq!(heading(name), Ok(spread(None, mbq)), "{name}");
    }
    for name in [
        "uncertainty_%",
        "uncertainty (%)",
        "error_%",
        "SD (%)",
        "SD%",
        "CV (%)",
        "u(A) (%)",
        "rel. uncertainty (%)",
        "± (%)",
    ] {
        assert_eq!(heading(name), Ok(spread(None, None)), "{name}");
    }
    for name in [
        "liver_uncertainty_%",
        "liver ± (%)",
        "liver± (%)",
        "SD liver (%)",
        "u(liver) (%)",
        "uncertainty of liver (%)",
        "liver SD [%]",
        "liver error (%)",
        "liver activity uncertainty (%)",
    ] {
        assert_eq!(heading(name), Ok(spread(Some("liver"), None)), "{name}");
    }
    assert_eq!(
        heading("uncertainty (%IA)"),
        Ok(spread(None, Some((Quantity::OfAdministered, 0.01))))
    );
    for name in ["SD", "u(A)", "uncertainty", "activity", "A"] {
        assert!(heading(name).unwrap_err().contains("unit"), "{name}");
    }
}

#[test]
fn decay_correction_is_part_of_a_name() {
    use Quantity::*;
    for name in [
        "activity_MBq_decay_corrected",
        "decay-corrected activity (MBq)",
        "Decay corrected activity [MBq]",
        "activity (MBq, decay-corrected)",
        "activity (MBq) (decay corrected)",
        "activity, decay-corrected to injection (MBq)",
        "activity_decay_corrected_MBq",
        "activity dc (MBq)",
        "activity (MBq, decay-corrected to time of injection)",
        "activity corrected for decay (MBq)",
    ] {
        assert_eq!(heading(name), Ok(value(None, Activity, MBQ, Some(true))), "{name}");
    }
    assert_eq!(
        heading("liver decay-corrected (MBq)"),
        Ok(value(Some("liver"), Activity, MBQ, Some(true)))
    );
    for name in [
        "activity (MBq, not decay-corrected)",
        "activity_MBq_not_decay_corrected",
        "non-decay-corrected activity (MBq)",
    ] {
        assert_eq!(heading(name), Ok(value(None, Activity, MBQ, Some(false))), "{name}");
    }
    assert!(heading("activity (MBq, decay-corrected to scan 1)").unwrap_err().contains("scan 1"));
}

#[test]
fn what_is_not_understood_says_why() {
    for (name, word) in [
        ("liver 95% CI (MBq)", "'ci'"),
        ("liver max (MBq)", "'max'"),
        ("injected activity (MBq)", "'injected'"),
        ("liver (%)", "% of what"),
        ("half-life (h)", "time"),
        ("liver", "unit is known"),
        ("activity (SUV)", "unit is known"),
        ("liver (g)", "mass"),
        ("", "unit"),
    ] {
        let why = heading(name).expect_err(name);
        assert!(why.contains(word), "{name}: {why}");
    }
}

proptest::proptest! {
    #[test]
    fn any_name_is_understood_or_not(name in ".{0,40}") {
        let _ = heading(&name);
    }

    #[test]
    fn names_of_known_parts(name in "[ a-c_()\\[\\]/%.,]{0,6}(activity|time|p\\.i\\.|MBq|h|%|IA|sd|u|±|decay-corrected to)?[ ()_,]{0,3}(MBq|h|%|g)?[)]?") {
        let _ = heading(&name);
    }
}

/// Words for a standard deviation behind names that end with a number, with points, in the plural.
/// Names that programs and people of other habits write: R's points, joined words, other corrections, other tongues.
#[test]
fn everyday_names_of_one_meaning() {
    use Quantity::*;
    for name in ["time.h", "time..h.", "timeHours", "t [Std.]", "Zeit (Std)", "imaging time (h)"] {
        assert_eq!(heading(name), Ok(Heading::Time(H)), "{name}");
    }
    for name in
        ["Activity.MBq", "Activity..MBq.", "activityMBq", "activity, scatter-corrected (MBq)"]
    {
        assert_eq!(heading(name), Ok(value(None, Activity, MBQ, None)), "{name}");
    }
    assert_eq!(heading("activitykBq"), Ok(value(None, Activity, 1e3, None)));
    let at_scan = value(None, Activity, MBQ, Some(false));
    assert_eq!(heading("Activity (MBq) at scan time"), Ok(at_scan));
    for name in ["liver PVE-corrected (MBq)", "liver (attenuation corrected) [MBq]", "liverMBq"] {
        let Ok(Heading::Value { of: Some(of), quantity: Activity, scale: MBQ, corrected: None }) =
            heading(name)
        else {
            panic!("{name}: {:?}", heading(name));
        };
        assert!(of.starts_with("liver"), "{of}");
    }
    for name in ["%AI", "% DI", "percent injected activity"] {
        assert_eq!(heading(name), Ok(value(None, OfAdministered, 0.01, None)), "{name}");
    }
    assert_eq!(heading("kcpm"), Ok(value(None, CountRate, 1e3 / 60.0, None)));
    // Beside the one that is said, another that is not.
    for name in ["liver scatter and decay (MBq)", "liver corrected (MBq)", "corrected (MBq)"] {
        assert!(heading(name).unwrap_err().contains("corrected for decay"), "{name}");
    }
    let both = heading("liver scatter-corrected, decay-corrected (MBq)");
    assert!(matches!(both, Ok(Heading::Value { corrected: Some(true), .. })), "{both:?}");
    // A standard deviation is no hour.
    assert!(matches!(heading("liver (std)"), Err(_) | Ok(Heading::Spread { .. })));
    for name in ["Liver..kBq.mL.", "Liver (kBq/mL)"] {
        assert_eq!(heading(name), Ok(value(Some("Liver"), PerMl, 1e3, None)), "{name}");
    }
    for name in ["tiempo (horas)", "ore", "Tiempo post inyección (h)", "ScanTime_h"] {
        assert_eq!(heading(name), Ok(Heading::Time(H)), "{name}");
    }
    assert_eq!(heading("Time point"), Ok(Heading::Remark));
    // The advice is not refused in its turn.
    for name in ["activity", "dose rate", "counts rate", "uncertainty", "t"] {
        let Err(why) = heading(name) else { panic!("{name}") };
        for advised in why.split('\'').filter(|part| part.contains('(')) {
            assert!(heading(advised).is_ok(), "{name}: {advised}");
        }
    }
}

/// Words that another number stands behind than the unit says: each is refused or asked about, never read.
#[test]
fn factors_references_and_foreign_spreads_are_never_read_as_names() {
    for name in [
        "activity*1000 (MBq)",
        "activity x1e3 (MBq)",
        "activity_x1e3_MBq",
        "activity *10 (MBq)",
        "activity 10x (MBq)",
        "liver ×1e6 (Bq)",
        "1000*activity (MBq)",
        "A·10³ (MBq)",
        "activity in thousands (MBq)",
        "activity E3 (MBq)",
        "activity in 1000 (MBq)",
        "activity scaled by 1000 (MBq)",
        "2*kidney (MBq)",
        "1e3*A (MBq)",
    ] {
        assert!(heading(name).unwrap_err().contains("factor"), "{name}");
    }
    for name in [
        "activity ref. to time of injection (MBq)",
        "activity at TOI (MBq)",
        "Aktivität zum Injektionszeitpunkt (MBq)",
        "activity at time 0 (MBq)",
        "activity @ injection (MBq)",
        "liver (@inj) MBq",
        "activity at admin (MBq)",
        "reference time activity (MBq)",
        "injection-referenced activity (MBq)",
        "A(0) (MBq)",
        "activity x DF (MBq)",
        "undecayed activity (MBq)",
        "Aktivität bezogen auf Injektion (MBq)",
        "Aktivität rückgerechnet (MBq)",
        "activité à l'injection (MBq)",
        "actividad a la inyección (MBq)",
        "attività all'iniezione (MBq)",
    ] {
        assert!(heading(name).is_err(), "{name}: {:?}", heading(name));
    }
    for name in [
        "injection site (MBq)",
        "Injektionsstelle (MBq)",
        "lesion E3 (MBq)",
        "mets x3 (MBq)",
        "L4/5 (MBq)",
        "lesion 10 x 12 mm (MBq)",
        "liver² (MBq)",
        "site of injection (MBq)",
        "ref. kidney (MBq)",
        "liver post injection (MBq)",
        "liver PVC corrected (MBq)",
        "liver corrected for PVE (MBq)",
        "tumour 5cm³ (MBq)",
        "lesion 10x12 mm (MBq)",
        "L3 (MBq)",
        "kidney* (MBq)",
    ] {
        assert!(matches!(heading(name), Ok(Heading::Value { of: Some(_), .. })), "{name}");
    }
    for name in
        ["errore (MBq)", "fegato erreur (MBq)", "desviación estándar (MBq)", "liver Stabw (MBq)"]
    {
        assert!(matches!(heading(name), Ok(Heading::Spread { .. })), "{name}: {:?}", heading(name));
    }
    for name in [
        "ET (MBq)",
        "fegato DS (MBq)",
        "fegato d.s. (MBq)",
        "scarto (MBq)",
        "uA (MBq)",
        "ΔA (MBq)",
        "delta (MBq)",
    ] {
        assert!(heading(name).unwrap_err().contains("uncertainty"), "{name}");
    }
    // However the space is written.
    assert!(heading("U\ta (MBq)").is_err() && heading("U a (MBq)").is_err());
    // Where it is stated elsewhere, words for it are part of the name.
    for name in ["activity at injection (MBq)", "liver ref. to injection (MBq)"] {
        assert!(matches!(heading_where_stated(name), Ok(Heading::Value { .. })), "{name}");
    }
    assert!(heading("weight (kg)").unwrap_err().contains("patient"));
    assert!(heading("activity (mGy/h)").is_err());
    assert_eq!(
        heading("activity NDC (MBq)"),
        Ok(value(None, Quantity::Activity, MBQ, Some(false)))
    );
}

#[test]
fn spreads_beside_numbered_names() {
    let spread = |name: &str| match heading(name) {
        Ok(Heading::Spread { of, .. }) => of,
        other => panic!("{name}: {other:?}"),
    };
    for (name, of) in [
        ("kidney 1 SD (MBq)", "kidney 1"),
        ("lesion_1_sd_MBq", "lesion_1"),
        ("met 2 sigma (MBq)", "met 2"),
        ("liver std. dev. (MBq)", "liver"),
        ("liver err. (MBq)", "liver"),
        ("liver errors (MBq)", "liver"),
        ("liver uncertainties (MBq)", "liver"),
        ("liver SE (MBq)", "liver"),
    ] {
        assert_eq!(spread(name).as_deref(), Some(of), "{name}");
    }
    assert_eq!(spread("1 SD (MBq)"), None);
    assert!(heading("liver +/- 95% (MBq)").is_err());
}

/// What says that values are corrected for decay is understood or asked about, never taken for a part of the name.
#[test]
fn decay_is_no_part_of_a_name() {
    for name in [
        "kidney_decaycorr_MBq",
        "kidney d.c. (MBq)",
        "kidney D.C. (MBq)",
        "kidney (MBq, corr. for decay)",
        "kidney DECY (MBq)",
        "kidney decay adjusted (MBq)",
        "kidney back-corrected (MBq)",
    ] {
        match heading(name) {
            Ok(Heading::Value { of, corrected: Some(true), .. }) => {
                assert_eq!(of.as_deref(), Some("kidney"), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    for name in [
        "kidney no DC (MBq)",
        "kidney w/o decay correction (MBq)",
        "kidney (not decay corr) (MBq)",
        "kidney non-DC (MBq)",
        "kidney_no_dc_MBq",
        "kidney DC off (MBq)",
        "kidney decay correction: none (MBq)",
        "kidney (decay corrected = no) (MBq)",
        "kidney decay corrected: false (MBq)",
        "kidney before decay correction (MBq)",
        "kidney prior to decay correction (MBq)",
        "kidney decay correction removed (MBq)",
        "kidney never decay corrected (MBq)",
        "kidney nicht zerfallskorrigiert (MBq)",
    ] {
        match heading(name) {
            Ok(Heading::Value { of, corrected: Some(false), .. }) => {
                assert_eq!(of.as_deref(), Some("kidney"), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    for name in [
        "Niere zerfallskorrigiert (MBq)",
        "Niere corrigé de la décroissance (MBq)",
        "Niere corregido por decaimiento (MBq)",
        "Niere corrected to injection (MBq)",
        "Niere, normalised to injection (MBq)",
        "Niere decay correction: yes (MBq)",
        "Niere dc @ injection (MBq)",
    ] {
        match heading(name) {
            Ok(Heading::Value { of, corrected: Some(true), .. }) => {
                assert_eq!(of.as_deref(), Some("Niere"), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    for name in [
        "kidney decay-corrected (scan start) (MBq)",
        "kidney decay-corrected @ scan (MBq)",
        "kidney decay-corrected back to scan time (MBq)",
    ] {
        assert!(heading(name).unwrap_err().contains("one reference known"), "{name}");
    }
    for name in ["is decay-corrected (no/yes)", "decay-corrected (y/n)", "decay corrected?"] {
        assert_eq!(heading(name), Ok(Heading::Corrected(true)), "{name}");
    }
    for name in ["kidney +/- (MBq)", "kidney StdDev (MBq)", "kidney ± (MBq)"] {
        let found = heading(name);
        assert!(
            matches!(&found, Ok(Heading::Spread { of: Some(k), .. }) if k == "kidney"),
            "{name}: {found:?}"
        );
    }
    for name in ["kidney decay comp (MBq)", "kidney decays (MBq)", "kidney corr (MBq)"] {
        assert!(heading(name).unwrap_err().contains("decay-corrected"), "{name}");
    }
}

/// What may say that values are those of the injection is asked; a curve at the injection's site is one.
#[test]
fn values_at_injection_are_asked_about() {
    for name in [
        "liver at injection (MBq)",
        "activity at t=0 (MBq)",
        "liver@t0 (MBq)",
        "biological activity (MBq)",
        "liver DCF (MBq)",
    ] {
        let why = heading(name).expect_err(name);
        assert!(why.contains("may say that values are corrected"), "{name}: {why}");
    }
    assert!(heading("injection site (MBq)").is_ok());
    assert!(heading("time after injection (h)").is_ok());
}

/// Units and words of biodistribution and clinic tables.
#[test]
fn columns_as_clinics_and_biodistributions_have_them() {
    use Quantity::*;
    for name in ["hpi", "h.p.i.", "h p.i.", "Zeit (h)", "Zeit nach Injektion [h]", "Stunden"] {
        assert_eq!(heading(name), Ok(Heading::Time(H)), "{name}");
    }
    for (name, of, quantity, scale) in [
        ("%ID/organ", None, OfAdministered, 0.01),
        ("liver (%ID/organ)", Some("liver"), OfAdministered, 0.01),
        ("MBq/organ", None, Activity, MBQ),
        ("% ID per gram", None, OfAdministeredPerGram, 0.01),
        ("liver (%ID g-1)", Some("liver"), OfAdministeredPerGram, 0.01),
        ("liver kBq ml-1", Some("liver"), PerMl, 1e3),
        ("Bq per mL", None, PerMl, 1.0),
        ("liver [Bq/mm^3]", Some("liver"), PerMl, 1e3),
        ("cGy/h", None, DoseRate, 1e-2 / 3600.0),
        ("retention (%)", None, OfAdministered, 0.01),
    ] {
        assert_eq!(heading(name), Ok(value(of, quantity, scale, None)), "{name}");
    }
    for name in ["rel. unc. (%)", "u_rel (%)", "uncertainty (k=1) (%)", "Standardabweichung (%)"] {
        assert_eq!(heading(name), Ok(spread(None, None)), "{name}");
    }
    for (name, word) in [("CV", "'cv (%)'"), ("relative uncertainty", "(%)")] {
        assert!(heading(name).unwrap_err().contains(word), "{name}");
    }
    assert!(heading("uncertainty (k=2) (%)").is_err());
    // What is advised is understood.
    assert_eq!(heading("cv (%)"), Ok(spread(None, None)));
    assert!(heading("duration_min").unwrap_err().contains("comment"));
    assert_eq!(heading("Unnamed: 0"), Ok(Heading::Remark));
    for name in ["A(t=0) (MBq)", "liver A0 (MBq)", "Biological uptake (MBq)", "DKC activity (MBq)"]
    {
        assert!(heading(name).unwrap_err().contains("corrected for decay"), "{name}");
    }
}

/// A unit over another is that quotient or none: never the lower one alone.
#[test]
fn a_quotient_of_units_is_one_unit() {
    use Quantity::*;
    for name in [
        "kidney_MBq/GBq",
        "kidney MBq/GBq",
        "kidney_MBq_per_GBq",
        "kidney in MBq/GBq",
        "kidney [MBq/GBq]",
        "kidney kBq/MBq",
        "kidney kBq per MBq",
    ] {
        assert_eq!(heading(name), Ok(value(Some("kidney"), OfAdministered, 1e-3, None)), "{name}");
    }
    let per_ml = value(Some("kidney"), OfAdministeredPerMl, 1e-6, None);
    assert_eq!(heading("kidney kBq/mL/GBq"), Ok(per_ml));
    let spread_of = spread(Some("kidney"), Some((OfAdministered, 1e-3)));
    assert_eq!(heading("kidney SD (MBq/GBq)"), Ok(spread_of));
    for name in [
        "kidney mGy/h/GBq",
        "count rate cps/MBq",
        "kidney MBq/h",
        "kidney counts/MBq",
        "kidney per GBq",
        "kidney pro MBq",
        "kidney MBq/kg/GBq/h",
        "liver_MBq_GBq",
    ] {
        assert!(heading(name).is_err(), "{name}: {:?}", heading(name));
    }
}

/// Words that say another quantity than the unit, logarithms and factors of ten are asked about.
#[test]
fn words_that_contradict_the_unit_are_refused() {
    use Quantity::*;
    for (name, word) in [
        ("blood activity per mL (kBq)", "concentration"),
        ("activity per g (kBq)", "concentration"),
        ("Activity concentration (kBq)", "concentration"),
        ("mean voxel activity (Bq)", "concentration"),
        ("specific activity (MBq)", "concentration"),
        ("counts per pixel (counts)", "concentration"),
        ("ln activity (MBq)", "logarithms"),
        ("log10(A) [MBq]", "logarithms"),
        ("ln A/MBq", "logarithms"),
        ("activity x10^6 (Bq)", "factor of ten"),
        ("A/10^6 Bq", "factor of ten"),
        ("kidney 10^3 kBq", "factor of ten"),
        ("U (MBq)", "expanded"),
        ("U_kidney (MBq)", "expanded"),
        ("liver_U_MBq", "expanded"),
        ("liver U (%)", "expanded"),
        ("Aktivität pro mL (kBq)", "concentration"),
        ("activité par gramme (MBq)", "concentration"),
        ("spezifische Aktivität (MBq)", "concentration"),
        ("activité volumique (kBq)", "concentration"),
        ("Aktivitaetskonzentration (MBq)", "concentration"),
        ("A/V (kBq)", "concentration"),
        ("lnA/MBq", "logarithms"),
        ("activity/1000 (MBq)", "factor of ten"),
        ("activity 1E3 (Bq)", "factor of ten"),
        ("TIA (MBq)", "no activity"),
        ("residence time (MBq)", "no activity"),
        ("count rate (MBq)", "no activity"),
        ("liver CI95 (MBq)", "no name"),
    ] {
        let error = heading(name).expect_err(name);
        assert!(error.contains(word), "{name}: {error}");
    }
    assert_eq!(
        heading("blood activity concentration (kBq/mL)"),
        Ok(value(Some("blood"), PerMl, 1e3, None))
    );
    for name in ["Écart-type foie (MBq)", "foie incertitude (MBq)", "foie Fehler (MBq)"] {
        assert_eq!(heading(name), Ok(spread(Some("foie"), Some((Activity, 1e6)))), "{name}");
    }
    assert_eq!(heading("u (MBq)"), Ok(spread(None, Some((Activity, 1e6)))));
    assert_eq!(heading("Uterus (MBq)"), Ok(value(Some("Uterus"), Activity, 1e6, None)));
    assert_eq!(heading("lung (MBq)"), Ok(value(Some("lung"), Activity, 1e6, None)));
}
