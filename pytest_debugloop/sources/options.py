"""What pytest was given that may change a test: by its command line, its ini file and the environment."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_debugloop.sources.arguments import options_of, rerun_arguments

_ADDOPTS, _PLUGINS = "PYTEST_ADDOPTS", "PYTEST_PLUGINS"
# What is printed, and where to; no test can see it.
_OF_OUTPUT = frozenset(
    {
        *("-v", "-q", "-r", "-l", "-h", "-V", "--verbose", "--quiet", "--verbosity", "--showlocals", "--no-showlocals"),
        *("--tb", "--color", "--code-highlight", "--show-capture", "--durations", "--durations-min", "--no-header"),
        *("--no-summary", "--full-trace", "--fulltrace", "--disable-warnings", "--disable-pytest-warnings"),
        *(
            "--log-cli-format",
            "--log-cli-date-format",
            "--log-file-format",
            "--log-file-date-format",
            "--log-file-mode",
        ),
        *("--log-file-level", "--xfail-tb", "--force-short-summary", "--fold-skipped", "--no-fold-skipped"),
        *("--pdbcls", "--doctest-report", "--setup-show", "--fixtures", "--no-hints"),
    }
)
_INI_OF_OUTPUT = frozenset(
    {
        *("addopts", "console_output_style", "cache_dir", "junit_suite_name", "junit_logging", "junit_family"),
        *("junit_log_passing_tests", "junit_duration_report", "log_cli", "log_cli_format", "log_cli_date_format"),
        *("log_file", "log_file_format", "log_file_date_format", "log_file_level", "verbosity_assertions"),
        *("verbosity_test_cases", "truncation_limit_lines", "truncation_limit_chars"),
    }
)
_OWN_OR_ASIDE = ("pytest_debugloop", "debugloop", "cacheprovider")
_LONG = {"-W": "--pythonwarnings", "-c": "--config-file", "-o": "--override-ini"}
# What the two spellings of one thing are called in evidence: as people write them.
_SHORT = {long: short for short, long in _LONG.items()}


def given_options(
    command_line: Iterable[str], environment: Mapping[str, Any], ini: Mapping[str, Any], rootdir: Path
) -> dict[str, list[str]]:
    """Give what pytest was given that may change a test, wherever it was given.

    Args:
        command_line: of pytest.
        environment: variables of the run.
        ini: what its ini file says.
        rootdir: to tell paths from values.

    Returns:
        The values of each option, in order; those of an ini file by their own names.
    """
    words = [
        *_words(_text(ini.get("addopts", ""))),
        *_words(environment.get(_ADDOPTS) or ""),
        *command_line,
    ]
    words += [f"-p{name}" for name in (environment.get(_PLUGINS) or "").split(",") if name]
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in ini.items():
        if name not in _INI_OF_OUTPUT and not name.startswith("debugloop"):
            found[name] += _values(value)
    for option, value in _given(words, rootdir):
        if option == "--override-ini":
            name, _, value = value.partition("=")
            if name not in _INI_OF_OUTPUT and not name.startswith("debugloop"):
                found[name] = _values(value)
        else:
            found[_SHORT.get(option, option)].append(value)
    return dict(found)


def _given(words: list[str], rootdir: Path) -> Iterator[tuple[str, str]]:
    """Give option and value of what a command line says of how tests run, and not which or where results go."""
    for option, parts in options_of(list(rerun_arguments(words, rootdir).kept), rootdir):
        name = _LONG.get(option, option)
        if not option or option in _OF_OUTPUT or option.startswith(("--debugloop", "--no-debugloop")):
            continue
        rest = parts[0][len(option) :].removeprefix("=")
        value = rest or " ".join(parts[1:])
        if not (
            option == "-p" and value.removeprefix("no:").startswith(("pytest_debugloop", "debugloop", "cacheprov"))
        ):
            yield name, value


def is_same_option(one: str, other: str) -> bool:
    """Tell whether two spellings are of one option.

    Args:
        one: with its dashes.
        other: the same.
    """
    return _LONG.get(one, one) == _LONG.get(other, other)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # pytest itself says what is wrong with it
        return text.split()


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _values(value: object) -> list[str]:
    """Give the lines of an ini value, or the parts of a list, as texts."""
    parts: Iterable[object] = value if isinstance(value, list) else str(value).splitlines()
    return [text for part in parts if (text := str(part).strip())]


def differing_options(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> dict[str, list[Any]]:
    """Give the options that two runs were given otherwise: before and after, each None where it was not given.

    Args:
        before: what :func:`given_options` gave of the first.
        after: of the second.
    """
    return {
        name: [_one_or_all(before.get(name)), _one_or_all(after.get(name))]
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _one_or_all(values: list[str] | None) -> Any:
    return values[0] if values and len(values) == 1 else values or None
