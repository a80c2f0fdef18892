"""Writes data/photon/compton_shells.csv: what the impulse approximation of Compton scattering needs of every atomic shell.

Electrons and Hartree-Fock Compton profile at zero momentum from xraylib, binding energies as ESTAR uses them (data/electron/shells.csv).
Run in the repository root with the packages of tools/requirements.txt: python tools/compton_profiles.py
"""

import xraylib

from star_data import LICENCE, SOURCE, open_star, write_table

Z_MAX = 92
SHELLS = ["K"] + [f"{n}{i}" for n, top in (("L", 3), ("M", 5), ("N", 7), ("O", 7), ("P", 5), ("Q", 3)) for i in range(1, top + 1)]
# A deep shell's binding energy and xraylib's edge differ by the work function and by chemistry, not by more.
DEEP_EV = 300.0
LARGEST_DIFFERENCE = 0.04


def atomic_shells(z):
    """[name, electrons, J(0) in atomic units, xraylib's edge in eV] in the order of the quantum numbers."""
    found = []
    for name in SHELLS:
        shell = getattr(xraylib, f"{name}_SHELL")
        try:
            electrons = xraylib.ElectronConfig(z, shell)
        except ValueError:
            continue
        if electrons <= 0.0:
            continue
        try:
            profile = xraylib.ComptonProfile_Partial(z, shell, 0.0)
        except ValueError:
            # One profile is given for both subshells of an orbital that is not closed: the one before.
            profile = found[-1][2]
        try:
            edge = 1e3 * xraylib.EdgeEnergy(z, shell)
        except ValueError:
            edge = 0.0
        found.append([name, electrons, profile, edge])
    if abs(sum(shell[1] for shell in found) - z) > 1e-3:
        raise SystemExit(f"Z = {z}: the shells do not hold Z electrons")
    return found


def binding_energies(z, data, shells):
    """Binding energy (eV) of each shell: both lists count electrons from the innermost on."""
    occupations = [abs(int(n)) for n in data.get_node("/electrons/NC", f"Z{z:03d}").read()]
    energies = [float(e) for e in data.get_node("/electrons/BD", f"Z{z:03d}").read()]
    if sum(occupations) != z:
        raise SystemExit(f"Z = {z}: ESTAR's shells do not hold Z electrons")
    result = []
    begin = 0.0
    for name, electrons, _, edge in shells:
        end = begin + electrons
        below, energy = 0.0, 0.0
        for occupation, binding in zip(occupations, energies):
            shared = min(end, below + occupation) - max(begin, below)
            energy += max(shared, 0.0) * binding
            below += occupation
        binding = energy / electrons
        if edge > DEEP_EV and abs(binding / edge - 1.0) > LARGEST_DIFFERENCE:
            raise SystemExit(f"Z = {z}, {name}: {binding} eV, xraylib {edge} eV")
        result.append(binding)
        begin = end
    return result


def main():
    rows = []
    with open_star() as data:
        for z in range(1, Z_MAX + 1):
            shells = atomic_shells(z)
            for (name, electrons, profile, _), binding in zip(shells, binding_energies(z, data, shells)):
                rows.append([z, name, f"{electrons:.6g}", f"{binding:.6g}", f"{profile:.5g}"])
    header = [
        ("quantity", "electrons per atomic shell, their binding energy, and their Hartree-Fock Compton profile at zero momentum, J(0) per electron"),
        ("units", "binding_ev eV; profile_at_zero inverse atomic units of momentum (hbar / Bohr radius)"),
        (
            "source",
            "PyPI xraylib 4.3.0 (doi:10.1016/j.sab.2011.09.011): ElectronConfig, ComptonProfile_Partial, after Biggs, Mendelsohn and Mann, "
            "At. Data Nucl. Data Tables 16, 201, 1975, doi:10.1016/0092-640X(75)90030-3; "
            + SOURCE + " /electrons/NC and /BD (ESTAR; binding energies of Carlson 1975)",
        ),
        ("licence", "BSD-3-Clause (xraylib); " + LICENCE),
        ("generator", "tools/compton_profiles.py"),
    ]
    write_table("data/photon/compton_shells.csv", header, ["z", "shell", "electrons", "binding_ev", "profile_at_zero"], rows)


if __name__ == "__main__":
    main()
