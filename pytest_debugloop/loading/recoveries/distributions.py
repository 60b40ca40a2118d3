"""Which installed distributions differ between two runs, and which of them a test comes to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.facts import Facts, Pending, RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings, differing
from pytest_debugloop.loading.recoveries.naming import Mentions, Named, Wanted, escaped, nearest_namings
from pytest_debugloop.sources.installed import GROUP, normalised
from pytest_debugloop.text import strategies

_IMPORTED, _IN_TEXT = 2, 1
_MAX_ABOVE = 40
_RUNNERS = frozenset({"pytest", "pluggy", "pytest-debugloop"})
_HASH, _MODULES, _REQUIRES = 1, 2, 3  # in a row of debug_installations


def compare_distributions(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, found: Findings) -> None:
    """Add the distributions that have another version, or other files, to what was found.

    Args:
        one: the recovery.
        failing: the run of the failure.
        passing: the run of the success.
        facts: what the database knows.
        found: is added to.
    """
    if failing.distributions is None or passing.distributions is None:
        found.missing.append("distributions")
        return
    changed = differing(failing.distributions, passing.distributions) | _of_other_files(failing, passing)
    if not changed:
        return
    if passing.installed is None:  # recorded before it was known what they are imported by
        found.evidence["distributions"] = changed
        found.explain(strategies.DEPENDENCY, *(weights.DISTRIBUTION for _ in changed))
        return
    ties = _Ties(one, failing, passing, facts, changed)
    situations = {name: ties.situation(name) for name in changed}
    by_odds = sorted(changed, key=lambda name: -weights.ODDS.get(situations[name], 0.0))
    tied = [name for name in by_odds if situations[name]]
    found.evidence["distributions"] = {name: changed[name] for name in by_odds}
    if tied:
        found.explain(strategies.DEPENDENCY, *(situations[name] for name in tied))
    if len(tied) < len(changed):
        found.is_untied = True


def _of_other_files(failing: RunFacts, passing: RunFacts) -> dict[str, list[Any]]:
    """Give what has the same version and other files; of another interpreter they may be others and do the same."""
    if (failing.interpreter, failing.platform) != (passing.interpreter, passing.platform):
        return {}
    before, after = failing.installed or {}, passing.installed or {}
    versions = failing.distributions or {}
    return {
        name: [versions[name], f"{versions[name]} with other files"]
        for name in sorted(before.keys() & after.keys() & versions.keys())
        if versions[name] == (passing.distributions or {}).get(name)
        and before[name][_HASH]
        and after[name][_HASH]
        and before[name][_HASH] != after[name][_HASH]
    }


class _Ties:
    """What distributions are to a test: it comes to those that its code imports, and to what these need."""

    def __init__(
        self, one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, changed: Mapping[str, Any]
    ) -> None:
        self._installed = {**(failing.installed or {}), **(passing.installed or {})}
        self._plugins = {normalised(name) for run in (failing, passing) for name in run.plugins or ()} | _RUNNERS
        words = [*(failing.command_line or ()), *(passing.command_line or ())]
        self._options = {part for word in words for part in re.split(r"[^A-Za-z0-9_]+", word)}
        self._files = passing.files or {}
        self._needed_by: dict[str, list[str]] = defaultdict(list)
        for name, row in self._installed.items():
            for needed in row[_REQUIRES]:
                self._needed_by[needed].append(name)
        above = dict.fromkeys(other for name in changed for other in (name, *self._above(name)))
        wanted = [wanted_distribution(name, self._modules(name)) for name in above if not self._is_own(name)]
        self._named = nearest_namings(wanted, one, failing, passing, facts)

    def situation(self, name: str) -> str:
        """Give what a distribution is to the test; nothing where no code of the project comes to it."""
        if self._is_own(name):
            return ""
        found = [self._of(name, steps) for name, steps in [(name, 0), *self._above(name).items()]]
        return max(found, key=lambda situation: weights.ODDS.get(situation, 0.0))

    def _of(self, name: str, steps: int) -> str:
        named = self._named.get(name, Named(0, None))
        if named.distance is not None:
            return weights.at(weights.DISTRIBUTION_NAMED, named.distance + 2 * steps + (named.degree == _IN_TEXT))
        if name in self._plugins or any(module in self._options for module in self._modules(name)):
            return weights.DISTRIBUTION_OF_PLUGIN
        return weights.DISTRIBUTION_ELSEWHERE if named.degree else ""

    def _above(self, name: str) -> dict[str, int]:
        """Give the distributions that need another one, and over how many others."""
        found: dict[str, int] = {}
        waiting = [(name, 0)]
        while waiting and len(found) < _MAX_ABOVE:
            at, steps = waiting.pop(0)
            for other in self._needed_by.get(at, ()):
                if other not in found and other != name:
                    found[other] = steps + 1
                    waiting.append((other, steps + 1))
        return found

    def _modules(self, name: str) -> list[str]:
        row = self._installed.get(name)
        return row[_MODULES] if row else [name.replace("-", "_")]

    def _is_own(self, name: str) -> bool:
        """Tell whether a distribution is the project itself, whose code is looked at."""
        modules = self._modules(name)
        places = [f"{folder}{module}" for module in modules for folder in ("", "src/", "lib/")]
        return any(f"{place}/__init__.py" in self._files or f"{place}.py" in self._files for place in places)


def wanted_distribution(name: str, modules: Iterable[str]) -> Wanted:
    """Say how code names a distribution.

    Args:
        name: of it.
        modules: the names by which it is imported, and groups of its entry points.
    """
    tops = frozenset(modules)
    groups = frozenset(module.removeprefix(GROUP) for module in tops if module.startswith(GROUP))
    tops = frozenset(module for module in tops if not module.startswith(GROUP))

    def degree(mentioned: Mentions) -> int:
        if any(imported.partition(".")[0] in tops for imported in mentioned.imports):
            return _IMPORTED
        if groups & mentioned.texts:
            return _IMPORTED
        return _IN_TEXT if any(text.partition(".")[0] in tops for text in mentioned.texts) else 0

    words = [*_words(tops), *(f"[\"']{escaped([group])}[\"']" for group in sorted(groups))]
    return Wanted(name, "|".join(words), degree)


def _words(modules: Iterable[str]) -> Iterator[str]:
    for module in sorted(modules):
        word = escaped([module])
        yield f"(import|from|,)[ (]*{word}[^A-Za-z0-9_]|import .*[ ,]{word}$|[\"']{word}[\"'.]"
        yield f"(import|from) +{word}$"
