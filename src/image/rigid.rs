//! Rigid maps by their six numbers, as ITK's Euler3DTransform has them: three angles, a translation and the centre of the turn.
//!
//! `point -> R (point - centre) + centre + translation` with R = Rz Rx Ry (ITK's order where ComputeZYX is false), or Rz Ry Rx where it is true. Angles are
//! right-handed about the patient's axes L, P, S.

use super::Affine;
use super::affine::product;
use crate::error::Result;

/// A turn about a centre and a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rigid {
    /// Angles about x, y and z, rad, for R = Rz Rx Ry.
    pub angles_rad: [f64; 3],
    /// mm, LPS.
    pub translation_mm: [f64; 3],
    /// Centre of the turn, mm, LPS.
    pub centre_mm: [f64; 3],
}

type Matrix = [[f64; 3]; 3];

impl Rigid {
    /// No turn, no shift.
    pub fn at(centre_mm: [f64; 3]) -> Rigid {
        Rigid { angles_rad: [0.0; 3], translation_mm: [0.0; 3], centre_mm }
    }

    /// As matrix and offset.
    pub fn affine(&self) -> Affine {
        Affine::about(turn_zxy(self.angles_rad), self.centre_mm, self.translation_mm)
    }

    /// The six numbers of a rigid map about a centre.
    ///
    /// # Errors
    /// If the map is not rigid.
    pub fn of(map: &Affine, centre_mm: [f64; 3]) -> Result<Rigid> {
        let m = map.rigid()?.matrix;
        let angles_rad =
            [m[2][1].clamp(-1.0, 1.0).asin(), (-m[2][0]).atan2(m[2][2]), (-m[0][1]).atan2(m[1][1])];
        let to = map.apply(centre_mm);
        Ok(Rigid { angles_rad, translation_mm: [0, 1, 2].map(|c| to[c] - centre_mm[c]), centre_mm })
    }

    /// Derivatives of the matrix by the angles.
    pub fn turn_by_angle(&self) -> [Matrix; 3] {
        let [x, y, z] = self.angles_rad;
        let by = |rx: Matrix, ry: Matrix, rz: Matrix| product(&rz, &product(&rx, &ry));
        [
            by(slope(0, x), about(1, y), about(2, z)),
            by(about(0, x), slope(1, y), about(2, z)),
            by(about(0, x), about(1, y), slope(2, z)),
        ]
    }
}

/// R = Rz Rx Ry.
pub fn turn_zxy([x, y, z]: [f64; 3]) -> Matrix {
    product(&about(2, z), &product(&about(0, x), &about(1, y)))
}

/// R = Rz Ry Rx.
pub fn turn_zyx([x, y, z]: [f64; 3]) -> Matrix {
    product(&about(2, z), &product(&about(1, y), &about(0, x)))
}

/// The turn about one axis.
fn about(axis: usize, angle: f64) -> Matrix {
    let (s, c) = angle.sin_cos();
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut m = [[0.0; 3]; 3];
    m[axis][axis] = 1.0;
    (m[u][u], m[u][v], m[v][u], m[v][v]) = (c, -s, s, c);
    m
}

/// Its derivative by the angle.
fn slope(axis: usize, angle: f64) -> Matrix {
    let (s, c) = angle.sin_cos();
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut m = [[0.0; 3]; 3];
    (m[u][u], m[u][v], m[v][u], m[v][v]) = (-s, -c, c, -s);
    m
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_turns_is_itks() {
        // SimpleITK 2.5: Euler3DTransform((0,0,0), 0.1, 0.2, 0.3).GetMatrix(), and with ComputeZYX true.
        let itk = [
            [0.9304320636570301, -0.29404383655185584, 0.2187107612916787],
            [0.3085774668591277, 0.9505637859220634, -0.034762563776535],
            [-0.19767681165408388, 0.09983341664682815, 0.975170327201816],
        ];
        let zyx = [
            [0.9362933635841992, -0.2750958473182437, 0.21835066314633444],
            [0.28962947762551555, 0.9564250858492325, -0.03695701352462508],
            [-0.19866933079506122, 0.09784339500725571, 0.975170327201816],
        ];
        let ours = [turn_zxy([0.1, 0.2, 0.3]), turn_zyx([0.1, 0.2, 0.3])];
        for (ours, itk) in ours.iter().zip([itk, zyx]) {
            for r in 0..3 {
                for c in 0..3 {
                    assert!((ours[r][c] - itk[r][c]).abs() < 1e-15, "{ours:?}");
                }
            }
        }
        // First about y, then about x, then about z: a point on z goes to x by the first quarter turn and stays by the second.
        let quarter = std::f64::consts::FRAC_PI_2;
        let p = Affine::about(turn_zxy([quarter, quarter, 0.0]), [0.0; 3], [0.0; 3])
            .apply([0.0, 0.0, 1.0]);
        assert!((p[0] - 1.0).abs() < 1e-15 && p[1].abs() < 1e-15 && p[2].abs() < 1e-15, "{p:?}");
        // Rz Ry Rx: first about x, which brings it to -y, where the turn about y leaves it.
        let p = Affine::about(turn_zyx([quarter, quarter, 0.0]), [0.0; 3], [0.0; 3])
            .apply([0.0, 0.0, 1.0]);
        assert!((p[1] + 1.0).abs() < 1e-15, "{p:?}");
    }

    #[test]
    fn six_numbers_and_back_about_another_centre() {
        let rigid = Rigid {
            angles_rad: [0.12, -0.3, 0.7],
            translation_mm: [4.0, -5.0, 6.0],
            centre_mm: [10.0, 20.0, -30.0],
        };
        let map = rigid.affine();
        let again = Rigid::of(&map, rigid.centre_mm).unwrap();
        for c in 0..3 {
            assert!((again.angles_rad[c] - rigid.angles_rad[c]).abs() < 1e-12);
            assert!((again.translation_mm[c] - rigid.translation_mm[c]).abs() < 1e-12);
        }
        let elsewhere = Rigid::of(&map, [100.0, 0.0, 50.0]).unwrap().affine();
        let (a, b) = (map.apply([1.0, 2.0, 3.0]), elsewhere.apply([1.0, 2.0, 3.0]));
        assert!((0..3).all(|c| (a[c] - b[c]).abs() < 1e-12));
    }

    #[test]
    fn slopes_are_those_of_differences() {
        let rigid = Rigid { angles_rad: [0.2, -0.4, 0.9], ..Rigid::at([0.0; 3]) };
        let h = 1e-6;
        for (a, slope) in rigid.turn_by_angle().iter().enumerate() {
            let at = |sign: f64| {
                let mut angles = rigid.angles_rad;
                angles[a] += sign * h;
                turn_zxy(angles)
            };
            let (up, down) = (at(1.0), at(-1.0));
            for r in 0..3 {
                for c in 0..3 {
                    let found = (up[r][c] - down[r][c]) / (2.0 * h);
                    assert!((found - slope[r][c]).abs() < 1e-9, "{a} {r} {c}");
                }
            }
        }
    }
}
