use serde_json::{Value, json};

use super::*;

/// Of one image, with what such a run has not: keys that are absent, and keys that are null.
fn of_one_image() -> Value {
    let tissue = json!({"mass_g": 0.5, "material": "water", "mean_density_g_cm3": 1.0, "mean_hu": null,
                        "volume_cm3": 0.5, "voxels": 4});
    json!({
        "activity": {"unit": "Bq", "image": 2.5, "on_grid": 2.0, "outside": 0.5, "outside_fraction": 0.2,
                     "negative_voxels": 0, "negative_sum": 0.0, "in_low_density": 0.0},
        "beam": null,
        "checks": {"accepted": ["air"], "found": [{"accepted": true, "check": "air", "text": "some"}]},
        "couch": null,
        "decays": 2.0,
        "decays_counted_from": null,
        "decays_per_bq": null,
        "dose_grid": {"axes_mm": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], "choice": [1.0, 1.0, 1.0],
                      "dims": [1, 2, 2], "origin_mm": [0.0, 0.0, 0.0], "spacing_mm": [1.0, 1.0, 1.0]},
        "embedded_tables": [{"sha256": "ab", "table": "ensdf/a"}],
        "goal": null,
        "hu": {"curve": "c", "extremes_hu": [-1000.0, 40.5], "range_hu": [-1000.0, 1600.0], "tissues": [tissue],
               "voxels": 4, "voxels_above_range": 0, "voxels_below_range": 0},
        "hu_curve": "schneider",
        "inputs": [{"activity_bq": 2.5, "activity_time": null, "dims": [1, 2, 2], "file": "a.nii", "files": 1,
                    "frame_of_reference_uid": null, "notes": [], "role": "activity", "series_uid": null,
                    "sha256": "cd", "spacing_mm": [1.0, 1.0, 1.0]}],
        "matter": {"method": "as_is", "source_mass_g": 0.5, "mass_g": 0.5, "filled_voxels": 0},
        "matter_beyond_dose_grid": {"voxels": 0, "mass_g": 0.0},
        "method": {"name": "mc", "neglects": null},
        "seed": 1,
        "settings": {
            "bremsstrahlung_threshold_mev": 1e-3, "electron_cutoff_mev": 1e-3, "incoherent": "xcom",
            "max_step_loss_fraction": 0.12, "max_step_strength": 0.15, "photon_cutoff_mev": 1e-3,
            "photons": "analog", "production_threshold_fraction": 0.03, "production_threshold_max_mev": 0.1,
            "production_threshold_min_mev": 2e-4, "range_rejection": true, "rayleigh": true, "straggling": true,
        },
        "source": {"chain": null, "half_life_s": null, "label": "electrons", "nuclide_data": null,
                   "own_nuclides": null},
        "timing": null,
        "tissues": [tissue],
    })
}

/// Of several times, one region of which has no curve and the other one whose integral has no bound.
fn time_points() -> Value {
    let curve = json!({
        "chi2": null, "degrees_of_freedom": null, "drawn": {"standard_uncertainties": [null], "times_s": [0.0], "values": [null]},
        "integral": {"interval_95": [0.0, null], "method": "m", "share_after_last": null, "share_before_first": 0.1,
                     "standard_uncertainty": null, "value": 3.0, "warnings": []},
        "model": "mono", "parameters": [{"name": "A_1", "standard_uncertainty": null, "value": 1.0}],
        "pieces": [{"from_s": 0.0, "to_s": null, "start": 0.0, "slope": 0.0, "exponentials": [[1.0, 1e-6]]}],
        "refused": {"assumed": "a", "reason": "r"}, "standard_uncertainties": [0.1], "times_s": [1.0], "values": [1.0],
    });
    json!({
        "activity": [],
        "common_relative_uncertainty": 0.0,
        "outside_of_vois": {"none": "nothing there"},
        "placement": [{"agreement_after": {"correlation": null, "overlap": 1.0}, "agreement_before": null, "by": "shift",
                       "centre_mm": [0.0, 0.0, 0.0], "rotation_deg": [0.0, 0.0, 0.0], "translation_mm": [1.0, 0.0, 0.0]}],
        "planar": curve,
        "quantification": [{"by_resolution": null, "cancels_calibration": false, "own": [null, 0.1],
                            "relative_uncertainty": null, "seen": [0.8, null], "volume_relative": null}],
        "shift_mm": [[0.0, 0.0, 0.0]],
        "time_integrated_activity": {
            "integral": 1.0,
            "integral_by_branch": {"assumed_for_refused_curve": 0.0, "fitted": 1.0, "physical_decay": 0.0, "shape_of_region": null},
            "negative_set_to_zero": 0.0, "share_after_last": null, "share_before_first": 0.0, "unit": "Bq s",
            "voxels": {"assumed_for_refused_curve": 0, "fitted": 1, "physical_decay": 0, "shape_of_region": 0, "zero": 3},
        },
        "times_s": [1.0],
        "timing": [{"activity_time": "then", "administered": null, "decay_correction": null, "factors": [1.0, 1.0],
                    "hours_after_administration": 24.0}],
    })
}

#[derive(Serialize, Deserialize)]
struct Holder(#[serde(serialize_with = "by_key")] SetupFacts);

fn read_and_written(text: &str) -> String {
    let holder: Holder = serde_json::from_str(text).expect(text);
    serde_json::to_string(&holder).unwrap()
}

/// A shard keeps what its run knew: absent stays absent, null stays null, and the keys stay in their order.
#[test]
fn what_was_written_is_read_and_written_the_same() {
    let one = of_one_image();
    assert_eq!(read_and_written(&one.to_string()), one.to_string());
    let mut several = of_one_image();
    several["time_points"] = time_points();
    assert_eq!(read_and_written(&several.to_string()), several.to_string());
    for (key, value) in [
        ("score", json!({"axis": "z", "layers": 3, "what": "layers"})),
        ("score", json!({"density_g_cm3": 1.0, "outer_mm": 5.0, "shells": 10, "what": "shells"})),
        (
            "method",
            json!({"density_scaling": "none", "kernel_histories": 1000, "name": "vsv", "neglects": "all"}),
        ),
    ] {
        let mut other = of_one_image();
        other[key] = value;
        assert_eq!(read_and_written(&other.to_string()), other.to_string(), "{key}");
    }
}

#[test]
fn a_place_of_a_file_makes_no_difference() {
    let of = |path: &str| {
        let mut value = of_one_image();
        value["inputs"][0]["path"] = json!(path);
        value["hu_curve"] = json!(path);
        serde_json::from_value::<SetupFacts>(value).unwrap()
    };
    let (one, other) = (of("/a/a.nii"), of("/b/a.nii"));
    assert_ne!(one, other);
    assert_eq!(one.without_paths(), other.without_paths());
}
