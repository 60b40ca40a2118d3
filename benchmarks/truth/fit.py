"""Fit the odds of explanations to verdicts whose cause is known.

What is said of a recovery is the explanation with the greatest odds (``loading/recoveries/weights.py``). The odds are
the parameters of a conditional logit (McFadden, "Conditional logit analysis of qualitative choice behavior", 1974): the
chance of an explanation is its share of all odds. Fitted is the logarithm of each, with a normal prior around what it
is now, for there are more situations than the verdicts would bear.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.truth.cases import CASES
from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.confidence import FLAKE, UNRECORDED
from pytest_debugloop.text.strategies import RERUN, STRATEGIES, UNKNOWN, in_words

_SCATTER = 1.0
_STEPS = 400
_RATE = 0.05
_NEAR = 1e-4
_CONSTANTS = {
    "UNRECORDED": weights.UNRECORDED,
    "MISSING": weights.MISSING,
    "UNTIED": weights.UNTIED,
    "BESIDE": weights.BESIDE,
}
Odds = Mapping[str, float]


@dataclass(frozen=True)
class Example:
    """A verdict, as far as its odds are concerned.

    Attributes:
        part: ``fit`` or ``held``.
        flake: the odds of a flake.
        candidates: by strategy, the situations of what differed.
        shares: what is left of the odds of each strategy.
        missing: how many kinds of evidence are missing.
        is_untied: whether something differs that could not be tied to the test.
        right: the explanations that are true; ``beside`` where another candidate than the first is.
        weight: how much it counts.
    """

    part: str
    flake: float
    candidates: Mapping[str, Sequence[str]]
    shares: Mapping[str, float]
    missing: int
    is_untied: bool
    right: frozenset[str]
    weight: float = 1.0

    def odds(self, by: Odds) -> dict[str, float]:
        """Give the odds of each explanation.

        Args:
            by: by situation and constant.
        """
        unrecorded = by["UNRECORDED"] + by["MISSING"] * self.missing + by["UNTIED"] * self.is_untied
        found = {FLAKE: self.flake, UNRECORDED: unrecorded, "beside": 0.0}
        for strategy, (first, *others) in self.candidates.items():
            share = self.shares[strategy]
            found[strategy] = by[first] * share
            found["beside"] += by["BESIDE"] * share * sum(by[other] for other in others)
        return found

    def likelihood(self, by: Odds) -> float:
        """Give the logarithm of the chance of what is true."""
        odds = self.odds(by)
        return math.log(max(sum(odds[name] for name in self.right), 1e-9) / sum(odds.values()))

    def said(self, by: Odds) -> tuple[float, bool]:
        """Give how sure one is of the likeliest explanation, and whether it is true."""
        odds = self.odds(by)
        best = max((name for name in odds if name != "beside"), key=lambda name: odds[name])
        return odds[best] / sum(odds.values()), best in self.right


def examples(verdicts: Iterable[Mapping[str, Any]]) -> list[Example]:
    """Read what ``made --json`` and ``fixes --json`` have written.

    Args:
        verdicts: with their evidence. Retries, and what was recorded before there were situations, are left out.
    """
    cases = {(case.kind, case.name): case for case in CASES}
    rows = [row for row in verdicts if "situations" in row.get("evidence", {})]
    tests: dict[Any, int] = {}
    for row in rows:
        tests[_fix(row)] = tests.get(_fix(row), 0) + 1
    found = []
    for row in rows:
        evidence = row["evidence"]
        terms, situations = evidence["terms"], evidence["situations"]
        if "rank" in row:  # of a fix
            right = {"code_change"} if row["rank"] == 1 else {"beside"} if row["rank"] else set()
        else:
            case = cases.get((row["kind"], row["name"]))
            if case is None:
                continue
            said = {name: in_words(name, evidence) for name in situations} | {FLAKE: "", UNRECORDED: ""}
            named = {FLAKE: RERUN, UNRECORDED: UNKNOWN}
            right = {
                name
                for name, words in said.items()
                if re.fullmatch(case.strategies, named.get(name, name)) and (not words or re.search(case.named, words))
            }
        passed_too = terms.get("passed_on_version", 0.0)
        shares = {
            name: weights.PASSED_TOO if passed_too and STRATEGIES[name].is_of_version else 1.0 for name in situations
        }
        found.append(
            Example(
                row["part"],
                terms[FLAKE],
                {name: all_of for name, all_of in situations.items() if all_of},
                shares,
                len(evidence.get("missing", ())),
                bool(terms.get("untied")),
                frozenset(right or {UNRECORDED, "beside"}),
                1.0 / tests[_fix(row)],
            )
        )
    return found


def _fix(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (row.get("pass"), row.get("kind"), row.get("name"), row.get("fix"))


def fitted(known: Sequence[Example]) -> dict[str, float]:
    """Fit the odds.

    Args:
        known: examples of the half that is fitted on.
    """
    start = {**weights.ODDS, **_CONSTANTS}
    prior = {name: math.log(value) for name, value in start.items()}
    now = dict(prior)

    def objective(at: Mapping[str, float]) -> float:
        by = {name: math.exp(value) for name, value in at.items()}
        penalty = sum((at[name] - prior[name]) ** 2 for name in at) / (2 * _SCATTER**2)
        return sum(one.weight * one.likelihood(by) for one in known) - penalty

    for _ in range(_STEPS):
        here = objective(now)
        slope = {name: (objective({**now, name: value + _NEAR}) - here) / _NEAR for name, value in now.items()}
        now = {name: value + _RATE * slope[name] for name, value in now.items()}
        if max(map(abs, slope.values())) < _NEAR * 10:
            break
    return {name: math.exp(value) for name, value in now.items()}


def lines(found: Mapping[str, float], known: Sequence[Example]) -> Iterator[str]:
    """Write the odds as they are and as they fit, and how well either tells the truth of each half.

    Args:
        found: what :func:`fitted` gave.
        known: examples of both halves.
    """
    now = {**weights.ODDS, **_CONSTANTS}
    yield "| situation | now | fitted |"
    yield "| --- | --- | --- |"
    for name, value in found.items():
        yield f"| {name} | {now[name]:.3g} | {value:.3g} |"
    yield ""
    yield "| part | odds | verdicts | right | of 0.8 to 1.0 | mean log likelihood |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for part in ("fit", "held"):
        of_part = [one for one in known if one.part == part]
        for name, by in (("now", now), ("fitted", found)):
            said = [one.said(by) for one in of_part]
            sure = [is_right for confidence, is_right in said if confidence >= 0.8]
            share = f"{sum(sure) / len(sure):.0%} of {len(sure)}" if sure else "-"
            likelihood = sum(one.likelihood(by) for one in of_part) / max(len(of_part), 1)
            yield f"| {part} | {name} | {len(said)} | {sum(right for _, right in said)} | {share} | {likelihood:.3f} |"
