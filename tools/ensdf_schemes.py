"""Decay schemes of ENSDF for tools/ensdf.py, as PyPI paceENSDF 0.6.3 (BSD licence; ENSDF archive of September 2023) gives them: levels with
spins and half-lives, betas, captures and alphas by level, gamma rays with conversion coefficients. Intensities leave this file per 100
decays of the parent.
"""

import json
import pathlib
import re

MODES = {"alphaDecay": "A", "betaMinusDecay": "B-", "electronCaptureBetaPlusDecay": "EC"}
SHELL_NAMES = "KLMNOPQ"


def level_energy(text):
    """The level of a parent (`73.92+X`, `0.0pX`): keV, and whether an unknown part is missing in it."""
    text = str(text).replace("p", "+")
    number = re.match(r"[0-9.]+", text)
    return (float(number.group()) if number else 0.0), bool(re.search(r"[A-Za-z]", text))


def keV(value):
    """An energy; 0 where none is given, the known part of one with an unknown part."""
    return level_energy(value)[0] if isinstance(value, str) else value or 0.0


def spin_of(spins):
    """(J, parity) of a level with one stated spin and parity, or None; tentative ones are taken, ranges and lists are not."""
    if len(spins) != 1 or spins[0]["spinReal"] is None or spins[0]["spinIsLimit"] or spins[0]["parity"] not in (1, -1):
        return None
    return spins[0]["spinReal"], spins[0]["parity"]


def forbiddenness(parent, level):
    """Class of a beta transition by spins and parities: A allowed, nU and nN n-th forbidden, unique or not, ? unknown."""
    if parent is None or level is None:
        return "?"
    dj = round(abs(parent[0] - level[0]))
    same = parent[1] == level[1]
    if dj <= 1:
        return "A" if same else "1N"
    n = dj if (dj % 2 == 0) == same else dj - 1
    return f"{n}U" if n == dj - 1 else f"{n}N"


def shells_of(gamma):
    """Conversion coefficients by shell; what a total leaves over belongs to the outermost shell that could be named."""
    shells = {}
    calculated = gamma["calculatedAtomicShellConversionCoefficients"]
    for entry in calculated or []:
        for name in SHELL_NAMES:
            value = entry.get(f"calculatedInternalConversionCoefficientAtomicShell{name}") or 0.0
            if value > 0.0:
                shells[name] = value
    total = gamma["calculatedTotalInternalConversionCoefficient"] or gamma["experimentalTotalInternalConversionCoefficient"] or 0.0
    rest = total - sum(shells.values())
    if rest > 1e-3 * total and total > 0.0:
        known = [s for s in SHELL_NAMES if s in shells]
        outer = SHELL_NAMES[min(SHELL_NAMES.index(known[-1]) + 1, 3)] if known else None
        shells[outer] = shells.get(outer, 0.0) + rest
    return max(total, sum(v for v in shells.values())), shells


def read(path):
    """One decay data set."""
    d = json.loads(path.read_text())
    n = d["decaySchemeNormalization"][0]["normalizationRecord"][0]
    parent = d["parentDecay"][0]
    branching = n["multiplerBranchingRatio"] if n["multiplerBranchingRatio"] is not None else 1.0
    photon = n["multiplerPhotonIntensity"] if n["multiplerPhotonIntensity"] is not None else 0.0
    lepton = n["multiplerLeptonIntensity"] if n["multiplerLeptonIntensity"] else 1.0 / branching if branching > 0 else 0.0
    energy, offset = level_energy(d["levelEnergyParentDecay"])
    half = parent["halfLife"][0]["halfLifeConverted"] if parent["halfLife"] else None
    spin = spin_of(parent["spins"])
    out = dict(parent=(d["parentAtomicNumber"], d["parentAtomicMass"]), daughter=(d["daughterAtomicNumber"], d["daughterAtomicMass"]),
               mode=MODES[d["decayMode"]], level=energy, offset=offset, half_life=half, spin=spin, branching=branching, levels=[])
    for level in d["levelScheme"]:
        own = spin_of(level["spins"])
        half = level["isomerDecay"][0]["halfLifeConverted"] if level["isomerDecay"] else None
        at, unknown = level_energy(level["levelEnergy"])
        entry = dict(energy=at, half_life=None if unknown else half, gammas=[], minus=[], plus=[], captures=[], alphas=[])
        for g in level["gammaDecay"]:
            total, shells = shells_of(g)
            entry["gammas"].append(dict(energy=keV(g["gammaEnergy"]), relative=g["gammaIntensity"] or 0.0,
                                        intensity=(g["gammaIntensity"] or 0.0) * photon * branching,
                                        total=total, shells=shells, final=g["levelIndexFinal"]))
        for b in level.get("betaMinusDecay") or []:
            intensity = (b["betaMinusIntensity"] or 0.0) * lepton * branching
            if intensity > 0.0 and keV(b["endPointBetaMinusEnergy"]):
                entry["minus"].append((keV(b["endPointBetaMinusEnergy"]), keV(b["averageBetaMinusEnergy"]), intensity, forbiddenness(spin, own)))
        for b in level.get("betaPlusDecay") or []:
            plus = (b["betaPlusIntensity"] or 0.0) * lepton * branching
            if plus > 0.0 and keV(b["endPointBetaPlusEnergy"]):
                entry["plus"].append((keV(b["endPointBetaPlusEnergy"]), keV(b["averageBetaPlusEnergy"]), plus, forbiddenness(spin, own)))
            capture = b["electronCaptureIntensity"] or 0.0
            if not capture and b["totalElectronCaptureBetaPlusIntensity"]:
                capture = max(0.0, b["totalElectronCaptureBetaPlusIntensity"] - (b["betaPlusIntensity"] or 0.0))
            if capture > 0.0:
                entry["captures"].append((keV(b["electronCaptureEnergy"]), capture * lepton * branching, capture_shells(b)))
        for a in level.get("alphaDecay") or []:
            if a["alphaIntensity"] and keV(a["alphaEnergy"]):
                entry["alphas"].append((keV(a["alphaEnergy"]), a["alphaIntensity"] * branching))
        out["levels"].append(entry)
    return out


def capture_shells(branch):
    """Parts of the captures by shell, summing to 1; None where they are not given."""
    shells = {}
    for entry in branch["calculatedAtomicShellElectronCaptureFractions"] or []:
        for name in SHELL_NAMES:
            value = entry.get(f"calculatedElectronCaptureFractionAtomicShell{name}") or 0.0
            if value > 0.0:
                shells[name] = value
    for entry in branch["sumCalculatedAtomicShellElectronCaptureFractions"] or []:
        for name in SHELL_NAMES[1:]:
            value = entry.get(f"sumElectronCaptureFractionAtomicShellPlus{name}") or 0.0
            if value > 0.0:
                shells[name] = shells.get(name, 0.0) + value
    total = sum(shells.values())
    return {s: v / total for s, v in shells.items()} if total > 0.0 else None


def read_all(package):
    """Every data set of the installed package."""
    return [read(path) for path in sorted(pathlib.Path(package).glob("ENSDF_JSON/j_input_*.json"))]
