"""The library that tools/ensdf.py writes: states, their data sets, what they feed, and what is completed."""

import collections

import ensdf_atoms as atoms

#: Shorter-lived nuclides and isomers are left out unless a chain leads through them (s).
SHORTEST_S = 1e-3
#: An isomer that lives at least so long (s) is a member of the chain of its own; a shorter one radiates with its parent.
ISOMER_S = 30.0
#: What fewer decays do is not said to be missing.
RAREST = 1e-6
MODES = {"B-": "B-", "B+": "EC", "&epsilon;": "EC", "A": "A", "a": "A", "IT": "IT"}
#: Change of (Z, A) by the modes of ENSDF, and the words of the chain table.
STEPS = {"B-": (1, 0, "beta-"), "EC": (-1, 0, "EC"), "B+": (-1, 0, "beta+"), "EC+B+": (-1, 0, "beta+ & EC"), "A": (-2, -4, "alpha"),
         "B-N": (1, -1, "beta- n"), "B-2N": (1, -2, "beta- 2n"), "ECP": (-2, -1, "EC p"), "B+P": (-2, -1, "beta+ p"), "P": (-1, -1, "p"),
         "N": (0, -1, "n"), "ECA": (-3, -4, "EC alpha"), "B+A": (-3, -4, "beta+ alpha"), "B-A": (-1, -4, "beta- alpha"),
         "2B-": (2, 0, "2 beta-"), "2EC": (-2, 0, "2 EC"), "2B+": (-2, 0, "2 beta+"), "IT": (0, 0, "IT"), "2P": (-2, -2, "2p")}
ELEMENTS = ("n H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd "
            "Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th "
            "Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og").split()
