"""Indices of how evenly an amount is spread over the pupils of a district: pure functions on plain arrays.

Everywhere ``x_i`` is the amount of section i (heads, m², yuan), ``P_i > 0`` its pupils, ``p_i = P_i / ΣP``
its share of the pupils, ``X_i = x_i / P_i`` what one of its pupils has and ``X̄ = Σx / ΣP = Σ p_i X_i`` the
pooled mean. The unit of analysis is the pupil: every index is that of a district in which each pupil of
section i has ``X_i``, and cutting a section into equal parts changes nothing. No index has a small-sample
correction: packages that multiply the Gini by n/(n−1) differ, and n would be pupils here.

What cannot be computed is a :class:`Measure` with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from allocator.metrics.measure import Measure
from allocator.words import Text, text

Floats = NDArray[np.float64]


def official_cv(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Official coefficient of variation (差异系数), weighted by pupils.

    ``S / X̄`` with ``S = sqrt(Σ p_i (X_i − X̄)²)``. The mean is pooled; it is not the mean of the sections'
    ratios, and the unweighted coefficient of the ratios is not the official figure.

    Parameters
    ----------
    amounts
        Amount of each section, shape (sections,), any unit.
    pupils
        Pupils of each section, shape (sections,).

    References
    ----------
    教督〔2012〕3号 (calculation of the 差异系数), kept by 教督〔2017〕6号.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    return Measure(float(np.sqrt(_shares(p) @ (_relative(x, p) - 1) ** 2)))


def composite_cv(cvs: Sequence[Measure]) -> Measure:
    """Composite coefficient of variation (综合差异系数): the plain mean of the single ones, eight in 2012.

    Parameters
    ----------
    cvs
        The official CV of every indicator of the composite, for one stage.

    References
    ----------
    教督〔2012〕3号.
    """
    known = [cv.value for cv in cvs if cv.value is not None]
    if not cvs:
        return Measure.missing(text("the standard has no indicator for the composite"))
    if len(known) < len(cvs):
        return Measure.missing(
            text("{n} of {all} single coefficients cannot be computed", n=len(cvs) - len(known), all=len(cvs))
        )
    return Measure(float(np.mean(known)))


def split_nine_year(
    amount: float, primary: float, junior: float, junior_weight: float = 1.1
) -> tuple[Measure, Measure]:
    """Split a material amount of a nine-year school into its primary and its junior part.

    ``amount × A / (A + w B)`` and ``amount × w B / (A + w B)``: a junior pupil weighs 1.1 primary pupils.
    Only the material items are split; teachers are counted by the stage they teach.

    Parameters
    ----------
    amount
        Amount of the whole school.
    primary, junior
        Pupils ``A`` and ``B``.
    junior_weight
        Weight ``w`` of a junior pupil.

    References
    ----------
    Calculation of the 差异系数 under 教督〔2012〕3号, integrated schools.
    """
    whole = primary + junior_weight * junior
    if not np.isfinite(amount):
        why_not = text("the amount of the school is not known")
    elif not (whole > 0 and primary >= 0 and junior >= 0):
        why_not = text("the school has no pupils to split the amount by")
    else:
        return Measure(amount * primary / whole), Measure(amount * junior_weight * junior / whole)
    return Measure.missing(why_not), Measure.missing(why_not)


def mean(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Pooled mean ``X̄ = Σx / ΣP``: what a pupil of the district has on average."""
    x, p = _arrays(amounts, pupils)
    if why_not := _unusable(x, p):
        return Measure.missing(why_not)
    return Measure(float(x.sum() / p.sum()))


