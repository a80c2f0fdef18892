"""Writes data/alpha/*.csv: total stopping powers of helium ions (ASTAR) and the compositions they belong to.

Run in the repository root with the packages of tools/requirements.txt: python tools/alpha_stopping.py
"""

from star_data import ATOMIC_WEIGHTS, LICENCE, SOURCE, open_star, write_table

GENERATOR = ("generator", "tools/alpha_stopping.py")
E_MAX_MEV = 20.0
# Same composition as another material of the list, in a form that does not occur in a patient.
LEFT_OUT = {"GRAPHITE", "energy"}


def materials(data):
    """Name, id, density and composition of every ASTAR material."""
    by_name, densities = {}, {}
    for row in data.root.material_parameters.read():
        densities[int(row["id"])] = float(row["density"])
        name = row["material"].decode().upper()
        by_name["".join(c for c in name if c.isalnum())] = int(row["id"])
    found = []
    for node in data.root.helium_ions:
        if node._v_name in LEFT_OUT:
            continue
        key = "".join(c for c in node._v_name.upper() if c.isalnum())
        matches = [i for name, i in by_name.items() if name == key] or [i for name, i in by_name.items() if name.startswith(key)]
        if len(matches) != 1:
            raise SystemExit(f"{node._v_name}: {len(matches)} compositions match; name it in the generator")
        composition = data.get_node("/composition", f"M{matches[0]:03d}").read()
        parts = [(int(c["element"]), float(c["fraction"])) for c in composition]
        found.append((node._v_name, matches[0], densities[matches[0]], parts))
    return sorted(found, key=lambda m: m[1])


def main():
    with open_star() as data:
        found = materials(data)
        energies = data.root.helium_ions.energy.read()
        tables = {name: data.get_node("/helium_ions", name).read() for name, *_ in found}
    rows = []
    for i, e in enumerate(energies):
        if e <= E_MAX_MEV * 1.0001:
            total = [tables[n]["electronic_stopping_power"][i] + tables[n]["nuclear_stopping_power"][i] for n, *_ in found]
            rows.append([f"{e:g}"] + [f"{s:.5g}" for s in total])
    header = [
        ("quantity", "total (electronic + nuclear) stopping power of helium ions, one column per material of astar_materials.csv"),
        ("units", "energy_mev MeV; stopping powers MeV cm2/g"),
        ("source", SOURCE + " /helium_ions (ASTAR, ICRU Report 49)"),
        ("licence", LICENCE),
        GENERATOR,
    ]
    write_table("data/alpha/astar.csv", header, ["energy_mev"] + [n for n, *_ in found], rows)
    header[0] = ("quantity", "density and composition of the ASTAR materials, and the atomic weight of the elements among them")
    header[1] = ("units", "density g/cm3; a g/mol (0 for a compound); composition in mass fractions, Z:fraction separated by blanks")
    header[2] = ("source", SOURCE + " /composition (ICRU Reports 37 and 49)")
    rows = []
    for name, _, density, parts in found:
        atomic_weight = ATOMIC_WEIGHTS[parts[0][0] - 1] if len(parts) == 1 else 0
        rows.append([name, f"{density:g}", f"{atomic_weight:g}", " ".join(f"{z}:{w:g}" for z, w in parts)])
    write_table("data/alpha/astar_materials.csv", header, ["material", "density", "a", "composition"], rows)


if __name__ == "__main__":
    main()
