"""How pytest was to run the tests, and what of that differs: command line, ini file, plugins."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.facts import RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.flakes import Failure
from pytest_debugloop.sources.installed import normalised
from pytest_debugloop.sources.options import differing_options, given_options
from pytest_debugloop.text import strategies

# They say what is collected, and what is asked before.
_ASIDE = frozenset({"markers", "testpaths", "norecursedirs", "minversion", "required_plugins", "--strict-markers"})
_OF_WARNINGS = frozenset({"-W", "--pythonwarnings", "filterwarnings"})
_MAX_SAID = 2_000
# What pytest and its plugins say of an option without naming it; others are named, as in "Consider using `-s`".
_SAID_OF = {"xfail_strict": r"XPASS\(strict\)", "--timeout": "Timeout >", "timeout": "Timeout >", "--capture": "`-s`"}


def compare_options(failure: Failure, failing: RunFacts, passing: RunFacts, found: Findings) -> None:
    """Add the options of pytest that differ, and its plugins, to what was found.

    Args:
        failure: what it looks like.
        failing: the run of the failure.
        passing: the run of the success.
        found: is added to.
    """
    if failing.command_line is None or passing.command_line is None:
        return
    has_ini = failing.ini_options is not None and passing.ini_options is not None
    before, after = (_told(run, has_ini=has_ini) for run in (failing, passing))
    changed = differing_options(before, after)
    plugins = _plugins(failing, passing)
    if changed or plugins:
        situations = {name: _situation(name, failure) for name in changed}
        situations |= dict.fromkeys(plugins, weights.PLUGIN)
        by_odds = sorted(situations, key=lambda name: -weights.ODDS[situations[name]])
        found.evidence["options"] = {name: {**changed, **plugins}[name] for name in by_odds}
        found.explain(strategies.OPTION, *(situations[name] for name in by_odds))


def _situation(name: str, failure: Failure) -> str:
    """Say what an option is to a failure that may speak of it: a warning that was made an error, ``XPASS(strict)``."""
    if name in _ASIDE:
        return weights.OPTION_ASIDE
    if name in _OF_WARNINGS and failure.code.rpartition(".")[2].endswith("Warning"):
        return weights.OPTION_OF_FAILURE
    said = failure.message[:_MAX_SAID]
    words = _SAID_OF.get(name, rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return weights.OPTION_OF_FAILURE if len(name) > 1 and re.search(words, said) else weights.OPTION


def _plugins(failing: RunFacts, passing: RunFacts) -> dict[str, list[str | None]]:
    """Give the plugins that one side has and the other has not, though both have their distributions."""
    before, after = failing.plugins or {}, passing.plugins or {}
    if failing.plugins is None or passing.plugins is None:
        return {}
    names = sorted(before.keys() ^ after.keys())
    installed = (failing.distributions or {}).keys() & (passing.distributions or {}).keys()
    return {
        f"plugin {name}": [before.get(name), after.get(name)]
        for name in names
        if "debugloop" not in name and normalised(name) in installed
    }


def _told(run: RunFacts, *, has_ini: bool) -> dict[str, list[str]]:
    ini = run.ini_options or {} if has_ini else {}
    return given_options(run.command_line or (), run.environment or {}, ini, Path(run.rootdir or "/"))
