#!/usr/bin/env python3
"""Elastic scattering of electrons and positrons by neutral atoms: data/electron/elastic_*.csv.

Neglects: solid-state and molecular effects, polarisation of the atom, inelastic absorption, nuclear size.

Atomic potential: the electron density is a sum of exponentials fitted to the atomic form factors of xraylib, which
are relativistic Hartree-Fock ones. (The three-Yukawa fits of Salvat et al. 1987, doi:10.1103/PhysRevA.36.467, miss
1 - F/Z by up to 5 % for C and O and 11 % for Ca; with them the transport cross section of Ca was 2 to 10 % low.)
Up to JOIN_KEV: Dirac partial waves, for electrons with the exchange potential of Furness and McCarthy 1973
(J. Phys. B 6, 2280, doi:10.1088/0022-3700/6/11/021).
Above: the exact Mott cross section of the bare nucleus (series of Mott in the form of Doggett and Spencer 1956,
Phys. Rev. 103, 1597, doi:10.1103/PhysRev.103.1597) x the Born screening of the same potential x the eikonal
(all orders at small angles, the effect in Moliere's screening angle) over the Born cross section.

Written is the ratio of the cross section to the first Born one of the same potential,
  dsigma_B/dOmega = [2 Z alpha E_tot/(hbar c) (1 - F(q)/Z)/q^2]^2 (1 - beta^2 mu),
  (1 - F(q)/Z)/q^2 = sum_i w_i (q^2 + 2 b_i^2)/(q^2 + b_i^2)^2,
with mu = (1 - cos theta)/2 and q^2 = 4 k^2 mu: the ratio is smooth where the cross section spans decades.

Usage: python tools/elastic_scattering.py ; writes into data/electron.
"""

import argparse
import functools
import math
import pathlib
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numba import njit
import xraylib
from scipy.interpolate import CubicSpline
from scipy.special import j0, k0, k1, loggamma

C = 137.035999084  # speed of light, Hartree atomic units (CODATA 2018)
BOHR_ANGSTROM = 0.529177210903  # CODATA 2018
HARTREE_KEV = 27.211386245988e-3  # CODATA 2018
JOIN_KEV = 150.0
LEPTONS = ((-1, "electron"), (1, "positron"))
ENERGIES_KEV = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12.5, 16, 20, 25, 32, 40, 50, 64, 80, 100, 125, 150,
                200, 250, 320, 400, 500, 640, 800, 1000, 1400, 2000, 2800, 4000]
DEGREES = 3.0  # angular spacing of the nodes at large angles
MU_SMALL = np.geomspace(1e-8, 5e-4, 24)
MU = np.concatenate([[0.0], MU_SMALL, np.sin(np.radians(np.arange(DEGREES, 180.1, DEGREES)) / 2) ** 2])

