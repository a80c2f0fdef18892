//! A method of dose with its options in one word, such as `ldm+photons=convolved`; neglects options of transport, which have no place in it.

use crate::error::{Error, Result};

/// Which option of `voxgray dose` a part behind `+` is.
const PARTS: [(&str, &str); 3] =
    [("photons", "ldm-photons"), ("density", "density-scaling"), ("by", "kernel-by")];

/// Methods that run histories in the patient.
pub const TRANSPORTS: [&str; 3] = ["mc", "semi-mc", "mird"];
/// Options of transport in the patient, and of what is scored beside the dose there, which other methods refuse: who runs several methods with one
/// set of options leaves them out of those.
pub const OF_TRANSPORT: [&str; 10] = [
    "histories",
    "batches",
    "target-uncertainty",
    "target-voi",
    "engine",
    "fine",
    "fine-parts",
    "fine-margin",
    "dose-to-water",
    "score",
];

/// Options of `voxgray dose`, without dashes, and their values, for a method that is named in one word.
///
/// # Errors
/// If a part behind `+` is none of them.
pub fn options_of(method: &str) -> Result<Vec<(&'static str, String)>> {
    let mut parts = method.split('+');
    let mut options = vec![("method", parts.next().unwrap_or_default().to_owned())];
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let Some((_, option)) = PARTS.into_iter().find(|p| p.0 == key) else {
            return Err(Error::usage(
                format!("method '{method}'"),
                format!("'{part}' is no option of a method"),
                "Write photons=, density= or by=, as in ldm+photons=convolved.",
            ));
        };
        options.push((option, value.to_owned()));
    }
    Ok(options)
}

/// What such a method is called in tables and as a folder: `ldm_photons_convolved`.
pub fn name_of(method: &str) -> String {
    method.replace(['+', '='], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_is_a_method_with_its_options() {
        let found = options_of("vsv+density=none").unwrap();
        assert_eq!(found, [("method", "vsv".into()), ("density-scaling", "none".into())]);
        assert_eq!(name_of("vsv+density=none"), "vsv_density_none");
        assert!(options_of("ldm+foton=x").unwrap_err().to_string().contains("foton=x"));
    }
}
