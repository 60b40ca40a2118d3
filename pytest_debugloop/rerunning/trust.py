"""What of a record a rerun takes only from those whom the user trusts.

Who can write to a record, as on a server of many or by journals that are loaded, chooses what is run again. Without
trust that is tests and options of this checkout alone: nothing that brings in code or configuration from elsewhere,
leads tests to another place, or writes to one.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pytest_debugloop.capture.globs import glob_matcher
from pytest_debugloop.capture.snapshot import ENVIRONMENT
from pytest_debugloop.rerunning.arguments import options_of
from pytest_debugloop.rerunning.environment import is_left_alone
from pytest_debugloop.sources.checkout import text_of

MOST_WORKERS = 64
"""Of pytest-xdist, without trust."""

_OVERRIDES = ("-o", "--override-ini")
_THE_USERS_OWN = ("--pdbcls",)  # who debugs says in which debugger
_PLUGIN = re.compile(r"(no:)?[\w.-]+")
_BETWEEN = re.compile(rf"[\s,;=\[\]\"'{os.pathsep}]+")
_MOST_FILES = 20_000
_VARIABLE = re.compile(r"\w+", re.ASCII)


class Taken(NamedTuple):
    """What is taken of words of a command line.

    Attributes:
        kept: in order.
        doubtful: what is left out, as it was given.
    """

    kept: tuple[str, ...]
    doubtful: tuple[str, ...]


def trusted_arguments(words: Sequence[str], rootdir: Path) -> Taken:
    """Take the options that need no trust in who recorded them.

    Args:
        words: options, without tests.
        rootdir: of the checkout.
    """
    kept: list[str] = []
    doubtful: list[str] = []
    for option, given in options_of(list(words), rootdir):
        if option in _THE_USERS_OWN:
            continue
        if _is_doubtful(option, given, rootdir):
            doubtful.append(" ".join(given))
        else:
            kept += given
    return Taken(tuple(kept), tuple(doubtful))


def _is_doubtful(option: str, given: Sequence[str], rootdir: Path) -> bool:
    value = given[0][len(option) :].removeprefix("=") or " ".join(given[1:])
    if option == "-p":
        return not _PLUGIN.fullmatch(value)
    if option in _OVERRIDES and value.partition("=")[0].strip() == "addopts":
        return True  # options again
    return leads_out(value, rootdir)


class TakenEnvironment(NamedTuple):
    """What is taken of the recorded environment.

    Attributes:
        kept: the value of each variable, None for one that is not to be set: of what is left out, the value now.
        doubtful: what is left out: variables, and options that one of them holds.
    """

    kept: dict[str, str | None]
    doubtful: tuple[str, ...]


def trusted_environment(
    recorded: Mapping[str, str | None], current: Mapping[str, str], rootdir: Path, own_variables: Sequence[str]
) -> TakenEnvironment:
    """Take the variables that need no trust in who recorded them: those that are recorded here, too.

    As when they were recorded these are the usual ones, those of the user's patterns, and those that the code names.

    Args:
        recorded: the variables of the run, None for one that was not set.
        current: the environment now.
        rootdir: of the checkout.
        own_variables: patterns of the names that the user has recorded beside the usual ones.
    """
    is_usual = glob_matcher((*ENVIRONMENT, *own_variables))
    others = {name for name in recorded if _VARIABLE.fullmatch(name) and not is_usual(name)}
    named = _named_in_code(others, rootdir) if others else set()
    kept: dict[str, str | None] = {}
    doubtful: list[str] = []
    for name, value in recorded.items():
        if is_left_alone(name, value):
            kept[name] = value
        elif name == "PYTEST_ADDOPTS" and value is not None:
            taken = trusted_arguments(_words(value), rootdir)
            kept[name] = shlex.join(taken.kept)
            doubtful += (f"{words} in {name}" for words in taken.doubtful)
        elif (name in named or is_usual(name)) and "=" not in name and not leads_out(value or "", rootdir):
            kept[name] = value
        elif value != current.get(name):
            doubtful.append(f"{name} unset" if value is None else f"{name}={value}")
            kept[name] = current.get(name)
    return TakenEnvironment(kept, tuple(doubtful))


def _named_in_code(names: set[str], rootdir: Path) -> set[str]:
    """Find which names stand in quotes in the Python files of the checkout."""
    wanted = {name: re.compile(rf"""['"]{name}['"]""") for name in names}
    for file in islice(_python_files(rootdir), _MOST_FILES):
        text = text_of(file) or ""
        wanted = {name: quoted for name, quoted in wanted.items() if not quoted.search(text)}
        if not wanted:
            break
    return names - wanted.keys()


def _python_files(rootdir: Path) -> Iterator[Path]:
    for place, below, files in os.walk(rootdir):
        if "pyvenv.cfg" in files:
            below.clear()
            continue
        below[:] = sorted(name for name in below if not name.startswith(".") and name != "node_modules")
        yield from (Path(place, name) for name in files if name.endswith(".py"))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote, with which no run begins
        return []


def leads_out(value: str, rootdir: Path) -> bool:
    """Tell whether a value names a place outside of the checkout: a path, or a URL.

    Args:
        value: of an option or a variable; may be several, such as a path of folders.
        rootdir: of the checkout.
    """
    if "://" in value:
        return True
    return any(part.startswith("~") or is_outside(part, rootdir) for part in _BETWEEN.split(value))


def is_outside(path: str, rootdir: Path) -> bool:
    """Tell whether a path leads out of the checkout.

    Args:
        path: from rootdir, or from the root of the file system.
        rootdir: of the checkout.
    """
    below = os.path.relpath(os.path.join(rootdir, path), rootdir)  # noqa: PTH118 - as it is written, links unfollowed
    return below == ".." or below.startswith("../")


def is_same_checkout(rootdir: Path, recorded: Path) -> bool:
    """Tell whether two folders belong together: one git repository, or one below the other.

    Args:
        rootdir: of the checkout here.
        recorded: of the run.
    """
    repository = _repository(rootdir)
    return recorded.is_relative_to(rootdir) or (repository is not None and repository == _repository(recorded))


def _repository(folder: Path) -> Path | None:
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
