"""Which environment variables differ between two runs, and which of them a test reads."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.facts import Facts, Pending, RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.naming import Mentions, Named, Wanted, by_key, escaped, nearest_namings
from pytest_debugloop.sources.variables import differing_variables, is_always_kept, tells_of_surroundings
from pytest_debugloop.text import strategies

_WHOLE, _FIELD, _PART, _BEGINNING = 4, 3, 2, 1
_SHORTEST_PART = 3
_MAX_OTHERS = 20
_PROXIES = [
    made for name in ("HTTP", "HTTPS", "ALL", "NO", "FTP") for made in (f"{name}_PROXY", f"{name.lower()}_proxy")
]
# Where code asks for them by other names than their own: the last part of what is called, or what is imported for it.
_ASKED_BY = {
    "HOME": frozenset({"home", "expanduser"}),
    "USER": frozenset({"getuser"}),
    "LOGNAME": frozenset({"getuser", "getlogin"}),
    "TZ": frozenset({"tzset"}),
    "PATH": frozenset({"which"}),
    **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), frozenset({"gettempdir", "mkdtemp", "mkstemp"})),
    **dict.fromkeys(("COLUMNS", "LINES"), frozenset({"get_terminal_size", "ArgumentParser", "HelpFormatter", "rich"})),
    **dict.fromkeys(_PROXIES, frozenset({"getproxies", "urlopen", "ProxyHandler", "requests", "httpx", "aiohttp"})),
    **dict.fromkeys(("LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES"), frozenset({"setlocale", "getlocale", "gettext"})),
    **dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR"), frozenset({"create_default_context", "requests", "httpx"})),
    **dict.fromkeys(("NO_COLOR", "FORCE_COLOR", "TERM"), frozenset({"rich", "click", "colorama", "termcolor"})),
    "BROWSER": frozenset({"webbrowser"}),
    "PYTHONHASHSEED": frozenset({"hash", "set", "frozenset"}),
}
_SETTINGS = frozenset({"BaseSettings", "env_prefix", "envvar_prefix", "auto_envvar_prefix"})


def compare_variables(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, found: Findings) -> None:
    """Add the environment variables that differ to what was found.

    Args:
        one: the recovery.
        failing: the run of the failure.
        passing: the run of the success.
        facts: what the database knows.
        found: is added to.
    """
    if failing.environment is None or passing.environment is None:
        found.missing.append("environment")
        return
    changed = facts.remembered(("variables", failing.id, passing.id), lambda: _differing(failing, passing))
    names = sorted(changed, key=lambda name: (tells_of_surroundings(name), not is_always_kept(name), name))
    named = nearest_namings([wanted_variable(name) for name in names], one, failing, passing, facts)
    situations = {name: _situation(name, by_key(named, name), passing) for name in names}
    tied = sorted(filter(situations.get, names), key=lambda name: -weights.ODDS[situations[name]])
    others = [name for name in names if name not in tied]
    if others:
        found.evidence["other_environment"] = others[:_MAX_OTHERS]
    if tied:
        found.evidence["environment"] = {name: changed[name] for name in tied}
        found.explain(strategies.ENVIRONMENT, *(situations[name] for name in tied))
        # Beside the interpreter, which was looked at before.
        found.candidates[strategies.ENVIRONMENT].sort(key=lambda situation: -weights.ODDS[situation])


def _differing(failing: RunFacts, passing: RunFacts) -> dict[str, list[Any]]:
    sides = ((run.environment or {}, run.variables) for run in (failing, passing))
    return differing_variables(*sides)


def _situation(name: str, named: Named, run: RunFacts) -> str:
    """Say what a variable is to the test; nothing where it says nothing of what is run."""
    if named.distance is not None and named.degree > _BEGINNING:
        steps = named.distance + 2 * (named.degree == _PART)
        return weights.at(weights.VARIABLE_NAMED, steps)
    if tells_of_surroundings(name):
        return ""
    if is_always_kept(name) or _is_of_distribution(name, run):
        return weights.VARIABLE
    return weights.VARIABLE_ELSEWHERE if named.degree else weights.VARIABLE_OF_NOBODY


def _is_of_distribution(name: str, run: RunFacts) -> bool:
    """Tell a variable that is called like something that is installed: ``DJANGO_DEBUG``, ``NUMPY_MADVISE_HUGEPAGE``."""
    words = name.lower().split("_")
    beginnings = {"-".join(words[:count]) for count in range(1, len(words))}
    return bool(beginnings & (run.distributions or {}).keys())


def wanted_variable(name: str) -> Wanted:
    """Say how code names an environment variable.

    Args:
        name: of it.
    """
    words = name.split("_")
    low = name.lower()
    asked_by = _ASKED_BY.get(name, frozenset())
    begin = ["_".join(words[:count]).lower() for count in range(1, len(words)) if len("_".join(words[:count])) > 1]
    end = ["_".join(words[count:]).lower() for count in range(1, len(words))]
    begin_with_sign, end_with_sign = [f"{part}_" for part in begin], [f"_{part}" for part in end]

    def degree(mentioned: Mentions) -> int:
        if name in mentioned.texts or asked_by & mentioned.names:
            return _WHOLE
        texts = {text.lower() for text in mentioned.texts}
        if low in mentioned.names and mentioned.names & _SETTINGS:
            return _FIELD  # a field of settings that are read from variables of its name
        if low in texts or texts.intersection(begin_with_sign) or texts.intersection(end_with_sign):
            return _PART
        parts = texts.intersection(part for part in begin if len(part) >= _SHORTEST_PART)
        return (_PART if mentioned.names & _SETTINGS else _BEGINNING) if parts else 0

    quoted = (
        f"[\"']({escaped([low, *begin, *begin_with_sign, *end_with_sign])})[\"'{{]" if begin else f"[\"']{low}[\"']"
    )
    quoted += f"|}}({escaped(end_with_sign)})[\"']" if end_with_sign else ""
    quoted += f"|{escaped(sorted(asked_by))}" if asked_by else ""
    return Wanted(name, f"{quoted}|(^|[^A-Za-z0-9_]){escaped([low])} *[:=]", degree)
