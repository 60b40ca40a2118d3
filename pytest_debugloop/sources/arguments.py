"""From the command line of a recorded run to the arguments of its rerun.

What to run is the plan's, and nothing is to be written, repeated or stopped early; all that decides how a test runs
stays: plugins, configuration, warnings, import mode, and the options of plugins and of ``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pytest_debugloop.settings import OPTIONS

_FLAGS_LEFT_OUT = """
    --exitfirst --lf --last-failed --ff --failed-first --nf --new-first --sw --stepwise --sw-skip --stepwise-skip
    --sw-reset --stepwise-reset --cache-clear --co --collect-only --collectonly --pdb --trace --setup-only --setup-plan
    --setuponly --setupplan --pyargs --keep-duplicates
    --looponfail --dist-no-rsync --force-reruns --rerun-show-tracebacks --cumulative-timing --force-flaky
    --no-flaky-report --no-success-flaky-report
    --no-cov --no-cov-on-fail --cov-append --cov-branch --cov-reset --self-contained-html --json-report
    --store-durations --clean-durations --picked --testmon --suppress-no-test-exit-code
    """
_OWN_THAT_STAY = "capture capture_exclude all_locals max_ redact_ repr environment"
_OWN_KEPT = tuple(f"debugloop_{name}" for name in _OWN_THAT_STAY.split())  # they decide what is seen of a failure
_OWN_DROPPED = [option for option in OPTIONS if not option.name.startswith(_OWN_KEPT)]
_OWN_FLAGS = {option.flag for option in _OWN_DROPPED if option.metavar is None}
_FLAGS_DROPPED = {*_FLAGS_LEFT_OUT.split(), *_OWN_FLAGS, *(flag.replace("--", "--no-", 1) for flag in _OWN_FLAGS)}
_VALUES_LEFT_OUT = """
    --maxfail --deselect --lfnf --last-failed-no-failures --ignore --ignore-glob --basetemp --rootdir --log-file
    --junitxml --junit-xml --junitprefix --junit-prefix --result-log --resultlog --report-log --html --css
    --json-report-file --alluredir --cov-config --cov-report --cov-fail-under --cov-context
    --numprocesses --maxprocesses --max-worker-restart --dist --tx --px --rsyncdir --rsyncignore --testrunuid
    --maxschedchunk --reruns --reruns-delay --only-rerun --rerun-except --retries --retry-delay --retry-outcome
    --max-runs --min-passes --randomly-seed --splits --group --durations-path --splitting-algorithm --shard-id
    --num-shards --test-groups --test-group --pastebin
    """
_VALUES_DROPPED = {*_VALUES_LEFT_OUT.split(), *(option.flag for option in _OWN_DROPPED if option.metavar is not None)}
_MAYBE_VALUES_DROPPED = frozenset({"--cov", "--debug"})  # argparse: nargs="?"
_VALUES_THAT_STAY = """
    --config-file --override-ini --pythonwarnings --import-mode --confcutdir --tb --capture --show-capture --color
    --code-highlight --verbosity --durations --durations-min --log-level --log-format --log-date-format
    --log-cli-level --log-cli-format --log-cli-date-format --log-file-mode --log-file-level --log-file-format
    --log-file-date-format --log-auto-indent --log-disable --assert --doctest-report --doctest-glob --pdbcls
    --timeout --timeout-method --session-timeout --count --repeat-scope --asyncio-mode --ds --dc
    --hypothesis-profile --hypothesis-seed --hypothesis-verbosity --random-order-seed --random-order-bucket
    """
_VALUES_KEPT = {
    *_VALUES_THAT_STAY.split(),
    *(option.flag for option in OPTIONS if option.metavar is not None and option not in _OWN_DROPPED),
}
_SHORT_FLAGS_DROPPED = frozenset("xfd")
_SHORT_FLAGS_KEPT = frozenset("vqslhV")
_SHORT_VALUES_DROPPED = frozenset("kmn")
_SHORT_VALUES_KEPT = frozenset("pcoWr")
_CONFIGURATION = ("--config-file", "-c")
_REDACTED = "[redacted"


class Arguments(NamedTuple):
    """What is left of a command line.

    Attributes:
        kept: in order.
        redacted: the options whose value the record does not hold.
    """

    kept: tuple[str, ...]
    redacted: tuple[str, ...]


def rerun_arguments(command_line: Sequence[str], rootdir: Path) -> Arguments:
    """Take out of a command line what says which tests run, where results go, how often and in how many processes.

    A word after an option that is not known here is taken for a test where it names a path or a node id, and for the
    option's value otherwise.

    Args:
        command_line: what pytest was given, without its own name.
        rootdir: to tell paths from values.
    """
    kept: list[str] = []
    redacted: list[str] = []
    for option, words in options_of(list(command_line), rootdir):
        if any(_REDACTED in word for word in words):
            redacted.append(option)
        elif not _is_dropped(option, words):
            kept += _of_rootdir(words, rootdir) if option in _CONFIGURATION else words
    return Arguments(tuple(kept), tuple(dict.fromkeys(redacted)))


def _of_rootdir(words: list[str], rootdir: Path) -> list[str]:
    """Name the configuration file from rootdir, where it is: the run may have been started elsewhere."""
    option = next(name for name in _CONFIGURATION if words[0].startswith(name))
    value = words[0][len(option) :].removeprefix("=") or "".join(words[1:])
    name = value.rpartition("/")[2]
    if not name or _exists(rootdir / value) or not _exists(rootdir / name):
        return words
    return [option, name]


def option_values(command_line: Sequence[str], rootdir: Path, *names: str) -> list[str]:
    """Give the values that an option was given, in order.

    Args:
        command_line: what pytest was given.
        rootdir: to tell paths from values.
        *names: the spellings of the option.
    """
    found = []
    for option, words in options_of(list(command_line), rootdir):
        if option in names:
            rest = words[0][len(option) :].removeprefix("=")
            found += [rest] if rest else words[1:]
    return found


def is_known_option(option: str) -> bool:
    """Tell whether an option is one whose meaning is known here.

    Args:
        option: with its dashes, without a value.
    """
    return option in _VALUES_KEPT or option in _VALUES_DROPPED or option in _MAYBE_VALUES_DROPPED


def readings_of_letters(option: str) -> Iterator[tuple[str, str]]:
    """Give each way to read letters after one dash of which the first is a plugin's: it may take the rest, or nothing.

    Args:
        option: such as ``-Zcfile``.

    Yields:
        An option, and what would be its value: ``-Z`` and ``cfile``, then ``-c`` and ``file``.
    """
    for index, letter in enumerate(option[1:], 2):
        yield f"-{letter}", option[index:]
        if letter.islower() and letter not in _SHORT_FLAGS_DROPPED | _SHORT_FLAGS_KEPT:
            return  # small letters are pytest's own: this one takes the rest, or there is none


def _is_dropped(option: str, words: Sequence[str]) -> bool:
    if not option:
        return True
    if option.startswith("--"):
        return option in _FLAGS_DROPPED or option in _VALUES_DROPPED or option in _MAYBE_VALUES_DROPPED
    return option[1:] in _SHORT_FLAGS_DROPPED | _SHORT_VALUES_DROPPED


def options_of(words: list[str], rootdir: Path) -> Iterator[tuple[str, list[str]]]:
    """Take a command line apart.

    Args:
        words: that pytest was given.
        rootdir: to tell paths from values.

    Yields:
        Each option with the words that it is made of; an empty option for a test, a file or a folder.
    """
    place = 0
    while place < len(words):
        word = words[place]
        following = words[place + 1] if place + 1 < len(words) else None
        if word == "--":
            yield from (("", [rest]) for rest in words[place:])
            return
        if word.startswith("--"):
            option = word.partition("=")[0]
            takes = int("=" not in word and _takes_next(option, following, rootdir))
            yield option, words[place : place + 1 + takes]
            place += takes
        elif word.startswith("-") and len(word) > 1:
            takes = yield from _short_options(word, following)
            place += takes
        else:
            yield "", [word]
        place += 1


def _takes_next(option: str, following: str | None, rootdir: Path) -> bool:
    if following is None:
        return False
    if option in _VALUES_DROPPED or option in _VALUES_KEPT:
        return True
    if following.startswith("-") or option in _FLAGS_DROPPED:
        return False
    return not _is_selection(following, rootdir)


def _is_selection(word: str, rootdir: Path) -> bool:
    path = word.partition("::")[0].partition("[")[0]
    return "::" in word or word.endswith(".py") or _exists(rootdir / path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a NUL in it
        return False


def _short_options(word: str, following: str | None) -> Generator[tuple[str, list[str]], None, int]:
    """Take a cluster such as ``-vxk name`` apart; returns how many of the words after it belong to it."""
    letters = word[1:]
    for index, letter in enumerate(letters):
        rest = letters[index + 1 :]
        if letter in _SHORT_VALUES_DROPPED or letter in _SHORT_VALUES_KEPT:
            is_behind = not rest and following is not None
            yield f"-{letter}", [f"-{letter}{rest}", *([str(following)] if is_behind else [])]
            return int(is_behind)
        if letter in _SHORT_FLAGS_DROPPED or letter in _SHORT_FLAGS_KEPT:
            yield f"-{letter}", [f"-{letter}"]
        else:
            yield f"-{letters[index:]}", [f"-{letters[index:]}"]
            break
    return 0
