//! Units of activity and counts in UCUM, the Unified Code for Units of Measure (<https://ucum.org/ucum>, version 2.1), as
//! far as images of nuclear medicine use them (PS3.16 CID 84); what other units mean is not known here.
//!
//! A term is factors joined by `.` and `/`, each a unit with an optional prefix, exponent and `{annotation}`, a number, or
//! a term in parentheses. Codes are case sensitive. The case insensitive ones (`BQ/ML`) are read too where no prefix is
//! ambiguous: `MBQ` could be mega or milli and is refused.

/// What a value in a unit stands for, and how many of the base unit one is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// Activity concentration: Bq/mL.
    BqPerMl(f64),
    /// Activity of a voxel: Bq.
    Bq(f64),
    /// Reconstructed counts, or a number without unit.
    Counts(f64),
    /// Counts per second.
    CountsPerSecond(f64),
    /// A standardised uptake value.
    Suv,
    /// Something else, or no valid code.
    Other,
}

/// Reads a code.
pub(super) fn meaning(code: &str) -> Meaning {
    let lower = code.to_ascii_lowercase();
    // DICOM's Units GML and CM2ML are these two.
    if lower.contains("{suv") || ["g/ml", "cm2/ml"].contains(&lower.as_str()) {
        return Meaning::Suv;
    }
    // DICOM's Units BQML, written for a UCUM code.
    if lower == "bqml" {
        return Meaning::BqPerMl(1.0);
    }
    let unit = read(code).or_else(|| read(&in_other_case(code)?));
    let Some(Unit { scale, dims, counts }) = unit else { return Meaning::Other };
    // Dimensions are decays (Bq s), volume (mL) and time (s).
    match (dims, counts) {
        ([1, -1, -1], false) => Meaning::BqPerMl(scale),
        ([1, 0, -1], false) => Meaning::Bq(scale),
        ([0, 0, 0], _) => Meaning::Counts(scale),
        ([0, 0, -1], true) => Meaning::CountsPerSecond(scale),
        _ => Meaning::Other,
    }
}

/// Exponents of decays, mL and s.
type Dims = [i32; 3];

struct Unit {
    scale: f64,
    dims: Dims,
    /// An annotation speaks of counts.
    counts: bool,
}

/// Units: case sensitive code, base units in one, exponents of decays, mL and s, and the prefixes that go with it. The curie
/// is exactly 3.7e10 Bq (BIPM SI Brochure). Megalitres are no unit of images: `ML` is a slip of case.
const UNITS: [(&str, f64, Dims, &str); 10] = [
    ("Bq", 1.0, [1, 0, -1], "GMkhdcmun"),
    ("Ci", 3.7e10, [1, 0, -1], "kmun"),
    ("L", 1e3, [0, 1, 0], "dcmun"),
    ("l", 1e3, [0, 1, 0], "dcmun"),
    // No UCUM code, and nothing else is meant by it.
    ("cc", 1.0, [0, 1, 0], ""),
    // A metre is the cube root of 1e6 mL; only its third powers are volumes.
    ("m", 1.0, [0, 0, 0], "dcmun"),
    ("s", 1.0, [0, 0, 1], "mun"),
    ("min", 60.0, [0, 0, 1], ""),
    ("h", 3600.0, [0, 0, 1], ""),
    ("d", 86_400.0, [0, 0, 1], ""),
];

const PREFIXES: [(char, f64); 9] = [
    ('G', 1e9),
    ('M', 1e6),
    ('k', 1e3),
    ('h', 1e2),
    ('d', 1e-1),
    ('c', 1e-2),
    ('m', 1e-3),
    ('u', 1e-6),
    ('n', 1e-9),
];

/// The case sensitive form of a code that is not one, where only one can be meant.
fn in_other_case(code: &str) -> Option<String> {
    let lower = code.to_ascii_lowercase();
    // Mega and milli differ by case alone, or by `MA` in the case insensitive code.
    let (first, rest) = lower.split_at(lower.find("bq")?);
    let prefix = match first {
        "" => "",
        "k" => "k",
        "g" | "ga" => "G",
        "ma" => "M",
        _ => return None,
    };
    Some(format!("{prefix}Bq{}", &rest[2..]))
}

