#!/usr/bin/env python3
"""Writes data/dicom/nuclide_codes.csv (codes of radionuclides in DICOM headers) and data/dicom/element_names.csv."""

import pathlib
import re

from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

OUT = pathlib.Path("data/dicom")
SOURCE = "PyPI pydicom 3.0.2"

# IUPAC names and symbols of the elements of radionuclides in medicine (to Z = 96), with the American spellings.
NAMES = """
H Hydrogen, He Helium, Li Lithium, Be Beryllium, B Boron, C Carbon, N Nitrogen, O Oxygen, F Fluorine, Ne Neon, Na Sodium,
Mg Magnesium, Al Aluminium, Al Aluminum, Si Silicon, P Phosphorus, S Sulfur, S Sulphur, Cl Chlorine, Ar Argon, K Potassium,
Ca Calcium, Sc Scandium, Ti Titanium, V Vanadium, Cr Chromium, Mn Manganese, Fe Iron, Co Cobalt, Ni Nickel, Cu Copper, Zn Zinc,
Ga Gallium, Ge Germanium, As Arsenic, Se Selenium, Br Bromine, Kr Krypton, Rb Rubidium, Sr Strontium, Y Yttrium, Zr Zirconium,
Nb Niobium, Mo Molybdenum, Tc Technetium, Ru Ruthenium, Rh Rhodium, Pd Palladium, Ag Silver, Cd Cadmium, In Indium, Sn Tin,
Sb Antimony, Te Tellurium, I Iodine, Xe Xenon, Cs Caesium, Cs Cesium, Ba Barium, La Lanthanum, Ce Cerium, Pr Praseodymium,
Nd Neodymium, Pm Promethium, Sm Samarium, Eu Europium, Gd Gadolinium, Tb Terbium, Dy Dysprosium, Ho Holmium, Er Erbium,
Tm Thulium, Yb Ytterbium, Lu Lutetium, Hf Hafnium, Ta Tantalum, W Tungsten, Re Rhenium, Os Osmium, Ir Iridium, Pt Platinum,
Au Gold, Hg Mercury, Tl Thallium, Pb Lead, Bi Bismuth, Po Polonium, At Astatine, Rn Radon, Fr Francium, Ra Radium, Ac Actinium,
Th Thorium, Pa Protactinium, U Uranium, Np Neptunium, Pu Plutonium, Am Americium, Cm Curium
"""
PAIRS = [pair.split() for pair in NAMES.replace("\n", " ").split(",")]
SYMBOL = {name.lower(): symbol for symbol, name in PAIRS}


def codes():
    for cid in (18, 4020):
        group = cid_concepts.get(cid) or cid_concepts.get(str(cid)) or cid_concepts[f"CID{cid}"]
        for scheme, names in group.items():
            for name in names:
                mass, element = re.fullmatch(r"_(\d+m?)(\w+)", name).groups()
                for code in concepts[scheme][name]:
                    nuclide = f"{SYMBOL[element.lower()]}-{mass}"
                    yield scheme, code, nuclide
                    if scheme == "SCT" and code in mapping["SCT"]:
                        yield "SRT", mapping["SCT"][code], nuclide


def write(name, header, rows):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text("\n".join([*header, "# generator: tools/dicom_nuclides.py", *rows]) + "\n")


write(
    "nuclide_codes.csv",
    [
        "# quantity: codes of radionuclides: DICOM PS3.16 CID 18 and CID 4020; SRT is the older form of SCT",
        "# units: none",
        f"# source: DICOM PS3.16, context groups 18 (Radiopharmaceutical Isotope) and 4020 (PET Radionuclide), via {SOURCE}",
        "# licence: MIT (pydicom); DICOM PS3.16, free to use",
    ],
    ["scheme,code,nuclide"] + [",".join(row) for row in sorted(set(codes()), key=lambda r: (r[2], r[0], r[1]))],
)
write(
    "element_names.csv",
    [
        "# quantity: English names of the elements, as code meanings spell them",
        "# units: none",
        "# source: IUPAC, Nomenclature of Inorganic Chemistry (Red Book 2005), table I, and the spellings aluminum, sulphur, cesium",
        "# licence: facts, no rights",
    ],
    ["symbol,name"] + [f"{symbol},{name.lower()}" for symbol, name in PAIRS],
)
