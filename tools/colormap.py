#!/usr/bin/env python3
"""Writes data/colormap/<name>.csv: 33 equidistant samples of matplotlib's perceptually uniform colour maps."""

import pathlib

import matplotlib

OUT = pathlib.Path("data/colormap")
SAMPLES = 33

for name in ("viridis", "inferno"):
    colours = matplotlib.colormaps[name]
    lines = [
        f"# quantity: colour map {name}, {SAMPLES} equidistant samples",
        "# units: sRGB, 0 to 255",
        "# source: N. Smith and S. van der Walt, matplotlib colour maps (BIDS colormap), PyPI matplotlib 3.11.2",
        "# licence: CC0 1.0",
        "# generator: tools/colormap.py",
        "r,g,b",
    ]
    for i in range(SAMPLES):
        rgb = colours(i / (SAMPLES - 1))[:3]
        lines.append(",".join(str(round(255 * c)) for c in rgb))
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.csv").write_text("\n".join(lines) + "\n")