def minimum(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Least ``X_i`` of any section."""
    x, p = _arrays(amounts, pupils)
    if why_not := _unusable(x, p):
        return Measure.missing(why_not)
    return Measure(float((x / p).min()))


def maximum(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Greatest ``X_i`` of any section."""
    x, p = _arrays(amounts, pupils)
    if why_not := _unusable(x, p):
        return Measure.missing(why_not)
    return Measure(float((x / p).max()))


def range_ratio(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Greatest over least ``X_i`` (极差率); not weighted, 1 where all are equal."""
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    ratios = x / p
    if ratios.min() == 0:
        return Measure.missing(text("the least value of a section is zero, so there is no ratio to it"))
    return Measure(float(ratios.max() / ratios.min()))


def quartile_ratio(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Upper over lower quartile of ``X_i`` among pupils, 1 where all are equal.

    A quartile is the least ``X_i`` such that at least that share of the pupils has no more: the inverse of
    the distribution of the pupils, without interpolation.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    ratios = x / p
    order = np.argsort(ratios, kind="stable")
    reached = p[order].cumsum()
    lower, upper = (ratios[order][np.argmax(reached >= q * reached[-1])] for q in (0.25, 0.75))
    if lower == 0:
        return Measure.missing(text("the lower quartile is zero, so there is no ratio to it"))
    return Measure(float(upper / lower))


def gini(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Gini index of the pupils: ``Σ_i Σ_j p_i p_j |X_i − X_j| / (2 X̄)``.

    Computed from the sorted sections as ``Σ p_i (C_i + C_{i−1}) X_i / X̄ − 1``, where ``C_i`` is the share of
    the pupils who have no more than section i.

    Convention: the population form, without the factor n/(n−1). With equal pupils it is the Gini of PySAL's
    ``inequality.gini.Gini``.

    References
    ----------
    C. Gini, Variabilità e mutabilità, 1912; weighted form: R. Lerman and S. Yitzhaki, Journal of
    Econometrics 42 (1989), 43-47.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    relative = _relative(x, p)
    order = np.argsort(relative, kind="stable")
    shares = _shares(p)[order]
    reached = shares.cumsum()
    return _index(float((shares * (2 * reached - shares)) @ relative[order]) - 1)


def theil(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Theil's T of the pupils: ``Σ p_i (X_i / X̄) ln(X_i / X̄)``.

    Convention: natural logarithm; a section without any amount adds nothing, because r ln r → 0 as r → 0.

    References
    ----------
    H. Theil, Economics and Information Theory, 1967.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    return _index(_theil(x, p))


def theil_parts(amounts: ArrayLike, pupils: ArrayLike, groups: ArrayLike) -> tuple[Measure, Measure]:
    """Theil's T between groups and within groups; the two add up to the whole.

    With ``s_g = Σ_{i∈g} x_i / Σx`` and ``X̄_g`` the pooled mean of group g, the part between is
    ``Σ s_g ln(X̄_g / X̄)`` and the part within is ``Σ s_g T_g``.

    Parameters
    ----------
    amounts, pupils
        As for :func:`theil`.
    groups
        Group (zone) of each section, shape (sections,).

    References
    ----------
    A. Shorrocks, Econometrica 48 (1980), 613-625.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not), Measure.missing(why_not)
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    amount, size = (np.bincount(member, weights=v).astype(float) for v in (x, p))
    some = x > 0
    of = member[some]
    within = (x[some] / x.sum()) @ np.log(x[some] / p[some] * (size[of] / amount[of]))
    return _index(_theil(amount, size)), _index(float(within))


def atkinson(amounts: ArrayLike, pupils: ArrayLike, epsilon: float = 0.5) -> Measure:
    """Atkinson's index: ``1 − (Σ p_i r_i^(1−ε))^(1/(1−ε))`` with ``r_i = X_i / X̄``.

    At ``ε`` = 1 it is ``1 − exp(Σ p_i ln r_i)``. Convention: aversion ``ε`` = 0.5, at which
    sections without any amount are allowed.

    Parameters
    ----------
    amounts, pupils
        As for :func:`official_cv`.
    epsilon
        Aversion to inequality, above 0. From 1 on a single section without any amount makes the index 1
        whatever the others have, so it is not given then.

    Raises
    ------
    ValueError
        If ``epsilon`` is not above 0.

    References
    ----------
    A. Atkinson, Journal of Economic Theory 2 (1970), 244-263.
    """
    if epsilon <= 0:
        raise ValueError("the aversion of Atkinson's index is above 0")
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    if epsilon >= 1 and (x == 0).any():
        return Measure.missing(
            text("a section has nothing, which this aversion to inequality does not allow")
        )
    shares, relative = _shares(p), _relative(x, p)
    if epsilon == 1:
        return _index(1 - float(np.exp(shares @ np.log(relative))))
    return _index(1 - float(shares @ relative ** (1 - epsilon)) ** (1 / (1 - epsilon)))


def hoover(amounts: ArrayLike, pupils: ArrayLike) -> Measure:
    """Hoover's index: ``½ Σ p_i |X_i / X̄ − 1|``, the share that would have to move for all to be equal.

    References
    ----------
    E. Hoover, Review of Economics and Statistics 18 (1936), 162-171.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    return Measure(float(_shares(p) @ np.abs(_relative(x, p) - 1)) / 2)


def lorenz(amounts: ArrayLike, pupils: ArrayLike) -> tuple[Floats, Floats] | Text:
    """Lorenz curve: the share of the amount that the pupils who have least hold together.

    Returns
    -------
    Shares of the pupils and of the amount, both from 0 to 1, shape (sections + 1,), sections in the order of what
    one of their pupils has; or the reason why there is no curve. Twice the area between it and the diagonal is
    :func:`gini`.

    References
    ----------
    M. Lorenz, Publications of the American Statistical Association 9 (1905), 209-219.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return why_not
    order = np.argsort(x / p, kind="stable")
    shares = (np.concatenate([[0.0], v[order].cumsum()]) / v.sum() for v in (p, x))
    across, up = shares
    return across, up


def leximax(amounts: ArrayLike, pupils: ArrayLike) -> Floats | Text:
    """Return what one pupil has in each section, the worst off first.

    Of two districts the first value that differs decides.

    Returns
    -------
    Shape (sections,), ascending; or the reason why there is none.

    References
    ----------
    A. Sen, Collective Choice and Social Welfare, 1970, chapter 9 (the lexical maximin of Rawls).
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _unusable(x, p):
        return why_not
    return np.sort(x / p)


def permutation(
    amounts: ArrayLike, pupils: ArrayLike, groups: ArrayLike, draws: int = 999, seed: int = 0
) -> Measure:
    """Pseudo p-value that Theil's T between groups is as large by chance as it is.

    The sections are dealt out to the groups anew, ``draws`` times; the value is the share of districts, this one
    among them, whose part between groups is at least this one's.

    Convention: ``(at least as large + 1) / (draws + 1)``, as PySAL's ``TheilDSim``.

    References
    ----------
    S. Rey and M. Smith, Letters in Spatial and Resource Sciences 6 (2013), 55-70.
    """
    x, p = _arrays(amounts, pupils)
    if why_not := _not_comparable(x, p):
        return Measure.missing(why_not)
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    if member.max() == 0:
        return Measure.missing(text("there is only one group"))

    def between(of: NDArray[np.int64]) -> float:
        amount, size = (np.bincount(of, weights=v).astype(float) for v in (x, p))
        return _theil(amount, size)

    rng, found = np.random.default_rng(seed), between(member)
    larger = sum(between(rng.permutation(member)) >= found - 1e-12 for _ in range(draws))
    return Measure((larger + 1) / (draws + 1))


def _arrays(amounts: ArrayLike, pupils: ArrayLike) -> tuple[Floats, Floats]:
    x, p = np.asarray(amounts, dtype=float), np.asarray(pupils, dtype=float)
    if x.shape != p.shape or x.ndim != 1:
        raise ValueError(f"amounts of shape {x.shape} for pupils of shape {p.shape}")
    return x, p


def _unusable(x: Floats, p: Floats) -> Text | None:
    """Say why not even a mean can be computed."""
    if not len(x):
        return text("no section counts")
    if n := int((~(np.isfinite(p) & (p > 0))).sum()):
        return text("no pupils in {n} of {all} sections", n=n, all=len(x))
    if n := int((~np.isfinite(x)).sum()):
        return text("the amount is not known in {n} of {all} sections", n=n, all=len(x))
    if n := int((x < 0).sum()):
        return text("the amount is below zero in {n} of {all} sections", n=n, all=len(x))
    return None


def _not_comparable(x: Floats, p: Floats) -> Text | None:
    """Say why the sections cannot be compared."""
    if why_not := _unusable(x, p):
        return why_not
    if len(x) == 1:
        return text("only one section counts, so there is nothing to compare")
    if x.sum() == 0:
        return text("the amount is zero in every section")
    return None


def _shares(p: Floats) -> Floats:
    return np.asarray(p / p.sum())


def _relative(x: Floats, p: Floats) -> Floats:
    """``X_i / X̄``."""
    return np.asarray(x / p * (p.sum() / x.sum()))


def _theil(x: Floats, p: Floats) -> float:
    some = x > 0
    return float((x[some] / x.sum()) @ np.log(_relative(x, p)[some]))


def _index(value: float) -> Measure:
    """Return an index that is never below 0, which rounding alone can bring about."""
    return Measure(max(value, 0.0))