fn read(code: &str) -> Option<Unit> {
    let compact: String = code.split_whitespace().collect();
    let mut reader = Reader { text: &compact, counts: false };
    let (scale, dims) = reader.term(0)?;
    let positive = scale.is_finite() && scale > 0.0;
    (reader.text.is_empty() && positive).then_some(Unit { scale, dims, counts: reader.counts })
}

/// What is left of a code, and whether an annotation spoke of counts.
struct Reader<'a> {
    text: &'a str,
    counts: bool,
}

impl Reader<'_> {
    fn take(&mut self, start: &str) -> bool {
        let rest = self.text.strip_prefix(start);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    /// Factors up to the end or a closing parenthesis.
    fn term(&mut self, depth: usize) -> Option<(f64, Dims)> {
        if depth > 8 {
            return None;
        }
        // A leading `/` divides one.
        let mut all = if self.text.starts_with('/') { (1.0, [0; 3]) } else { self.factor(depth)? };
        loop {
            let sign = if self.take("/") {
                -1
            } else if self.take(".") {
                1
            } else {
                return Some(all);
            };
            let (scale, dims) = self.factor(depth)?;
            all.0 *= scale.powi(sign);
            (0..3).for_each(|d| all.1[d] += sign * dims[d]);
        }
    }

    fn factor(&mut self, depth: usize) -> Option<(f64, Dims)> {
        if self.take("(") {
            let inner = self.term(depth + 1)?;
            return self.take(")").then_some(inner);
        }
        let annotated = self.annotation()?;
        let unit = self.atom();
        let after = self.annotation()?;
        match unit {
            Some(unit) => Some(unit),
            // An annotation alone is the number one.
            None => (annotated || after).then_some((1.0, [0; 3])),
        }
    }

    /// Passes over `{...}`, if it stands here; none if it does not close.
    fn annotation(&mut self) -> Option<bool> {
        if !self.take("{") {
            return Some(false);
        }
        let end = self.text.find('}')?;
        let text = self.text[..end].to_ascii_lowercase();
        // Counts, events, and numbers that are proportional to counts.
        self.counts |= ["count", "cnt", "event"].iter().any(|w| text.contains(w));
        self.text = &self.text[end + 1..];
        Some(true)
    }

    /// A unit with prefix and exponent, or a number.
    fn atom(&mut self) -> Option<(f64, Dims)> {
        let letters = self.text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let digits = self.text.bytes().take_while(u8::is_ascii_digit).count();
        let (scale, dims, is_length) = if self.take("10*") || self.take("10^") {
            (10.0, [0; 3], false)
        } else if letters == 0 {
            let number: f64 = self.text[..digits].parse().ok()?;
            self.text = &self.text[digits..];
            return Some((number, [0; 3]));
        } else {
            let found = unit(&self.text[..letters])?;
            self.text = &self.text[letters..];
            found
        };
        let exponent = self.exponent()?;
        let (mut scale, mut dims) = (scale.powi(exponent), dims.map(|d| d * exponent));
        if is_length {
            // Third powers of lengths are volumes: 1 m3 is 1e6 mL.
            if exponent % 3 != 0 {
                return None;
            }
            scale *= 1e6_f64.powi(exponent / 3);
            dims[1] += exponent / 3;
        }
        Some((scale, dims))
    }

    /// The exponent behind a unit; 1 if there is none.
    fn exponent(&mut self) -> Option<i32> {
        let sign = usize::from(self.text.starts_with(['+', '-']));
        let digits = self.text[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return (sign == 0).then_some(1);
        }
        let exponent: i32 = self.text[..sign + digits].parse().ok()?;
        self.text = &self.text[sign + digits..];
        (exponent.abs() <= 30).then_some(exponent)
    }
}

/// Scale, dimensions, and whether it is a length.
fn unit(name: &str) -> Option<(f64, Dims, bool)> {
    let found = |name: &str| UNITS.iter().find(|u| u.0 == name);
    if let Some((code, scale, dims, _)) = found(name) {
        return Some((*scale, *dims, *code == "m"));
    }
    PREFIXES.iter().find_map(|(prefix, factor)| {
        let (code, scale, dims, _) =
            found(name.strip_prefix(*prefix)?).filter(|u| u.3.contains(*prefix))?;
        Some((factor * scale, *dims, *code == "m"))
    })
}

