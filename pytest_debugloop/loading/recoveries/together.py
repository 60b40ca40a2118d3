"""Tests that failed together and recovered together are judged together: docs/formulas.md tells the rule.

Those whose failures have one cause, and those whose likeliest candidate is the same, get one reason, of which the
confidence comes from all of them: what explains all gains, what explains one alone loses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, log, log1p
from typing import Any, NamedTuple

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.confidence import FLAKE, UNRECORDED, Choice, choose
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.rows import Pending
from pytest_debugloop.text import strategies

_NOT_ITS_OWN = 0.05
"""The odds of a candidate of others that a test does not reach."""
_PLAUSIBLE = 0.25
"""What a candidate needs of the odds of a test's own first to be the reason of both."""

_TOLD = {strategies.CODE: ("code", "code_beside"), strategies.DATA: ("data",)}

Candidate = tuple[str, str]
"""A strategy, and the name of what was different."""


class Examined(NamedTuple):
    """What was found of one recovery, before anything is chosen.

    Attributes:
        one: the failure and the pass.
        found: what was different.
        flake: the terms of the odds of a flake.
    """

    one: Pending
    found: Findings
    flake: dict[str, float]

    def odds(self) -> dict[Candidate, float]:
        """Give the odds of the candidates that its evidence names."""
        found: dict[Candidate, float] = {}
        for strategy in self.found.candidates:
            is_of_version = strategies.STRATEGIES[strategy].is_of_version
            share = weights.PASSED_TOO if is_of_version and self.flake["passed_on_version"] else 1.0
            for name, situation in named(self.found, strategy):
                found.setdefault((strategy, name), weights.ODDS[situation] * share)
        return found

    def choice(self) -> Choice:
        """Choose what is likeliest for it alone."""
        return choose(
            self.found.candidates, self.flake, missing=len(self.found.missing), is_untied=self.found.is_untied
        )


class Judged(NamedTuple):
    """What was chosen for some recoveries.

    Attributes:
        members: places of the recoveries in what was given.
        choice: for all of them.
        flake: the terms of the odds of a flake, which is a flake of all.
        odds: of the candidates; None for one that is judged alone.
        tests: how many tests they are of.
    """

    members: list[int]
    choice: Choice
    flake: dict[str, float]
    odds: dict[Candidate, float] | None = None
    tests: int = 1


def judge(examined: Sequence[Examined]) -> list[Judged]:
    """Choose the reasons of recoveries, one for those that are judged together.

    Args:
        examined: the recoveries.
    """
    runs = _grouped(
        range(len(examined)), lambda place: (examined[place].one.error_run, examined[place].one.success_run)
    )
    return [judged for members in runs for judged in _of_runs(members, examined)]


def _of_runs(members: Sequence[int], examined: Sequence[Examined]) -> list[Judged]:
    """Judge the recoveries that have the two runs in common."""
    alone = {place: examined[place].choice() for place in members}
    odds = {place: examined[place].odds() for place in members}
    tests = {place: examined[place].one.task_id for place in members}
    own = [place for place in members if _is_its_own(alone[place], examined[place])]
    others = [place for place in members if place not in set(own)]
    by_cause = _grouped(others, lambda place: examined[place].one.cause or place)
    first = [
        _judged(part, examined, odds)
        for group in by_cause
        for part in _parts(group, odds, _PLAUSIBLE, tests.__getitem__)
    ]
    explained = {number: _known(one, odds) for number, one in enumerate(first) if _is_explained(one)}
    merged = _parts(list(explained), explained, weights.LIKELY, lambda number: tests[first[number].members[0]])
    judged = [_judged([place], examined, odds) for place in own]
    judged += [one for number, one in enumerate(first) if number not in explained]
    for several in merged:
        places = sorted(place for number in several for place in first[number].members)
        judged.append(first[several[0]] if len(several) == 1 else _judged(places, examined, odds))
    return judged


def in_order(judged: Judged, found: Findings) -> None:
    """Put the evidence of one that was not judged alone into the order of all: the likeliest is first.

    Args:
        judged: what was chosen.
        found: of one of its members.
    """
    if judged.odds is None:
        return
    odds = judged.odds
    for strategy in found.candidates.keys() & {strategies.CODE, strategies.DATA}:
        told = named(found, strategy)
        entries = [entry for key in _TOLD[strategy] for entry in found.evidence.get(key, ())]
        by_name = {name: entry for (name, _), entry in zip(told, entries, strict=True)}
        known = sorted(told, key=lambda one: -odds[strategy, one[0]])
        untold = list(found.candidates[strategy])
        for _, situation in known:
            untold.remove(situation)
        found.candidates[strategy] = [*(situation for _, situation in known), *untold]
        least = weights.LIKELY * odds[strategy, known[0][0]] if len(_TOLD[strategy]) > 1 else 0.0
        parts: tuple[list[dict[str, Any]], ...] = ([], [])
        for name, _ in known:
            parts[odds[strategy, name] < least].append(by_name[name])
        for key, part in zip(_TOLD[strategy], parts, strict=False):
            found.evidence.pop(key, None)
            if part:
                found.evidence[key] = part
        if parts[1] and (more := found.evidence.pop("more_functions", 0)):  # less likely than those that are told
            found.evidence["more_beside"] = found.evidence.get("more_beside", 0) + more


