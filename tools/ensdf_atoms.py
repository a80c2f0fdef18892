"""Atoms for tools/ensdf.py: what the vacancies of a decay emit, by expected values. PyPI xraylib 4.3.0 (BSD-3-Clause, doi:10.1016/j.sab.2011.09.011).

Neglected: the rise of binding energies in atoms with several vacancies, the radiation of M and outer vacancies (each gives one electron of
its binding energy), the split of a vacancy in the L or M shell over its subshells (it is taken in the first). Energy is conserved exactly: what
leaves is the sum of the binding energies of the vacancies.
"""

import functools

import xraylib as xrl

SHELLS = ["K", "L1", "L2", "L3", "M1", "M2", "M3", "M4", "M5", "N"]
INDEX = dict(K=xrl.K_SHELL, L1=xrl.L1_SHELL, L2=xrl.L2_SHELL, L3=xrl.L3_SHELL, M1=xrl.M1_SHELL, M2=xrl.M2_SHELL,
             M3=xrl.M3_SHELL, M4=xrl.M4_SHELL, M5=xrl.M5_SHELL, N=xrl.N1_SHELL)
COSTER_KRONIG = {"L1": [("L2", "FL12_TRANS"), ("L3", "FLP13_TRANS")], "L2": [("L3", "FL23_TRANS")]}


def known(function, *arguments):
    """xraylib's value; 0 where it has none."""
    try:
        return function(*arguments)
    except ValueError:
        return 0.0


@functools.cache
def binding(z, shell):
    """Binding energy, keV; of L and M that of the first subshell; N and outer shells are taken as N1 or less."""
    shell = {"L": "L1", "M": "M1"}.get(shell, shell if shell in INDEX else "N")
    return known(xrl.EdgeEnergy, z, INDEX[shell])


@functools.cache
def transitions(z, shell):
    """What one vacancy of a shell does: [(probability, kind, energy in keV, new vacancies)]. `kind` is `X`, or the name of the electrons."""
    b = binding(z, shell)
    if b <= 0.0:
        return ()
    if shell[0] in "MN":
        return ((1.0, "Auger M", b, ()),)
    found = []
    omega = known(xrl.FluorYield, z, INDEX[shell])
    lines = []
    for to in SHELLS[1:9]:
        if to[0] == shell[0] or not hasattr(xrl, f"{shell}{to}_LINE"):
            continue
        line = getattr(xrl, f"{shell}{to}_LINE")
        rate, energy = known(xrl.RadRate, z, line), known(xrl.LineEnergy, z, line)
        if rate > 0.0 and 0.0 < energy < b and binding(z, to) > 0.0:
            lines.append((rate, b - binding(z, to), (to,)))
    total = sum(rate for rate, *_ in lines)
    if total > 0.0:
        found += [(omega * rate / total, "X", energy, new) for rate, energy, new in lines]
    elif shell == "K":
        omega = 0.0
    kronig = 0.0
    for to, name in COSTER_KRONIG.get(shell, []):
        share = known(xrl.CosKronTransProb, z, getattr(xrl, name))
        if share > 0.0 and binding(z, to) > 0.0:
            found.append((share, "Coster-Kronig", b - binding(z, to), (to,)))
            kronig += share
    rest = max(0.0, 1.0 - sum(p for p, *_ in found))
    auger = []
    for i, one in enumerate(SHELLS[1:9]):
        for two in SHELLS[1 + i : 9]:
            if shell[0] == "L" and (one[0] == "L" or two[0] == "L"):
                continue
            for name in (f"{shell}_{one}{two}_AUGER", f"{shell}_{two}{one}_AUGER"):
                rate = known(xrl.AugerRate, z, getattr(xrl, name)) if hasattr(xrl, name) else 0.0
                energy = b - binding(z, one) - binding(z, two)
                if rate > 0.0 and energy > 0.0 and binding(z, one) > 0.0 and binding(z, two) > 0.0:
                    auger.append((rate, energy, (one, two)))
                    break
    total = sum(rate for rate, *_ in auger)
    if total > 0.0:
        found += [(rest * rate / total, f"Auger {shell[0]}", energy, new) for rate, energy, new in auger]
    else:
        found.append((rest, f"Auger {shell[0]}", b, ()))
    return tuple(found)


def spread(vacancies):
    """Vacancies by shell letters (K, L, M, N...) to those by subshell."""
    out = {}
    for shell, count in vacancies.items():
        part = {"K": "K", "L": "L1", "M": "M1"}.get(shell, "N")
        out[part] = out.get(part, 0.0) + count
    return out


def cascade(z, vacancies):
    """Expected emissions: {(kind, energy in keV): number}. Lines of X rays stand alone, electrons by kind at their mean energy."""
    open_shells = spread(vacancies)
    photons, electrons = {}, {}
    for shell in SHELLS:
        count = open_shells.pop(shell, 0.0)
        if count <= 0.0:
            continue
        for probability, kind, energy, new in transitions(z, shell):
            n = count * probability
            if kind == "X":
                key = round(energy, 3)
                photons[key] = photons.get(key, 0.0) + n
            else:
                number, carried = electrons.get(kind, (0.0, 0.0))
                electrons[kind] = (number + n, carried + n * energy)
            for s in new:
                open_shells[s] = open_shells.get(s, 0.0) + n
    emitted = [("X", energy, n) for energy, n in photons.items()]
    return emitted + [(kind, carried / n, n) for kind, (n, carried) in electrons.items() if n > 0.0]
