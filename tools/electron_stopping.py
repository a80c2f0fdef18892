"""Writes data/electron/*.csv: elements, atomic shells and radiative stopping powers, as NIST ESTAR uses them.

Run in the repository root with the packages of tools/requirements.txt: python tools/electron_stopping.py
"""

from star_data import (
    ATOMIC_WEIGHTS,
    ELEMENTS,
    ESTAR_ENERGIES_MEV,
    LICENCE,
    SOURCE,
    SYMBOLS,
    open_star,
    write_table,
)

GENERATOR = ("generator", "tools/electron_stopping.py")

# I of an element bound in a compound, eV: Seltzer and Berger 1982 (doi:10.1016/0020-708X(82)90244-7),
# adopted by ICRU Report 37. Elements not named: 1.13 x the element's own I in liquids and solids.
IN_GAS = {1: 19.2, 6: 70.0, 7: 82.0, 8: 97.0}
IN_CONDENSED = {1: 19.2, 6: 81.0, 7: 82.0, 8: 106.0, 9: 112.0, 17: 180.0}
CONDENSED_FACTOR = 1.13


def elements(data):
    own = {int(r["id"]): float(r["ionisation_potential"]) for r in data.root.material_parameters.read() if r["id"] <= 98}
    rows = []
    for z in ELEMENTS:
        gas = IN_GAS.get(z, own[z])
        condensed = IN_CONDENSED.get(z, round(CONDENSED_FACTOR * own[z], 2))
        rows.append([z, SYMBOLS[z - 1], ATOMIC_WEIGHTS[z - 1], own[z], gas, condensed])
    header = [
        ("quantity", "atomic weight A; mean excitation energy I of the element itself, bound in a gas, bound in a liquid or solid"),
        ("units", "A g/mol; I eV"),
        ("source", SOURCE + " (A, I of elements: ICRU Report 37); I in compounds: Seltzer and Berger, Int J Appl Radiat Isot 33, 1189 (1982)"),
        ("licence", LICENCE),
        GENERATOR,
    ]
    write_table("data/electron/elements.csv", header, ["z", "symbol", "a", "i_element", "i_gas", "i_condensed"], rows)


def shells(data):
    rows = []
    for z in ELEMENTS:
        occupations = data.get_node("/electrons/NC", f"Z{z:03d}").read()
        energies = data.get_node("/electrons/BD", f"Z{z:03d}").read()
        for n, e in zip(occupations, energies):
            # A negative occupation marks the conduction electrons of an elemental metal.
            rows.append([z, abs(int(n)), f"{e:g}", int(n < 0)])
    header = [
        ("quantity", "electrons per atomic shell and their binding energy, for the density effect; conduction = 1: free in the elemental metal"),
        ("units", "binding_ev eV"),
        ("source", SOURCE + " /electrons/NC and /BD (ESTAR; binding energies of Carlson 1975)"),
        ("licence", LICENCE),
        GENERATOR,
    ]
    write_table("data/electron/shells.csv", header, ["z", "electrons", "binding_ev", "conduction"], rows)


def radiative(data, e_max_mev=10.0):
    table = data.root.electrons.radiation_loss.read()
    keep = [i for i, e in enumerate(ESTAR_ENERGIES_MEV) if e <= e_max_mev * 1.0001]
    loss = {int(r["element"]): r["stopping_power_radiative"] for r in table}
    rows = [[f"{ESTAR_ENERGIES_MEV[i]:g}"] + [f"{loss[z][i]:.5g}" for z in ELEMENTS] for i in keep]
    header = [
        ("quantity", "radiative stopping power of electrons, one column per atomic number (nuclear and electron-electron bremsstrahlung)"),
        ("units", "energy_mev MeV; stopping powers MeV cm2/g"),
        ("source", SOURCE + " /electrons/radiation_loss (ESTAR; Seltzer and Berger, Nucl Instrum Meth B 12, 95, 1985)"),
        ("licence", LICENCE),
        GENERATOR,
    ]
    write_table("data/electron/radiative.csv", header, ["energy_mev"] + [str(z) for z in ELEMENTS], rows)


if __name__ == "__main__":
    with open_star() as star_data:
        elements(star_data)
        shells(star_data)
        radiative(star_data)
