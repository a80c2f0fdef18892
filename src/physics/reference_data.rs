//! For tests: reading the shared reference tables, and the materials they name.

use crate::physics::Material;
use crate::physics::element::element_by_symbol;

/// Rows of a reference table, as text cells.
pub(crate) struct Reference {
    pub(crate) rows: Vec<Vec<String>>,
}

impl Reference {
    /// Reads `name`; a test that needs it is ignored where there is none (`shared_reference`).
    pub(crate) fn read(name: &str) -> Reference {
        let text = crate::physics::reference_materials::reference(name);
        let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
        let rows = lines.map(|line| line.split(',').map(str::to_string).collect()).collect();
        Reference { rows }
    }

    /// Is row `i` one of the two at the same material and energy, the sides of an absorption edge? NISTIR 5632 rounds the
    /// edge energy, so which side an energy belongs to cannot be told.
    pub(crate) fn is_edge(&self, i: usize) -> bool {
        let same = |j: usize| self.rows.get(j).is_some_and(|row| row[..2] == self.rows[i][..2]);
        same(i + 1) || (i > 0 && same(i - 1))
    }
}

/// ICRU-44 compositions (NIST SRD 126, table 2) of the reference tables' mixtures, per cent by mass, and pure elements.
const MIXTURES: [(&str, f64, &str); 8] = [
    ("water", 75.0, "H 11.1898 O 88.8102"),
    ("air", 85.7, "C 0.0124 N 75.5268 O 23.1781 Ar 1.2827"),
    ("adipose_ICRU44", 64.8, "H 11.4 C 59.8 N 0.7 O 27.8 Na 0.1 S 0.1 Cl 0.1"),
    ("bone_cortical_ICRU44", 112.0, "H 3.4 C 15.5 N 4.2 O 43.5 Na 0.1 Mg 0.2 P 10.3 S 0.3 Ca 22.5"),
    ("lung_ICRU44", 75.2, "H 10.3 C 10.5 N 3.1 O 74.9 Na 0.2 P 0.2 S 0.3 Cl 0.3 K 0.2"),
    ("muscle_ICRU44", 74.6, "H 10.2 C 14.3 N 3.4 O 71.0 Na 0.1 P 0.2 S 0.3 Cl 0.1 K 0.4"),
    ("soft_tissue_ICRU44", 74.7, "H 10.2 C 14.3 N 3.4 O 70.8 Na 0.2 P 0.3 S 0.3 Cl 0.2 K 0.3"),
    ("blood", 75.2, "H 10.2 C 11.0 N 3.3 O 74.5 Na 0.1 P 0.1 S 0.2 Cl 0.3 K 0.2 Fe 0.1"),
];

/// The material that a reference table calls `name`.
pub(crate) fn materials(name: &str) -> Material {
    let (_, ev, text) = MIXTURES.into_iter().find(|m| m.0 == name).unwrap_or((name, 75.0, ""));
    let words: Vec<&str> =
        if text.is_empty() { vec![name, "100"] } else { text.split(' ').collect() };
    let mass_fractions = words
        .chunks(2)
        .map(|pair| {
            let z = element_by_symbol(pair[0]).expect("a symbol of the test's own list").z;
            (z, pair[1].parse::<f64>().expect("a number of the test's own list") / 100.0)
        })
        .collect();
    Material { name: name.to_string(), density_g_cm3: 1.0, mass_fractions, mean_excitation_ev: ev }
}
