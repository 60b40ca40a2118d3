"""What of a record a rerun takes only from those whom the user trusts.

Who can write to a record, as on a server of many or by journals that are loaded, chooses what is run again. Without
trust that is tests and options of this checkout alone: nothing that brings in code or configuration from elsewhere,
leads tests to another place, or writes to one. Places are compared as the file system has them, and not as they are
spelt: ``..`` and links are followed.
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
from pytest_debugloop.capture.variables import ENVIRONMENT
from pytest_debugloop.rerunning.elsewhere import option_leads_elsewhere, variable_leads_elsewhere
from pytest_debugloop.rerunning.environment import is_left_alone
from pytest_debugloop.sources.arguments import is_known_option, options_of, readings_of_letters
from pytest_debugloop.sources.checkout import text_of

MAX_WORKERS = 64
"""Of pytest-xdist, without trust."""

_OVERRIDES = ("-o", "--override-ini")
_THE_USERS_OWN = ("--pdbcls",)  # who debugs says in which debugger
_PLUGIN = re.compile(r"(no:)?[\w.-]+")
_BETWEEN = re.compile(rf"[\s,;=@|&<>(){{}}\[\]\"'{os.pathsep}]+")
_QUOTING = re.compile(r"[\\\"']")
_EXPANDED = re.compile(r"~|.*\$[\w{]", re.DOTALL)  # what many a reader of a path puts another text for
_NUMBER = re.compile(r"-\d+(\.\d*)?")
_NOT_ITS_OWN = frozenset({"..", ".git", ".debugloop"})  # what is there came with a commit, or with a record
_MAX_FILES = 20_000
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
    # pytest reads more options from the file after an @, wherever the word stands, and knows an option by its dash.
    if given[0].startswith("@") or any(_is_no_value(word) for word in given[1:]):
        return True
    value = given[0][len(option) :].removeprefix("=") or " ".join(given[1:])
    if option == "-p":
        return not _PLUGIN.fullmatch(value)
    if option in _OVERRIDES:
        key = value.partition("=")[0].strip()
        return key == "addopts" or option_leads_elsewhere(key) or leads_out(value, rootdir)  # addopts: options again
    if option.startswith("--") and not is_known_option(option) and value and option_leads_elsewhere(option):
        return True
    if option.startswith("--") or len(option) <= len("-c"):
        return leads_out(value, rootdir)
    return any(_is_doubtful(one, [f"{one}{rest}"], rootdir) for one, rest in readings_of_letters(option) if one != "-p")


def _is_no_value(word: str) -> bool:
    return word.startswith("@") or (word.startswith("-") and _NUMBER.fullmatch(word) is None)


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
    One that leads elsewhere, by its value or by its name, has the value that it has now.

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
    # A usual one that the record does not have was not set.
    for name, value in (*recorded.items(), *_withheld(recorded, current)):
        if value == current.get(name) or is_left_alone(name, value):
            kept[name] = value
        elif name == "PYTEST_ADDOPTS" and value is not None:
            taken = trusted_arguments(_words(value), rootdir)
            kept[name] = shlex.join(taken.kept)
            doubtful += (f"{words} in {name}" for words in taken.doubtful)
        elif (name in named or is_usual(name)) and not _is_doubtful_variable(name, value or "", rootdir):
            kept[name] = value
        else:
            doubtful.append(f"{name} unset" if value is None else f"{name}={value}")
            kept[name] = current.get(name)
    return TakenEnvironment(kept, tuple(doubtful))


def _withheld(recorded: Mapping[str, str | None], current: Mapping[str, str]) -> Iterator[tuple[str, None]]:
    """Give the variables of now that lead elsewhere, and would be taken out, for the record does not have them."""
    is_usual = glob_matcher(ENVIRONMENT)
    for name in current.keys() - recorded.keys():
        if is_usual(name) and variable_leads_elsewhere(name):
            yield name, None


def _is_doubtful_variable(name: str, value: str, rootdir: Path) -> bool:
    if name == "PYTEST_PLUGINS":
        return not all(_PLUGIN.fullmatch(module.strip()) for module in value.split(",") if module)
    return "=" in name or variable_leads_elsewhere(name) or leads_out(value, rootdir)


def _named_in_code(names: set[str], rootdir: Path) -> set[str]:
    """Find which names stand in quotes in the Python files of the checkout."""
    wanted = {name: re.compile(rf"""['"]{name}['"]""") for name in names}
    for file in islice(_python_files(rootdir), _MAX_FILES):
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
    return "://" in value or any(_EXPANDED.match(part) or is_outside(part, rootdir) for part in _places(value))


def _places(value: str) -> Iterator[str]:
    """Give what may be a place in a value, with quotes and without: a shell reads ``"."./x`` as ``../x``."""
    for text in {value, _QUOTING.sub("", value)}:
        yield text
        yield text.partition("=")[2]
        yield from _BETWEEN.split(text)


def is_outside(path: str, rootdir: Path) -> bool:
    """Tell whether a path leads out of the checkout, or to what git or a record has put into it.

    Args:
        path: from rootdir, or from the root of the file system.
        rootdir: of the checkout.
    """
    return not _is_below(path, rootdir)


def _is_below(path: str, folder: Path) -> bool:
    try:
        below = os.path.relpath(os.path.realpath(folder / path), os.path.realpath(folder))
    except (OSError, ValueError):  # with a NUL in it, or text that no file can be named by
        return False
    return _NOT_ITS_OWN.isdisjoint(Path(below.casefold()).parts)


def collects_outside(path: str, rootdir: Path) -> bool:
    """Tell whether pytest, where it is given a path, collects what is not in the checkout.

    Args:
        path: from rootdir; of a folder where it could not be collected, or was skipped as a whole.
        rootdir: of the checkout.
    """
    if is_outside(path, rootdir):
        return True
    return any(entry.is_symlink() and is_outside(str(entry), rootdir) for entry in _entries(rootdir / path))


def _entries(folder: Path) -> Iterator[Path]:
    for place, below, files in os.walk(folder):
        if "pyvenv.cfg" in files:
            below.clear()
            continue
        yield from (Path(place, name) for name in (*below, *files))


def is_same_checkout(rootdir: Path, recorded: Path) -> bool:
    """Tell whether two folders belong together: one git repository, or one below the other.

    Args:
        rootdir: of the checkout here.
        recorded: of the run.
    """
    recorded = Path(os.path.realpath(recorded))
    if _is_below(str(recorded), rootdir):
        return True
    repository = _repository(Path(os.path.realpath(rootdir)))
    return repository is not None and repository == _repository(recorded) and _is_below(str(recorded), repository)


def _repository(folder: Path) -> Path | None:
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
