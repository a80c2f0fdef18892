"""Writes data/ensdf/exchange.csv: the parameters of the exchange correction of beta-minus spectra by atomic number.

Source: Nitescu, Stoica & Simkovic, Phys. Rev. C 107, 025501 (2023), Eq. (34), as PyPI thecobs 0.0.23 (MIT) carries its table.

Run from the repository root: python tools/exchange.py
"""

import pathlib
from importlib import metadata

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    package = metadata.distribution("thecobs")
    table = package.locate_file("thecobs/data/ExchangeDataSimkovic.dat")
    rows = [line.split() for line in open(table) if line.strip()]
    assert [int(row[0]) for row in rows] == list(range(1, 103)) and all(len(row) == 6 for row in rows)
    with open(ROOT / "data" / "ensdf" / "exchange.csv", "w", newline="\n") as out:
        out.write("# quantity: parameters of the factor 1 + (a + b T^c) exp(-d T^e) by which exchange with bound electrons changes an allowed beta-minus spectrum; z of the nucleus that decays\n")
        out.write("# units: T kinetic energy in keV; the parameters accordingly\n")
        out.write("# source: O. Nitescu, S. Stoica, F. Simkovic, Phys. Rev. C 107, 025501 (2023), doi:10.1103/PhysRevC.107.025501, Eq. (34), by PyPI thecobs "
                  f"{package.version}\n")
        out.write("# licence: facts of a publication; package MIT\n")
        out.write("# generator: tools/exchange.py\n")
        out.write("z,a,b,c,d,e\n")
        for row in rows:
            out.write(",".join(row) + "\n")


main()