#[cfg(test)]
mod tests {
    use super::Meaning::*;
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 1e-12
    }

    #[test]
    fn concentrations() {
        for (code, bq_per_ml) in [
            ("Bq/ml", 1.0),
            ("Bq/mL", 1.0),
            ("Bq/cm3", 1.0),
            ("Bq.cm-3", 1.0),
            ("Bq.mL-1", 1.0),
            ("BQ/ML", 1.0),
            ("bq/ml", 1.0),
            ("BQ/CM3", 1.0),
            ("kBq/ml", 1e3),
            ("kBq/cc", 1e3),
            ("BQ/CC", 1.0),
            ("BQML", 1.0),
            ("KBQ/ML", 1e3),
            ("kBq/cm3", 1e3),
            ("MBq/mL", 1e6),
            ("MABQ/ML", 1e6),
            ("MBq/ml", 1e6),
            ("mBq/ml", 1e-3),
            ("MBq/l", 1e3),
            ("kBq/L", 1.0),
            ("Bq/l", 1e-3),
            ("Bq/dm3", 1e-3),
            ("Bq/mm3", 1e3),
            ("kBq/(cm3)", 1e3),
            ("KBQ/mL", 1e3),
            ("kBq/ML", 1e3),
            ("Bq/ML", 1.0),
            ("Bq/m3", 1e-6),
            ("GBq/m3", 1e3),
            ("/ml.Bq", 1.0),
            ("uCi/ml", 3.7e4),
            ("nCi/cm3", 37.0),
            ("Bq/ml{tissue}", 1.0),
            ("10*3.Bq/ml", 1e3),
            ("10^3Bq/ml", 0.0),
            ("Bq.s/(ml.s)", 1.0),
        ] {
            match meaning(code) {
                BqPerMl(f) => assert!(close(f, bq_per_ml), "{code}: {f}"),
                other => assert!(bq_per_ml == 0.0, "{code}: {other:?}"),
            }
        }
    }

    #[test]
    fn activities_counts_and_suv() {
        assert_eq!(meaning("Bq"), Bq(1.0));
        assert_eq!(meaning("MBq"), Bq(1e6));
        assert!(matches!(meaning("mCi"), Bq(f) if close(f, 3.7e7)));
        for code in ["{counts}", "{count}", "{cnt}", "{propcounts}", "1", "{events}"] {
            assert_eq!(meaning(code), Counts(1.0), "{code}");
        }
        assert_eq!(meaning("10*3.{counts}"), Counts(1e3));
        assert_eq!(meaning("k{counts}"), Other);
        for code in ["{counts}/s", "{counts}.s-1", "{propcounts}/s"] {
            assert_eq!(meaning(code), CountsPerSecond(1.0), "{code}");
        }
        assert!(matches!(meaning("{counts}/min"), CountsPerSecond(f) if close(f, 1.0 / 60.0)));
        for code in
            ["{SUVbw}g/ml", "g/ml", "g/ml{SUVbw}", "{SUVlbm}g/ml", "{SUVbsa}cm2/ml", "{suvbw}g/ml"]
        {
            assert_eq!(meaning(code), Suv, "{code}");
        }
    }

    #[test]
    fn what_is_no_activity_is_other() {
        for code in [
            "",
            "MBQ/ML",
            "mbq/ml",
            "Bq/",
            "Bq//ml",
            "Bq/g",
            "Bq/cm2",
            "[hnsf'U]",
            "%",
            "Bq/ml)",
            "(Bq/ml",
            "{counts",
            "Bq/ml-",
            "Bq.ml",
            "/s",
            "s-1",
            "Hz",
            "ml/min/g",
            "umol/ml",
            "Bq/min",
            "xBq/ml",
            "Bq2/ml",
            "Bq/ml99999999999",
            "((((((((((Bq))))))))))",
        ] {
            assert_eq!(meaning(code), Other, "{code}");
        }
    }
}