# Symbols and standard atomic weights (IUPAC 2021, abridged; where there is none, the mass number of the nuclide that lives longest).
WEIGHTS = """
H 1.008 He 4.0026 Li 6.94 Be 9.0122 B 10.81 C 12.011 N 14.007 O 15.999 F 18.998 Ne 20.180 Na 22.990 Mg 24.305 Al 26.982 Si 28.085 P 30.974
S 32.06 Cl 35.45 Ar 39.95 K 39.098 Ca 40.078 Sc 44.956 Ti 47.867 V 50.942 Cr 51.996 Mn 54.938 Fe 55.845 Co 58.933 Ni 58.693 Cu 63.546 Zn 65.38
Ga 69.723 Ge 72.630 As 74.922 Se 78.971 Br 79.904 Kr 83.798 Rb 85.468 Sr 87.62 Y 88.906 Zr 91.224 Nb 92.906 Mo 95.95 Tc 98 Ru 101.07 Rh 102.91
Pd 106.42 Ag 107.87 Cd 112.41 In 114.82 Sn 118.71 Sb 121.76 Te 127.60 I 126.90 Xe 131.29 Cs 132.91 Ba 137.33 La 138.91 Ce 140.12 Pr 140.91
Nd 144.24 Pm 145 Sm 150.36 Eu 151.96 Gd 157.25 Tb 158.93 Dy 162.50 Ho 164.93 Er 167.26 Tm 168.93 Yb 173.05 Lu 174.97 Hf 178.49 Ta 180.95 W 183.84
Re 186.21 Os 190.23 Ir 192.22 Pt 195.08 Au 196.97 Hg 200.59 Tl 204.38 Pb 207.2 Bi 208.98 Po 209 At 210 Rn 222 Fr 223 Ra 226 Ac 227 Th 232.04
Pa 231.04 U 238.03
""".split()
ELEMENTS = {z: (WEIGHTS[2 * z - 2], float(WEIGHTS[2 * z - 1])) for z in range(1, len(WEIGHTS) // 2 + 1)}
HEAVY_FROM = 47  # the first element of the second file of each lepton


@functools.lru_cache(maxsize=None)
def screening(z):
    """Weights w_i (sum 1) and inverse lengths b_i (1/Bohr radius) of the electron density
    Z sum_i w_i b_i^3/(8 pi) exp(-b_i r), fitted to the atomic form factor F(q) = Z sum_i w_i (b_i^2/(q^2 + b_i^2))^2.
    """
    if z == 1:
        return np.array([1.0]), np.array([2.0])  # exact: |1s|^2 = exp(-2 r)/pi
    q = np.geomspace(0.15, 300.0, 150)
    bound = 1 - np.array([xraylib.FF_Rayl(z, v / (4 * math.pi) / BOHR_ANGSTROM) for v in q]) / z
    b = np.geomspace(0.9, 2.5 * z + 2, 10 if z <= 30 else 14)
    weight = 1 / (bound + 0.02)
    rows = (1 - (b**2 / (q[:, None] ** 2 + b**2)) ** 2) * weight[:, None]
    ridge = 3e-3
    a = np.vstack([rows, 1e4 * np.ones(b.size), ridge * np.eye(b.size)])
    y = np.concatenate([bound * weight, [1e4], np.full(b.size, ridge / b.size)])
    w = np.linalg.lstsq(a, y, rcond=None)[0]
    w = np.array([float("%.6g" % v) for v in w])  # as written to the table
    w[-1] += 1 - w.sum()
    return w, np.array([float("%.6g" % v) for v in b])


def kinematics(kev):
    """Kinetic energy (Hartree), wave number (1/Bohr radius), beta, total energy (Hartree)."""
    t = kev / HARTREE_KEV
    k = math.sqrt(t * (t + 2 * C * C)) / C
    return t, k, k * C / (t + C * C), t + C * C


def born(z, kev, mu):
    """First Born cross section, Bohr radius^2 / sr."""
    a, b = screening(z)
    _, k, beta, total = kinematics(kev)
    q2 = 4 * k * k * np.asarray(mu, float)
    s = sum(ai * (q2 + 2 * bi * bi) / (q2 + bi * bi) ** 2 for ai, bi in zip(a, b))
    return (2 * z * total / C**2 * s) ** 2 * (1 - beta**2 * np.asarray(mu))


# ---------------------------------------------------------------- partial waves

def legendre_q(x, n):
    """Q_0..Q_n(x), x > 1, by Miller's backward recurrence."""
    decay = math.log(x + math.sqrt(x * x - 1))
    start = n + int(45 / decay) + 20
    return _legendre_q(x, n, start)


@njit(cache=True)
def _legendre_q(x, n, start):
    q = np.zeros(n + 1)
    up, here = 0.0, 1e-250
    for l in range(start, 0, -1):
        down = ((2 * l + 1) * x * here - (l + 1) * up) / l
        up, here = here, down
        if abs(here) > 1e200:
            here *= 1e-200
            up *= 1e-200
            for m in range(min(l, n + 1), n + 1):
                q[m] *= 1e-200
        if l - 1 <= n:
            q[l - 1] = here
    scale = 0.5 * math.log((x + 1) / (x - 1)) / q[0]
    return q * scale


@njit(cache=True)
def _potential(r, z, a, b, t, lepton):
    """Electron: electrostatic + Furness-McCarthy exchange; positron: minus the electrostatic one (Hartree)."""
    v = 0.0
    rho4pi = 0.0
    for i in range(a.size):
        e = a[i] * math.exp(-b[i] * r)
        v -= z * e * (1 / r + 0.5 * b[i])
        rho4pi += 0.5 * z * e * b[i] ** 3
    if lepton > 0:
        return -v
    if rho4pi < 0.0:
        rho4pi = 0.0
    u = t - v
    return v - 0.5 * rho4pi / (u + math.sqrt(u * u + rho4pi))


@njit(cache=True)
def _grid(z, a, b, t, k, r_end, fine):
    r = [1e-7]
    while r[-1] < r_end:
        x = r[-1]
        local = math.sqrt(k * k + 2 * z / x * math.exp(-b.min() * x) * (1 + t / (C * C))
                          + (z / (C * x)) ** 2 * math.exp(-b.min() * x))
        r.append(x + min(0.05 * x / fine, 0.4 / local / fine))
    return np.array(r)


@njit(cache=True)
def _ratio_at_end(kappa, r, v1, v2, t, start, ratio):
    """Q/P at the last node, by the fourth-order Magnus integrator."""
    c = C
    p, q = 1.0, ratio
    g = 0.5 / math.sqrt(3.0)
    for j in range(start, r.size - 1):
        h = r[j + 1] - r[j]
        m = 0.5 * (r[j + 1] + r[j])
        ra, rb = m - g * h, m + g * h
        a1, b1, c1 = -kappa / ra, (t - v1[j] + 2 * c * c) / c, -(t - v1[j]) / c
        a2, b2, c2 = -kappa / rb, (t - v2[j] + 2 * c * c) / c, -(t - v2[j]) / c
        w = math.sqrt(3.0) / 12.0 * h * h
        oa = 0.5 * h * (a1 + a2) + w * (b2 * c1 - b1 * c2)
        ob = 0.5 * h * (b1 + b2) + w * 2 * (a2 * b1 - a1 * b2)
        oc = 0.5 * h * (c1 + c2) + w * 2 * (c2 * a1 - c1 * a2)
        s2 = oa * oa + ob * oc
        if s2 > 0:
            s = math.sqrt(s2)
            ch, sh = math.cosh(s), math.sinh(s) / s
        else:
            s = math.sqrt(-s2)
            ch, sh = math.cos(s), (math.sin(s) / s if s > 1e-12 else 1.0)
        p, q = ch * p + sh * (oa * p + ob * q), ch * q + sh * (oc * p - oa * q)
        if abs(p) + abs(q) > 1e100:
            p *= 1e-100
            q *= 1e-100
    return q / p


@njit(cache=True)
def _phase_shifts(z, a, b, t, k, lepton, r, v1, v2, born_minus, born_plus, tol):
    """Phase shifts for kappa = -l-1 (minus) and kappa = l (plus); stops where they agree with Born's.

    The phase that the integrator gives without a potential (its error, smooth in l) is subtracted for l > 3."""
    zero = np.zeros(v1.size)
    c = C
    x = k * r[-1]
    n = min(born_minus.size - 2, int(0.8 * x))
    jl = np.zeros(n + 2)
    nl = np.zeros(n + 2)
    jl[0], nl[0] = math.sin(x), -math.cos(x)
    jl[1], nl[1] = math.sin(x) / x - math.cos(x), -math.cos(x) / x - math.sin(x)
    for l in range(1, n + 1):
        jl[l + 1] = (2 * l + 1) / x * jl[l] - jl[l - 1]
        nl[l + 1] = (2 * l + 1) / x * nl[l] - nl[l - 1]
    lam = c * k / (t + 2 * c * c)
    zs = -z if lepton > 0 else z
    minus, plus = np.zeros(n), np.zeros(n)
    agree = 0
    used = n
    start = 0
    for l in range(n):
        target = (l + 0.5) * math.exp(-30.0 / (l + 1.0))
        while start < r.size - 2:
            x0 = r[start]
            if math.sqrt(k * k + 2 * z / x0 + (z / (c * x0)) ** 2) * x0 > target:
                break
            start += 1
        for sign in range(2):
            if sign == 1 and l == 0:
                continue
            kappa = -(l + 1.0) if sign == 0 else float(l)
            gamma = math.sqrt(kappa * kappa - (z / c) ** 2)
            ratio = -(zs / c) / (gamma - kappa) if kappa < 0 else (gamma + kappa) * c / zs
            if l > 3 and r[start] * k * 1e3 > 1.0:
                # deep in the centrifugal barrier: P ~ r^(l+1), free small component
                ratio = 0.0 if kappa < 0 else (2 * l + 1) / r[start] * c / (t - v1[start] + 2 * c * c)
            y = _ratio_at_end(kappa, r, v1, v2, t, start, ratio)
            if kappa < 0:
                qj, qn = -lam * jl[l + 1], -lam * nl[l + 1]
            else:
                qj, qn = lam * jl[l - 1], lam * nl[l - 1]
            delta = math.atan2(qj - y * jl[l], qn - y * nl[l])
            if l > 3:
                free = 0.0 if kappa < 0 else (2 * l + 1) / r[start] * c / (t + 2 * c * c)
                y = _ratio_at_end(kappa, r, zero, zero, t, start, free)
                delta -= math.atan2(qj - y * jl[l], qn - y * nl[l])
            delta = delta - math.pi * math.floor(delta / math.pi + 0.5)
            if sign == 0:
                minus[l] = delta
            else:
                plus[l] = delta
        if abs(minus[l] - born_minus[l]) + abs(plus[l] - born_plus[l]) < tol:
            agree += 1
            if agree == 5:
                used = l + 1
                break
        else:
            agree = 0
    return minus, plus, used


@njit(cache=True)
def _amplitudes(minus, plus, k, mu):
    """|f|^2 + |g|^2."""
    out = np.zeros(mu.size)
    n = minus.size
    for i in range(mu.size):
        x = 1 - 2 * mu[i]
        sine = 2 * math.sqrt(mu[i] * max(0.0, 1 - mu[i]))
        p0, p1 = 1.0, x
        d0, d1 = 0.0, 1.0  # derivatives of P_l
        f = 0.0j
        g = 0.0j
        for l in range(n):
            em = complex(-2 * math.sin(minus[l]) ** 2, math.sin(2 * minus[l]))
            ep = complex(-2 * math.sin(plus[l]) ** 2, math.sin(2 * plus[l]))
            f += ((l + 1) * em + l * ep) * p0
            g += (ep - em) * d0 * sine
            p0, p1 = p1, ((2 * l + 3) * x * p1 - (l + 1) * p0) / (l + 2)
            d0, d1 = d1, d0 + (2 * l + 3) * p0
        out[i] = (abs(f) ** 2 + abs(g) ** 2) / (4 * k * k)
    return out


def partial_waves(z, kev, lepton, mu=MU, fine=1.0, tol=1e-8):
    """Cross section, Bohr radius^2 / sr."""
    a, b = screening(z)
    t, k, _, _ = kinematics(kev)
    r_end = 24.0 / b.min() + 2.0 / k
    n = int(26.0 * k / b.min()) + 60
    q = np.zeros(n + 2)
    for ai, bi in zip(a, b):
        exchange = 1 + bi * bi / (4 * t) if lepton < 0 else 1.0
        e = bi * bi / (2 * k * k)
        ql = legendre_q(1 + e, n + 1)
        derivative = np.arange(n + 2) * ((1 + e) * ql - np.concatenate([[0.0], ql[:-1]])) / (e * (2 + e))
        derivative[0] = -1 / (e * (2 + e))
        q += ai * (ql - exchange * e * derivative)
    factor = z * (t + 2 * C * C) / (2 * C * C * k) * (1 if lepton < 0 else -1)
    eta = t / (t + 2 * C * C)
    born_minus = factor * (q[: n + 1] + eta * q[1:])
    born_plus = factor * (q[: n + 1] + eta * np.concatenate([[0.0], q[:n]]))
    born_plus[0] = 0.0
    r = _grid(z, a, b, t, k, r_end, fine)
    mid, h = 0.5 * (r[1:] + r[:-1]), np.diff(r)
    g = 0.5 / math.sqrt(3)
    v1 = _vector_potential(mid - g * h, z, a, b, t, lepton)
    v2 = _vector_potential(mid + g * h, z, a, b, t, lepton)
    minus, plus, used = _phase_shifts(z, a, b, t, k, lepton, r, v1, v2, born_minus, born_plus, tol)
    dm, dp = born_minus.copy(), born_plus.copy()
    dm[:used], dp[:used] = minus[:used], plus[:used]
    return _amplitudes(dm, dp, k, np.asarray(mu, float))


@njit(cache=True)
def _vector_potential(x, z, a, b, t, lepton):
    out = np.empty(x.size)
    for i in range(x.size):
        out[i] = _potential(x[i], z, a, b, t, lepton)
    return out


# ---------------------------------------------------------------- high energies

def mott_ratio(z, kev, lepton, mu):
    """Exact Mott cross section of a point nucleus over Rutherford's, at mu >= about 5e-4."""
    _, _, beta, _ = kinematics(kev)
    az = z / C
    q = (az if lepton < 0 else -az) / beta
    n = 4000
    k = np.arange(1, n + 1)
    rho = np.sqrt(k * k - az * az)
    d = np.zeros(n + 2, complex)

    def term(phase, x):
        g = loggamma(x - 1j * q)
        return np.exp(-1j * np.pi * phase + 2j * g.imag) / (x + 1j * q)

    d[1:-1] = term(k, k.astype(float)) - term(rho, rho)
    k = np.arange(0, n)
    sign = (-1.0) ** k
    f = 0.5j * sign * (k * d[:n] + (k + 1) * d[1 : n + 1])
    g = 0.5j * sign * (k**2 * d[:n] - (k + 1.0) ** 2 * d[1 : n + 1])

    def reduced(c):  # coefficients of (1 - x)^3 sum c_l P_l(x) (Yennie, Ravenhall, Wilson 1954)
        for _ in range(3):
            l = np.arange(c.size)
            up = np.concatenate([c[1:], [0]])
            down = np.concatenate([[0], c[:-1]])
            c = (c - (l + 1) / (2 * l + 3) * up - np.where(l > 0, l / (2 * l - 1.0), 0) * down)[:-1]
        return c

    f, g = reduced(f), reduced(g)
    x = 1 - 2 * np.asarray(mu)
    f1 = _legendre_sum(f, x) / (1 - x) ** 3
    g1 = _legendre_sum(g, x) / (1 - x) ** 3
    phase = -2j * loggamma(1 + 1j * q).imag
    f0 = 0.5j * np.exp(phase + 1j * q * np.log(mu))
    g0 = -1j * q * (1 - mu) / mu * f0
    small, large = f0 + f1, g0 + g1
    cross = q * q * (1 - beta**2) * abs(small) ** 2 / mu + abs(large) ** 2 / np.maximum(1 - mu, 1e-300)
    return cross / (q * q / (4 * mu**2))


@njit(cache=True)
def _legendre_sum(c, x):
    out = np.zeros(x.size, np.complex128)
    for i in range(x.size):
        p0, p1 = 1.0, x[i]
        for l in range(c.size):
            out[i] += c[l] * p0
            p0, p1 = p1, ((2 * l + 3) * x[i] * p1 - (l + 1) * p0) / (l + 2)
    return out


@functools.lru_cache(maxsize=None)
def eikonal_table(z, kev):
    """ln q and |f_eikonal|^2/|f_Born|^2 of the screened nucleus; the same for both leptons. q in 1/Bohr radius."""
    w, b = screening(z)
    _, _, beta, _ = kinematics(kev)
    strength = z / C / beta
    q = np.geomspace(0.03, 300.0, 40)
    x, gauss = np.polynomial.legendre.leggauss(8)
    edges = np.concatenate([[0], np.geomspace(1e-7, 2e-3, 40), np.arange(2e-3, 16 / b.min(), 3.0 / q[-1])[1:]])
    half = np.diff(edges) / 2
    r = ((edges[:-1] + half)[:, None] + half[:, None] * x).ravel()
    measure = (half[:, None] * gauss).ravel() * r
    d = strength * sum(wi * (k0(bi * r) + 0.5 * bi * r * k1(bi * r)) for wi, bi in zip(w, b))
    beyond = measure * (np.exp(2j * d) - 1 - 2j * d)
    value = np.array([(j0(qi * r) * beyond).sum() for qi in q])
    first = 2 * strength * sum(wi * (q**2 + 2 * bi**2) / (q**2 + bi**2) ** 2 for wi, bi in zip(w, b))
    return np.log(q), abs(1j * first + value) ** 2 / first**2


def eikonal_ratio(z, kev, q):
    """The table at q; constant below it, going to 1 as 1/q above it (a bare nucleus gives 1)."""
    log_q, table = eikonal_table(z, kev)
    at = np.log(np.maximum(q, 1e-9))
    inside = CubicSpline(log_q, table)(np.clip(at, log_q[0], log_q[-1]))
    return np.where(at > log_q[-1], 1 + (table[-1] - 1) * np.exp(log_q[-1] - at), inside)


def factorised(z, kev, lepton, mu=MU):
    """Ratio to the first Born cross section: Mott/(1 - beta^2 mu) x eikonal correction."""
    mu = np.asarray(mu, float)
    _, k, beta, _ = kinematics(kev)
    s = np.sqrt(mu)
    safe = np.clip(mu, np.sin(np.radians(1.5)) ** 2, np.cos(np.radians(0.5)) ** 2)
    ratio = mott_ratio(z, kev, lepton, safe)
    two = np.sin(np.radians([1.5, 3.0]))
    r2 = (mott_ratio(z, kev, lepton, two**2) - 1) / two
    slope = (r2[1] - r2[0]) / (two[1] - two[0])
    small = 1 + s * (r2[0] + slope * (s - two[0]))
    ratio = np.where(mu < safe, small, ratio) / (1 - beta**2 * mu)
    return ratio * eikonal_ratio(z, kev, 2 * k * s)


@functools.lru_cache(maxsize=None)
def at_join(z, lepton):
    """Partial waves at the join, at the nodes MU: a row of the table, and what join_fit compares with."""
    return partial_waves(z, JOIN_KEV, lepton, fine=1.5)


@functools.lru_cache(maxsize=None)
def join_fit(z, lepton):
    """Partial waves over the factorised cross section at the join, minus 1: a quartic in sin(theta/2).

    What it holds is the atom's mean potential at the nucleus, which changes the local energy by V0: of order
    V0/(p beta c), so it is scaled with 1/(p beta c) above the join."""
    s = np.sqrt(MU)
    y = at_join(z, lepton) / born(z, JOIN_KEV, MU) / factorised(z, JOIN_KEV, lepton) - 1
    large = s > 0.02
    return np.polynomial.polynomial.polyfit(s[large], y[large], 4)


def p_beta(kev):
    _, k, beta, _ = kinematics(kev)
    return k * beta


def ratio(job):
    """The table's row: cross section over the first Born one at the nodes MU."""
    z, kev, lepton = job
    if kev <= JOIN_KEV:
        waves = at_join(z, lepton) if kev == JOIN_KEV else partial_waves(z, kev, lepton, fine=1.5)
        return waves / born(z, kev, MU)
    s = np.sqrt(MU)
    extra = np.polynomial.polynomial.polyval(s, join_fit(z, lepton)) * p_beta(JOIN_KEV) / p_beta(kev)
    return factorised(z, kev, lepton) * (1 + extra)


HEADER = """# quantity: {quantity}
# units: {units}
# source: {source}
# licence: MIT OR Apache-2.0 (computed by the generator; form factors behind it from xraylib, BSD)
# generator: tools/elastic_scattering.py
"""
SOURCE = (
    "Dirac partial waves (electrons with Furness-McCarthy exchange) up to {:g} keV, exact Mott x screening x eikonal "
    "correction above; atomic potential from the form factors of xraylib 4.3.0 (elastic_screening.csv)"
).format(JOIN_KEV)


def write_screening(folder):
    with open(folder / "elastic_screening.csv", "w") as f:
        f.write(HEADER.format(
            quantity="standard atomic weight; electron density of the neutral atom as Z sum_i w_i b_i^3/(8 pi) exp(-b_i r)",
            units="atomic weight g/mol; w_i 1; b_i 1/Bohr radius",
            source="IUPAC 2021 abridged atomic weights; w_i and b_i fitted to the form factors of xraylib 4.3.0 (FF_Rayl)"))
        f.write("z,symbol,atomic_weight,w1;b1 w2;b2 ...\n")
        for z, (symbol, weight) in ELEMENTS.items():
            terms = " ".join("%.9g;%.6g" % t for t in zip(*screening(z)))
            f.write(f"{z},{symbol},{weight:g},{terms}\n")


def write(folder):
    write_screening(folder)
    for lepton, name in LEPTONS:
        jobs = [(z, kev, lepton) for z in ELEMENTS for kev in ENERGIES_KEV]
        with ProcessPoolExecutor(2) as pool:
            rows = list(pool.map(row, jobs, chunksize=len(ENERGIES_KEV)))
        write_rows(folder, name, rows)


def row(job):
    """A line of the table."""
    z, kev, _ = job
    return f"{z},{kev:g}," + ",".join("%.5g" % v for v in ratio(job)) + "\n"


def write_rows(folder, name, rows):
    """The lines of all elements, in two files."""
    of_element = len(ENERGIES_KEV)
    split = sum(z < HEAVY_FROM for z in ELEMENTS) * of_element
    for ending, part, which in (
        ("", rows[:split], f"Z = 1 to {HEAVY_FROM - 1}"),
        ("_heavy", rows[split:], f"Z = {HEAVY_FROM} to {len(ELEMENTS)}"),
    ):
        with open(folder / f"elastic_{name}{ending}.csv", "w") as f:
            f.write(HEADER.format(
                quantity=f"elastic cross section of {name}s by neutral atoms ({which}) over the first Born one of the same potential, "
                         "at the nodes mu = (1 - cos theta)/2 of the first row",
                units="z 1; kinetic energy keV; ratios 1", source=SOURCE))
            f.write("z,energy_kev," + ",".join("%.8g" % m for m in MU) + "\n")
            f.writelines(part)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent / "data" / "electron")
    write(parser.parse_args().out)