UNITS = [("y", 31556926.0), ("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)]


def near(a, b, absolute=1.0, relative=0.002):
    return abs(a - b) <= max(absolute, relative * abs(b))


def conversion(z, gamma):
    """Conversion coefficients by shell. Where only the total is given, K has 81 %, L 15 % and M 4 % of it (below the K edge L 75 %, M 25 %),
    which is what magnetic dipoles of heavy nuclei have; their sum is the total."""
    shells = dict(gamma["shells"])
    unknown = shells.pop(None, 0.0)
    if unknown > 0.0:
        parts = {"K": 0.81, "L": 0.15, "M": 0.04} if gamma["energy"] > atoms.binding(z, "K") else {"L": 0.75, "M": 0.25}
        for shell, part in parts.items():
            if gamma["energy"] > atoms.binding(z, shell):
                shells[shell] = shells.get(shell, 0.0) + unknown * part
    return shells


def printed_half_life(seconds):
    """The half-life in the largest unit in which it is at least 1, as `6.6443 d`."""
    name, size = next(((n, s) for n, s in UNITS if seconds >= s), UNITS[-1])
    return f"{seconds / size:.6g} {name}"


class State:
    """A ground state or an isomer."""

    def __init__(self, za, level, offset, half_life):
        self.za, self.level, self.offset, self.half_life = za, level, offset, half_life
        self.name = self.spin = ""
        self.sets = {}
        self.chain = []
        self.missing = set()


class DataSet:
    """The radiation of one mode of a state, per 100 decays of the state."""

    def __init__(self, mode, origin):
        self.mode, self.origin = mode, origin
        self.minus, self.plus, self.captures, self.alphas = [], [], [], []
        #: (code, keV, number, shell) with code G, IE, AE, X; completed ones end in c.
        self.lines = []
        self.scheme = None

    def particles(self):
        return {"B-": self.minus, "EC": self.plus, "A": self.alphas}.get(self.mode, [])

    def add(self, code, energy, number, shell=""):
        if number > 0.0 and energy > 0.0:
            self.lines.append((code, energy, number, shell))


class Library:
    def __init__(self, ground, decay, radiation, schemes):
        self.ground = {(int(g["Z"]), int(g["A"])): g for g in ground}
        self.decay = collections.defaultdict(list)
        for d in decay:
            self.decay[int(d["Z"]), int(d["A"])].append(d)
        self.z_of = {symbol: z for z, symbol in enumerate(ELEMENTS)}
        self.schemes = collections.defaultdict(list)
        self.by_daughter = collections.defaultdict(list)
        for s in schemes:
            self.schemes[s["parent"]].append(s)
            self.by_daughter[s["daughter"]].append(s)
        self.radiation = collections.defaultdict(lambda: collections.defaultdict(list))
        for r in radiation:
            symbol, a = r["nuclide"].split("-")
            self.radiation[self.z_of[symbol], int(a)][r["dataset"]].append(r)
        self.states = {}
        self.notes = collections.Counter()

    # ---- states -------------------------------------------------------------------------------------------------------------------

    def find_states(self):
        for za in sorted(set(self.ground) | set(self.schemes) | set(self.by_daughter) | set(self.radiation)):
            found = []
            g = self.ground.get(za)
            if g and g["half_life_s"]:
                found.append(State(za, 0.0, False, float(g["half_life_s"])))
                found[0].spin = g["jp"]
            if not found:
                ground = [s["half_life"] for s in self.schemes[za] if s["level"] == 0.0 and not s["offset"] and s["half_life"]]
                found = [State(za, 0.0, False, t) for t in ground[:1]]
            isomers = [(s["level"], s["offset"], s["half_life"]) for s in self.schemes[za]]
            for s in self.by_daughter[za]:
                isomers += [(l["energy"], False, l["half_life"]) for l in s["levels"] if l["half_life"]]
            for rows in self.radiation[za].values():
                level = float(rows[0]["parent_level_keV"])
                if rows[0]["decay_mode"] == "IT" and 0.0 < level < 6000.0:
                    isomers.append((level, False, self.half_life_of_isomer(za, level, len(found))))
            for level, offset, half_life in sorted(isomers, key=lambda i: (i[0], i[1], i[2] is None)):
                if half_life is None or half_life < SHORTEST_S:
                    continue
                if level == 0.0 and found and (not offset or abs(half_life / found[0].half_life - 1) < 0.05):
                    continue
                same = lambda s: near(level, s.level) if not (offset or s.offset) else near(level, s.level, 30.0) and near(half_life, s.half_life, 0, 0.05)
                if level == 0.0 and not offset:
                    continue
                if not any(same(s) for s in found if s.level > 0 or s.offset):
                    found.append(State(za, level, offset, half_life))
            isomeric = sorted([s for s in found if s.level > 0 or s.offset], key=lambda s: s.level)
            symbol = ELEMENTS[za[0]]
            for s in found:
                if s in isomeric:
                    index = isomeric.index(s)
                    s.name = f"{symbol}-{za[1]}" + "mnpqrstuvw"[min(index, 9)]
                else:
                    s.name = f"{symbol}-{za[1]}"
            if found:
                self.states[za] = found

    def half_life_of_isomer(self, za, level, before):
        """Of an isomer that only the radiation tables know: decay.csv's for state m."""
        of_m = [float(d["half_life_s"]) for d in self.decay[za] if d["state"] == "m"]
        return of_m[0] if of_m and before <= 1 else None

    def state_at(self, za, level, offset=False, half_life=None):
        for s in self.states.get(za, []):
            if (level == 0.0 and not offset) == (s.level == 0.0 and not s.offset):
                if near(level, s.level) and (not offset or half_life is None or near(half_life, s.half_life, 0, 0.05)):
                    return s
        return None

    # ---- data sets ----------------------------------------------------------------------------------------------------------------

    def from_tables(self, rows):
        out = DataSet(MODES.get(rows[0]["decay_mode"]), "tables")
        for r in rows:
            energy, number = float(r["energy_keV"] or 0), float(r["intensity_pct"] or 0)
            kind, sub = r["type"], r["subtype"]
            if number <= 0.0:
                continue
            if kind == "beta-":
                out.minus.append((float(r["end_point_keV"] or 0), energy, number, "?"))
            elif kind == "beta+/EC":
                out.plus.append((float(r["end_point_keV"] or 0), energy, number, "?"))
            elif kind == "alpha":
                out.alphas.append((energy, number))
            elif kind == "gamma" and sub != "Annihil.":
                out.add("G", energy, number)
            elif kind == "xray":
                out.add("X", energy, number)
            elif kind == "auger":
                out.add("AE", energy, number, sub[-1])
            elif kind == "ce":
                out.add("IE", energy, number, sub[-1])
        return out

    def from_scheme(self, scheme):
        out = DataSet(scheme["mode"], "schemes")
        out.scheme = scheme
        z = scheme["daughter"][0]
        for level in scheme["levels"]:
            out.minus += level["minus"]
            out.plus += level["plus"]
            out.alphas += level["alphas"]
            for g in level["gammas"]:
                out.add("G", g["energy"], g["intensity"])
                for shell, alpha in conversion(z, g).items():
                    out.add("IE", g["energy"] - atoms.binding(z, shell), g["intensity"] * alpha, shell)
        return out

    def fits(self, table, scheme):
        """Whether a set of the radiation tables is the decay of this scheme: number of particles and the energy of the strongest."""
        particles = table.particles()
        if table.mode == "EC" and not particles:
            return True
        if not particles:
            return False
        strongest = lambda entries: max(entries, key=lambda e: e[1] if table.mode == "A" else e[2])[0]
        number = sum(p[1] if table.mode == "A" else p[2] for p in particles)
        own = DataSet(table.mode, "")
        for level in scheme["levels"]:
            own.minus += level["minus"]
            own.plus += level["plus"]
            own.alphas += level["alphas"]
        if number > 107.0 or not own.particles():
            return False
        return near(strongest(particles), strongest(own.particles()), 8.0, 0.01)

    def assign(self):
        for za, states in self.states.items():
            for scheme in self.schemes[za]:
                state = self.state_at(za, scheme["level"], scheme["offset"], scheme["half_life"])
                if state and scheme["branching"] > 0.0 and scheme["mode"] not in state.sets:
                    state.sets[scheme["mode"]] = self.from_scheme(scheme)
            for rows in self.radiation[za].values():
                table = self.from_tables(rows)
                if table.mode is None:
                    continue
                level = float(rows[0]["parent_level_keV"])
                state = self.state_at(za, level)
                if table.mode == "IT":
                    if state and level > 0.0:
                        state.sets.setdefault("IT", table)
                    continue
                candidates = [s for s in [state] + states if s and table.mode in s.sets and s.sets[table.mode].scheme]
                fitting = [s for s in candidates if self.fits(table, s.sets[table.mode].scheme)]
                if fitting and (fitting[0] is state or (state is None or table.mode in state.sets)):
                    target = fitting[0]
                    if target is not state:
                        self.notes["data sets moved to the state that they fit"] += 1
                    if target.sets[table.mode].origin == "schemes":
                        table.scheme = target.sets[table.mode].scheme
                        target.sets[table.mode] = table
                elif state and table.mode not in state.sets and sum(p[1] if table.mode == "A" else p[2] for p in table.particles()) < 107.0:
                    state.sets[table.mode] = table
                else:
                    self.notes["data sets of the tables that fit no state"] += 1

    # ---- what the schemes complete ------------------------------------------------------------------------------------------------

    def complete(self, state, data):
        """Classes of betas, captures, conversion electrons and atomic radiation."""
        z = state.za[0] + STEPS[data.mode][0]
        vacancies = collections.Counter()
        fresh = data.origin == "schemes"
        if data.scheme:
            known = DataSet(data.mode, "")
            for level in data.scheme["levels"]:
                known.minus += level["minus"]
                known.plus += level["plus"]
                q = self.capture_q(state)
                data.captures += [(e if q is None else q - level["energy"], n, shells) for e, n, shells in level["captures"]]
            for name in ("minus", "plus"):
                data_branches, branches = getattr(data, name), getattr(known, name)
                for i, (end, mean, number, _) in enumerate(data_branches):
                    match = min(branches, key=lambda b: abs(b[0] - end), default=None)
                    if match and near(end, match[0], 3.0, 0.004):
                        data_branches[i] = (end, mean, number, match[3])
            if not fresh:
                self.add_conversion(z, data)
        listed_atomic = [l for l in data.lines if l[0] in ("X", "AE")]
        listed = collections.Counter()
        for code, _, number, shell in data.lines:
            if code == "IE":
                listed[shell] += number
            elif code == "IEc":
                vacancies[shell] += number
        for _, number, shells in data.captures:
            for shell, share in (shells or {"K": 1.0}).items():
                listed[shell] += number * share
        if listed_atomic:
            energy = sum(number * atoms.binding(z, shell) for shell, number in listed.items())
            carried = sum(e * n for _, e, n, _ in listed_atomic)
            rest = energy - carried
            soft = atoms.binding(z, "M5") if z >= 30 else 0.5 * atoms.binding(z, "L1")
            captures_known = data.mode != "EC" or data.captures
            if captures_known and soft > 0.0 and rest > 0.0 and rest < 0.6 * energy:
                data.add("AEc", soft, rest / soft)
        else:
            vacancies += listed
        for kind, energy, number in atoms.cascade(z, vacancies):
            data.add("Xc" if kind == "X" else "AEc", energy, number, kind)

    def capture_q(self, state):
        """Energy of a capture to the ground state, keV, by the newer mass evaluation of the tables."""
        g = self.ground.get(state.za)
        return float(g["qec_keV"]) + state.level if g and g["qec_keV"] and not state.offset else None

    def add_conversion(self, z, data):
        """Electrons of transitions whose coefficients the scheme has and for which the tables list none in that shell."""
        by_shell = collections.defaultdict(list)
        for code, energy, _, shell in data.lines:
            if code == "IE":
                by_shell[shell].append(energy)
        gammas = [(e, n) for code, e, n, _ in data.lines if code == "G"]
        for level in data.scheme["levels"]:
            for g in level["gammas"]:
                match = min(gammas, key=lambda m: abs(m[0] - g["energy"]), default=None)
                if not match or not near(match[0], g["energy"], 0.3, 0.0005):
                    continue
                for shell, alpha in conversion(z, g).items():
                    energy = match[0] - atoms.binding(z, shell)
                    if energy > 0.0 and not any(near(e, energy, 0.6, 0.005) for e in by_shell[shell]):
                        data.add("IEc", energy, match[1] * alpha, shell)

    # ---- isomers ------------------------------------------------------------------------------------------------------------------

    def build_transitions(self):
        """The isomeric transitions that no table has, from a scheme that knows the level."""
        for za, states in self.states.items():
            for state in states:
                if state.level <= 0.0 or state.offset or "IT" in state.sets:
                    continue
                others = sum(s.scheme["branching"] for s in state.sets.values() if s.scheme)
                fraction = max(0.0, 1.0 - others)
                if fraction < 1e-4:
                    continue
                data = self.transition(za, state, fraction)
                if data:
                    state.sets["IT"] = data
                    self.notes["isomeric transitions built from level schemes"] += 1

    def transition(self, za, state, fraction):
        best = None
        for scheme in self.by_daughter[za]:
            at = [i for i, l in enumerate(scheme["levels"]) if near(l["energy"], state.level, 0.5, 0.0005)]
            if at and scheme["levels"][at[0]]["gammas"]:
                flow = self.flow(scheme["levels"], at[0])
                if flow and (best is None or flow[0] > best[0]):
                    best = flow
        if best is None:
            return None
        data = DataSet("IT", "schemes")
        for g, number in best[1]:
            data.add("G", g["energy"], 100.0 * fraction * number)
            for shell, alpha in conversion(za[0], g).items():
                data.add("IE", g["energy"] - atoms.binding(za[0], shell), 100.0 * fraction * number * alpha, shell)
        return data

    def flow(self, levels, start):
        """(part of the energy that leaves, [(gamma ray, number per decay)]) of the cascade from a level; None where it gets stuck."""
        population = {start: 1.0}
        out, energy = [], 0.0
        for i in sorted(range(start + 1), reverse=True):
            amount = population.pop(i, 0.0)
            level = levels[i]
            if amount <= 0.0 or level["energy"] <= 0.0:
                continue
            if i != start and level["half_life"] and level["half_life"] >= ISOMER_S:
                continue
            weights = [g["relative"] * (1.0 + g["total"]) for g in level["gammas"]]
            if sum(weights) <= 0.0:
                if len(level["gammas"]) != 1:
                    return None
                weights = [1.0]
            for g, w in zip(level["gammas"], weights):
                if w <= 0.0 or g["final"] is None or g["final"] >= i:
                    continue
                part = amount * w / sum(weights)
                population[g["final"]] = population.get(g["final"], 0.0) + part
                out.append((g, part / (1.0 + g["total"])))
                energy += part * g["energy"]
        return energy, out

    def feeding(self, data, daughter):
        """Decays per decay of the parent that pass an isomer of the daughter, and whether the data set holds the isomer's own radiation."""
        if data.scheme is None:
            return None
        levels = data.scheme["levels"]
        at = [i for i, l in enumerate(levels) if near(l["energy"], daughter.level, 0.5, 0.0005)
              and l["half_life"] and near(l["half_life"], daughter.half_life, 0, 0.2)]
        if not at:
            return 0.0, False
        level = levels[at[0]]
        direct = sum(b[2] for b in level["minus"] + level["plus"]) + sum(c[1] for c in level["captures"]) + sum(a[1] for a in level["alphas"])
        above = sum(g["intensity"] * (1.0 + g["total"]) for l in levels for g in l["gammas"] if g["final"] == at[0])
        own = sum(g["intensity"] * (1 + g["total"]) for g in level["gammas"])
        return max((direct + above), own if own > 0 and direct + above == 0 else 0.0) / 100.0, own > 0.0

    def subtract(self, data, isomer, decays):
        """Takes the radiation of an isomer's transition out of the data set of its parent."""
        transition = isomer.sets.get("IT")
        if transition is None:
            return
        atomic = lambda d: sum(e * n for c, e, n, _ in d.lines if c[0] == "X" or c[:2] == "AE")
        total = atomic(data)
        keep = max(0.0, 1.0 - decays * atomic(transition) / total) if total > 0.0 else 0.0
        # Below the differences between the two sources of atomic data nothing is left.
        keep = keep if keep > 0.1 else 0.0
        data.lines = [(c, e, n * keep, s) if c[0] == "X" or c[:2] == "AE" else (c, e, n, s) for c, e, n, s in data.lines]
        for code, energy, number, shell in transition.lines:
            if code[0] == "X" or code[:2] == "AE":
                continue
            amount = decays * number
            for i, (c, e, n, s) in enumerate(data.lines):
                if c.rstrip("c") == code.rstrip("c") and amount > 0.0 and near(e, energy, 0.35, 0.001) and (code[0] != "I" or s == shell):
                    taken = min(n, amount)
                    data.lines[i] = (c, e, n - taken if n - taken > 0.03 * n else 0.0, s)
                    amount -= taken
        data.lines = [l for l in data.lines if l[2] > 0.0]

    # ---- chains -------------------------------------------------------------------------------------------------------------------

    def modes_of(self, state):
        """{mode of ENSDF: fraction}."""
        g = self.ground.get(state.za)
        modes = {}
        if state.level == 0.0 and not state.offset and g:
            for i in "123":
                if g[f"decay_{i}"]:
                    percent = g[f"decay_{i}_pct"]
                    modes[g[f"decay_{i}"]] = float(percent) / 100.0 if percent else (1.0 if i == "1" and not g["decay_2"] else 0.0)
            for main, delayed in (("B-", ("B-N", "B-2N", "B-A")), ("EC+B+", ("ECP", "B+P", "ECA", "B+A")), ("EC", ("ECP", "ECA")), ("B+", ("B+P", "B+A"))):
                inside = sum(modes.get(d, 0.0) for d in delayed)
                if modes.get(main, 0.0) + inside > 1.0 + 1e-6:
                    modes[main] = max(0.0, modes[main] - inside)
        else:
            for mode, data in state.sets.items():
                if data.scheme:
                    modes[{"EC": "EC+B+"}.get(mode, mode)] = data.scheme["branching"]
            rest = 1.0 - sum(modes.values())
            if "IT" in state.sets and rest > 1e-6:
                modes["IT"] = rest
            elif not modes:
                rows = [d for d in self.decay[state.za] if near(float(d["half_life_s"]), state.half_life, 0, 0.2)]
                words = {"beta-": "B-", "beta+": "EC+B+", "alpha": "A", "IT": "IT", "SF": "SF"}
                for d in rows:
                    if d["decay_mode"] in words:
                        modes[words[d["decay_mode"]]] = modes.get(words[d["decay_mode"]], 0.0) + float(d["branching"])
        return {m: f for m, f in modes.items() if f > 0.0}

    def split(self, state, mode, za, fraction):
        """[(daughter state or None, fraction)]."""
        states = self.states.get(za, [])
        ground = next((s for s in states if s.level == 0.0 and not s.offset), None)
        key = {"EC+B+": "EC", "B+": "EC"}.get(mode, mode)
        data = state.sets.get(key)
        parts = []
        for isomer in states:
            if isomer is ground or isomer is state or isomer.half_life < ISOMER_S or (mode == "IT" and isomer.level >= state.level):
                continue
            fed = self.feeding(data, isomer) if data and not isomer.offset else None
            if fed is None or (fed[0] == 0.0 and data.scheme and not data.scheme["levels"]):
                fed = (self.fed_by_decay_table(state, za, isomer) * fraction, False) if mode != "A" else (0.0, False)
            decays, own = fed
            decays = min(decays, fraction)
            if decays > 1e-9 * fraction:
                if own:
                    self.subtract(data, isomer, decays)
                parts.append((isomer, decays))
        total = sum(p[1] for p in parts)
        if total > fraction:
            parts = [(s, p * fraction / total) for s, p in parts]
            total = fraction
        # A level that is fed in full but for rounding is the only daughter.
        if fraction - total > 2e-3 * fraction or not parts:
            parts.append((ground, fraction - total))
        return parts

    def fed_by_decay_table(self, state, za, isomer):
        """Part of the decays to `za` that decay.csv lets pass its state m, if that is this isomer."""
        rows = [d for d in self.decay[state.za] if near(float(d["half_life_s"]), state.half_life, 0, 0.2)
                and (d["daughter_Z"], d["daughter_A"]) == (str(za[0]), str(za[1]))]
        total = sum(float(d["branching"]) for d in rows)
        of_m = [d for d in self.decay[za] if d["state"] == "m"]
        if not rows or total <= 0 or not of_m or not near(float(of_m[0]["half_life_s"]), isomer.half_life, 0, 0.2):
            return 0.0
        return sum(float(d["branching"]) for d in rows if d["daughter_state"] == "m") / total

    def link(self, state):
        q, known = 0.0, True
        g = self.ground.get(state.za)
        keys = {"B-": "qbm_keV", "EC": "qec_keV", "B+": "qec_keV", "EC+B+": "qec_keV", "A": "qa_keV"}
        for mode, fraction in self.modes_of(state).items():
            if mode not in STEPS:
                if fraction > RAREST:
                    state.missing.add("fission" if "SF" in mode else "clusters")
                state.chain.append(("SF" if "SF" in mode else mode, fraction, mode))
                known = known and fraction < 1e-3
                continue
            dz, da, words = STEPS[mode]
            za = (state.za[0] + dz, state.za[1] + da)
            if any(particle in words for particle in (" n", " 2n", " p", " alpha")) or words in ("p", "n", "2p") or words.startswith("2 "):
                if fraction > RAREST:
                    state.missing.add("delayed particles" if " " in words and not words.startswith("2") else words)
                known = known and fraction < 1e-3
                state.chain.append((self.name_of(za, None), fraction, words))
                continue
            key = {"EC+B+": "EC", "B+": "EC"}.get(mode, mode)
            if key not in state.sets and fraction > 1e-3:
                state.missing.add(f"radiation of {words}")
            value = 0.0 if mode == "IT" else float(g[keys[mode]]) if g and g[keys[mode]] else None
            if value is None:
                known = False
                value = 0.0
            if mode in ("EC+B+", "EC") and not state.sets.get("EC", DataSet("EC", "")).captures:
                known = False
            for daughter, part in self.split(state, mode, za, fraction):
                state.chain.append((self.name_of(za, daughter), part, words))
                q += part * (value + state.level - (daughter.level if daughter else 0.0))
        if state.offset:
            known = False
        return q if known else None

    def name_of(self, za, daughter):
        return daughter.name if daughter else f"{ELEMENTS[za[0]]}-{za[1]}" if 0 <= za[0] < len(ELEMENTS) else "?"

    # ---- all ----------------------------------------------------------------------------------------------------------------------

    def build(self):
        self.find_states()
        self.assign()
        self.build_transitions()
        every = [s for states in self.states.values() for s in states]
        for state in every:
            for data in state.sets.values():
                self.complete(state, data)
        # Isomers before what feeds them: a subtraction needs the isomer's own lines only, which nothing changes but its own lower isomers.
        for state in sorted(every, key=lambda s: -(s.level > 0)):
            state.q = self.link(state)
        self.kept = self.keep(every)

    def keep(self, every):
        """Half-life of 1 ms or more, and every radioactive nuclide that a kept one leads to."""
        by_name = {s.name: s for s in every}
        kept = {}

        def visit(state):
            if state.name in kept:
                return
            kept[state.name] = state
            for progeny, _, _ in state.chain:
                if progeny in by_name:
                    visit(by_name[progeny])

        for state in every:
            if state.half_life >= SHORTEST_S and (state.chain or state.sets):
                visit(state)
        return [s for s in every if s.name in kept]

    def tables(self):
        out = collections.defaultdict(list)
        number = lambda x: f"{x:.6g}"
        for s in self.kept:
            z, a = s.za
            neutrino = 0.0
            for data in s.sets.values():
                for energy, count, shells in data.captures:
                    bound = sum(share * atoms.binding(z - 1, shell) for shell, share in (shells or {"K": 1.0}).items())
                    neutrino += count / 100.0 * max(0.0, energy - bound)
            missing = " & ".join(sorted(s.missing)) or ("" if s.sets else "radiation")
            level = f"{s.level:.6g}" + ("+X" if s.offset else "")
            out["nuclides"].append((s.name, z, a, level, number(s.half_life) if s.half_life < 1e4 else f"{s.half_life:.9g}",
                                    printed_half_life(s.half_life), s.spin.replace(",", ";"),
                                    "" if s.q is None else f"{s.q:.7g}", "" if s.q is None else number(neutrino), missing))
            out["chains"] += [(s.name, progeny, f"{f:.7g}", mode) for progeny, f, mode in s.chain if f > 0.0]
            lines = collections.defaultdict(list)
            for data in s.sets.values():
                for code, energy, count in self.merged(data.lines):
                    lines[code].append(f"{energy:.5g} {count:.3g}" if code[0] == "I" and count < 1.0 else f"{number(energy)} {count:.4g}")
                for energy, count in data.alphas:
                    lines["A"].append(f"{number(energy)} {count:.5g}")
                for name, code in (("minus", "B-"), ("plus", "B+")):
                    for end, mean, count, kind in getattr(data, name):
                        if end > 0.0:
                            lines[code].append(f"{number(end)} {number(mean)} {count:.5g} {kind}")
            for code, entries in lines.items():
                file = "photons" if code[0] in "GX" else "conversion_electrons" if code[:2] == "IE" else "auger_electrons" if code[:2] == "AE" else "particles"
                out[file].append((s.name, code, " ".join(entries)))
        return out

    def merged(self, lines):
        """The lines; conversion electrons of N and outer shells of one transition (they follow each other) are one line at their mean energy."""
        group = None
        for code, energy, count, shell in lines:
            outer = code[:2] == "IE" and shell in "NOPQ" and shell
            if group and not (outer and group[0] == code and 0.0 <= energy - group[1] / group[2] < 2.5 and shell > group[3]):
                yield group[0], group[1] / group[2], group[2]
                group = None
            if not outer:
                yield code, energy, count
            else:
                group = (code, energy * count, count, shell) if group is None else (code, group[1] + energy * count, group[2] + count, shell)
        if group:
            yield group[0], group[1] / group[2], group[2]

    def report(self):
        yield f"{len(self.kept)} nuclides, {sum(1 for s in self.kept if s.sets)} with radiation, {sum(1 for s in self.kept if s.level > 0 or s.offset)} isomers"
        yield f"{sum(1 for s in self.kept if s.q is not None)} with a known energy per decay"
        origins = collections.Counter(d.origin for s in self.kept for d in s.sets.values())
        yield f"data sets: {dict(origins)}"
        yield from (f"{count} {what}" for what, count in self.notes.items())
