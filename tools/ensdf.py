"""Writes data/ensdf/{nuclides,chains,photons,conversion_electrons,auger_electrons,particles}.csv.

Source: ENSDF (National Nuclear Data Center, Brookhaven), in two forms: the radiation tables that nucl-parquet (MIT) compiles (folder of the
first argument: radiation.csv.xz, decay.csv, ground_states.csv), and the decay schemes of PyPI paceENSDF (BSD). A decay data set comes from
the tables where they have it for the same state of the parent, else from the schemes. The schemes also give what the tables lack: spins of
the levels that betas reach, captures by level, half-lives of isomers, how much of a decay passes an isomer, and conversion coefficients of
transitions without conversion electrons. Such electrons, and the atomic radiation that energy conservation asks for and the tables do not
list (M and outer Auger electrons), are written with codes that end in c, "completed".

Run from the repository root: python tools/ensdf.py ../shared/reference/ensdf
"""

import csv
import lzma
import pathlib
import sys
from importlib import metadata, util

import ensdf_schemes as schemes
from ensdf_build import Library

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "data" / "ensdf"


def rows_of(path):
    """Dictionaries of a CSV file with comment lines; xz is unpacked."""
    opened = lzma.open(path, "rt") if path.suffix == ".xz" else open(path)
    with opened as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def write_table(file, quantity, units, columns, rows):
    """One CSV with the five provenance lines."""
    path = OUT / file
    with open(path, "w", newline="\n") as out:
        out.write(f"# quantity: {quantity}\n# units: {units}\n")
        out.write(
            "# source: ENSDF, National Nuclear Data Center, Brookhaven National Laboratory, by nucl-parquet (github exoma-ch/nucl-parquet@f3eb466) "
            f"and PyPI paceENSDF {metadata.version('paceENSDF')} (archive of September 2023); atomic data of PyPI xraylib {metadata.version('xraylib')}\n"
        )
        out.write("# licence: data of a US government laboratory, free; nucl-parquet MIT, paceENSDF BSD, notices in NOTICE.TXT of this folder\n")
        out.write("# generator: tools/ensdf.py\n")
        out.write(",".join(columns) + "\n")
        for row in rows:
            out.write(",".join(str(cell) for cell in row) + "\n")
    if path.stat().st_size > 2 * 1024 * 1024:
        raise SystemExit(f"{file} is over 2 MiB")


def main():
    folder = pathlib.Path(sys.argv[1])
    package = pathlib.Path(util.find_spec("paceENSDF").origin).parent
    library = Library(
        rows_of(folder / "ground_states.csv"), rows_of(folder / "decay.csv"), rows_of(folder / "radiation.csv.xz"), schemes.read_all(package)
    )
    library.build()
    tables = library.tables()
    write_table("nuclides.csv",
                "nuclides and isomers: half-life; energy available per decay (Q values by branch, level of an isomer in); energy of the neutrinos of "
                "electron capture (blank: feeding of the levels not known); what is missing",
                "level_kev, q_kev, capture_neutrino_kev keV per decay; half_life_s s; half_life with its unit",
                ["nuclide", "z", "a", "level_kev", "half_life_s", "half_life", "spin", "q_kev", "capture_neutrino_kev", "missing"], tables["nuclides"])
    write_table("chains.csv", "progeny and branching of each nuclide", "branching per decay",
                ["nuclide", "progeny", "branching", "mode"], tables["chains"])
    write_table("photons.csv", "gamma and X rays by nuclide and ICRP-107 code (Gc, Xc: completed here)", "pairs of keV and number per 100 decays",
                ["nuclide", "code", "lines"], tables["photons"])
    for kind, code in (("conversion", "IE"), ("auger", "AE")):
        write_table(f"{kind}_electrons.csv",
                    f"{kind.capitalize()} electrons by nuclide and ICRP-107 code ({code}c: completed here); N and outer shells of a transition are one line",
                    "pairs of keV and number per 100 decays", ["nuclide", "code", "lines"], tables[f"{kind}_electrons"])
    write_table("particles.csv",
                "beta branches (B-, B+) and alphas (A) by nuclide; class of a beta branch: A allowed, nU and nN n-th forbidden unique and not, ? unknown",
                "of a beta: end point keV, mean energy keV that ENSDF lists, number per 100 decays, class; of an alpha: keV, number per 100 decays",
                ["nuclide", "code", "lines"], tables["particles"])
    for line in library.report():
        print(line)


main()
