"""Repairs the branches in data/ensdf/chains.csv, which tools/ensdf.py writes, and notes in nuclides.csv what stays missing.

Usage, from the repository root after tools/ensdf.py: python tools/ensdf_chains.py ../shared/reference/ensdf
Running it twice changes nothing more.

- A branch of a nuclide to itself is dropped.
- Data sets of one decay give `beta+ & EC` and its parts `beta+` and `EC` beside it: where the sum exceeds 1 the parts are dropped.
- What still sums to more than 1 is scaled to 1; beyond 1 % that is noted.
- An isomer whose isomeric transition stands in ENSDF's decay modes (decay.csv) and in no decay data set gets the branch; that its radiation is missing is noted.
- Isomers of one nuclide with one half-life and levels within 50 keV are one isomer whose data sets disagree on its level: each has a part of its radiation,
  which is noted.
"""

import collections
import csv
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "data" / "ensdf"
GENERATOR = "# generator: tools/ensdf.py, then tools/ensdf_chains.py"


def read(name):
    lines = (ROOT / name).read_text().splitlines()
    head = [line for line in lines if line.startswith("#")]
    return head, list(csv.reader(line for line in lines if not line.startswith("#")))


def write(name, head, rows):
    head = [GENERATOR if line.startswith("# generator:") else line for line in head]
    with open(ROOT / name, "w", newline="\n") as out:
        out.write("\n".join(head) + "\n")
        csv.writer(out, lineterminator="\n").writerows(rows)


def note(row, text):
    noted = [t for t in row[9].split(" & ") if t]
    if not any(t.split(":")[0] == text.split(":")[0] for t in noted):
        noted.append(text)
    row[9] = " & ".join(noted)


def level(row):
    return float(row[3].rstrip("+X") or 0)


def main():
    chain_head, chain_rows = read("chains.csv")
    nuclide_head, nuclide_rows = read("nuclides.csv")
    nuclides = {row[0]: row for row in nuclide_rows[1:]}
    symbol = {int(row[1]): row[0].split("-")[0] for row in nuclide_rows[1:]}
    branches = collections.OrderedDict()
    for row in chain_rows[1:]:
        branches.setdefault(row[0], []).append(row[1:])

    # Isomeric transitions of ENSDF's decay modes, by nuclide and half-life.
    transitions = collections.defaultdict(list)
    with open(pathlib.Path(sys.argv[1]) / "decay.csv") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if row["decay_mode"] == "IT" and row["state"] and row["branching"] and row["half_life_s"]:
                transitions[(int(row["Z"]), int(row["A"]))].append((float(row["half_life_s"]), row["daughter_state"], float(row["branching"])))

    told = collections.Counter()
    for name, row in nuclides.items():
        own = branches.get(name, [])
        kept = [b for b in own if b[0] != name]
        told["to itself"] += len(own) - len(kept)
        total = sum(float(b[1]) for b in kept)
        if total > 1.0005 and any(b[2] == "beta+ & EC" for b in kept):
            without = [b for b in kept if b[2] not in ("beta+", "EC")]
            told["parts of beta+ & EC"] += len(kept) - len(without)
            kept = without
        if level(row) > 0 and not any(b[2] == "IT" for b in kept):
            half_life = float(row[4])
            for seconds, state, part in transitions[(int(row[1]), int(row[2]))]:
                target = f"{symbol[int(row[1])]}-{row[2]}{state}"
                if abs(seconds / half_life - 1) < 0.05 and part > 1e-3 and (target in nuclides or not state) and target != name:
                    rest = sum(float(b[1]) for b in kept)
                    if rest > 1.0005 - part and rest > 0:
                        kept = [[b[0], f"{float(b[1]) * (1 - part) / rest:.7g}", b[2]] for b in kept if part < 0.9999]
                    kept.append([target, f"{part:.7g}", "IT"])
                    note(row, "radiation of IT")
                    row[7] = row[8] = ""
                    told["isomeric transitions"] += 1
                    break
        total = sum(float(b[1]) for b in kept)
        if total > 1.00001:
            kept = [[b[0], f"{float(b[1]) / total:.7g}", b[2]] for b in kept]
            told["scaled"] += 1
            if total > 1.01:
                note(row, f"a sum of branches of 1: it was {total:.3g}")
        if kept:
            branches[name] = kept
        else:
            branches.pop(name, None)

    by_nucleus = collections.defaultdict(list)
    for name, row in nuclides.items():
        if level(row) > 0:
            by_nucleus[(row[1], row[2])].append(row)
    for rows in by_nucleus.values():
        for a in rows:
            for b in rows:
                if a is not b and abs(float(a[4]) / float(b[4]) - 1) < 5e-3 and abs(level(a) - level(b)) < 50:
                    note(a, f"a part of its decays: data sets put its level elsewhere and they stand under {b[0]}")
                    told["isomers in two parts"] += 1

    write("chains.csv", chain_head, [chain_rows[0]] + [[name, *b] for name, own in branches.items() for b in own])
    write("nuclides.csv", nuclide_head, nuclide_rows)
    print(dict(told))


main()