def named(found: Findings, strategy: str) -> list[tuple[str, str]]:
    """Give the candidates of a strategy that the evidence names, in its order: name and situation.

    Args:
        found: of a recovery.
        strategy: of its candidates.
    """
    situations, evidence = found.candidates[strategy], found.evidence
    if strategy == strategies.CODE:
        # The likely are distinguished from those beside them, and of each the first.
        least = weights.LIKELY * weights.ODDS[situations[0]]
        parts = [[one for one in situations if (weights.ODDS[one] < least) is beside] for beside in (False, True)]
        pairs = [
            (_name_of(entry), situation)
            for key, part in zip(_TOLD[strategy], parts, strict=True)
            for entry, situation in zip(evidence.get(key, ()), part, strict=False)
        ]
    elif strategy == strategies.DATA:
        pairs = [(_name_of(entry), one) for entry, one in zip(evidence.get("data", ()), situations, strict=False)]
    elif strategy == strategies.ENVIRONMENT:
        names = iter(evidence.get("environment", ()))
        pairs = [(one if one in strategies.OF_INTERPRETER else next(names, one), one) for one in situations]
    elif strategy == strategies.ORDER:
        pairs = [("order", one) for one in situations]
    else:
        key = "distributions" if strategy == strategies.DEPENDENCY else "options"
        pairs = list(zip(evidence.get(key, ()), situations, strict=False))
    seen = Counter[str]()
    unlike = []
    for name, situation in pairs:
        seen[name] += 1
        unlike.append((name if seen[name] == 1 else f"{name} ({seen[name]})", situation))
    return unlike


def _name_of(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('function', '')} in {entry['file']}"


def _grouped(items: Iterable[Any], key: Any) -> list[list[Any]]:
    found: dict[Any, list[Any]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(found.values())


def _tests(members: Iterable[int], examined: Sequence[Examined]) -> int:
    return len({examined[place].one.task_id for place in members})


def _is_its_own(choice: Choice, examined: Examined) -> bool:
    """Tell of a reason that others cannot have: what ran before a test, and a flake that is known of it."""
    is_known_flake = choice.explanation == FLAKE and examined.flake["passed_on_version"] > 0.0
    return is_known_flake or choice.explanation == strategies.ORDER


def _parts(
    group: Sequence[int],
    odds: Mapping[int, Mapping[Candidate, float]],
    least: float,
    test_of: Callable[[int], object],
) -> list[list[int]]:
    """Divide what failed by what may explain it: some tests may have been fixed by another change.

    A candidate explains what it has enough of the odds of the first of; of several tests, or it stands alone.
    """
    rest = list(group)
    parts: list[list[int]] = []
    while len({test_of(item) for item in rest}) > 1:
        scores: dict[Candidate, float] = {}
        for item in rest:
            most = max(odds[item].values(), default=0.0)
            for candidate, value in odds[item].items():
                if value >= _share_of(candidate, least) * most and candidate[0] != strategies.ORDER:
                    scores[candidate] = scores.get(candidate, 0.0) + log1p(value)
        if not scores:
            return [*parts, rest]
        top = max(scores, key=lambda candidate: scores[candidate])
        share = _share_of(top, least)
        part = [
            item for item in rest if odds[item].get(top, 0.0) >= share * max(odds[item].values(), default=1.0) > 0.0
        ]
        if len({test_of(item) for item in part}) < 2:
            break
        parts.append(part)
        rest = [item for item in rest if item not in set(part)]
    return [*parts, *([item] for item in rest)]


def _share_of(candidate: Candidate, least: float) -> float:
    """Give what a candidate needs of the odds of a test's first: an option is the same for all tests of a run."""
    return 1.0 if candidate[0] == strategies.OPTION else least


def _judged(members: list[int], examined: Sequence[Examined], odds: Mapping[int, Mapping[Candidate, float]]) -> Judged:
    if _tests(members, examined) < 2:
        # Several failures of one test are each judged alone, as they were seen.
        return Judged(members, examined[members[0]].choice(), examined[members[0]].flake)
    shared = _shared([odds[place] for place in members])
    least = min((examined[place].flake for place in members), key=lambda flake: flake["flake"])
    flake = {**least, "flake": exp(_mean(log(max(examined[place].flake["flake"], 1e-300)) for place in members))}
    names: dict[str, list[str]] = {}
    for strategy, name in sorted(shared, key=lambda candidate: -shared[candidate]):
        names.setdefault(strategy, []).append(f"{strategy}\0{name}")
    choice = choose(
        names,
        {**flake, "passed_on_version": 0.0},  # it is in the odds of each
        missing=min(len(examined[place].found.missing) for place in members),
        is_untied=all(examined[place].found.is_untied for place in members),
        odds={f"{strategy}\0{name}": value for (strategy, name), value in shared.items()},
    )
    return Judged(members, choice, flake, shared, _tests(members, examined))


def _shared(of_each: Sequence[Mapping[Candidate, float]]) -> dict[Candidate, float]:
    """Give the geometric mean of the odds of each candidate; what explains all goes before what does not."""
    every = dict.fromkeys(candidate for odds in of_each for candidate in odds)
    shared = {
        candidate: exp(_mean(log(max(odds.get(candidate, 0.0), _NOT_ITS_OWN)) for odds in of_each))
        for candidate in every
    }
    common = [value for candidate, value in shared.items() if all(candidate in odds for odds in of_each)]
    most = max(common, default=0.0) / 2
    return {
        candidate: value if all(candidate in odds for odds in of_each) else min(value, most)
        for candidate, value in shared.items()
    }


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / len(every)


def _is_explained(judged: Judged) -> bool:
    return judged.choice.explanation not in (FLAKE, UNRECORDED)


def _known(judged: Judged, odds: Mapping[int, Mapping[Candidate, float]]) -> Mapping[Candidate, float]:
    return judged.odds if judged.odds is not None else odds[judged.members[0]]
