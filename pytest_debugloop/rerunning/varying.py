"""What makes a flake fail: one thing around a test is varied at a time, and compared with the test as it ran.

First each setting is tried once; the first of an axis with which the test goes otherwise than it mostly does is run as
often as the test as it was. Only these runs are counted, so that what was noticed by chance is no evidence.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from pytest_debugloop.rerunning.environment import HASH_SEED
from pytest_debugloop.rerunning.outcome import Ending, Outcome
from pytest_debugloop.rerunning.plan import Plan
from pytest_debugloop.rerunning.rate import difference_by_chance

CLOCKS = ("time_machine", "freezegun")
"""Modules that set the clock of a process, the better one first."""

_SEEDS = (1, 2, 3, 4, 5)
_ZONES = ("UTC", "Asia/Tokyo", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago")
# In UTC: a month's and a year's end, a leap day, summer time's beginning in Europe and its end in New York.
_MOMENTS = (
    *("2025-01-31T23:59:58", "2027-12-31T23:59:58", "2028-02-29T12:00:00"),
    *("2026-03-29T00:59:58", "2026-11-01T05:59:58"),
)
_LOCALES = ("de_DE.utf8", "tr_TR.utf8", "ja_JP.utf8")
_ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
_LOADED_TRIES = 2
# Ends by itself where whoever started it is gone.
_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of what is varied.

    Attributes:
        axis: what is varied.
        value: for people.
        plan: of the reruns with it.
        busy: how many processes compute meanwhile.
    """

    axis: str
    value: str
    plan: Plan
    busy: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is not varied.

    Attributes:
        axis: what.
        reason: why, in some words.
    """

    axis: str
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A setting with which the test was run as often as without it.

    Attributes:
        failures: how often it failed with it, of ``runs``.
        p_value: the chance of such a difference where there is none.
    """

    setting: Setting
    failures: int
    runs: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Varied:
    """What was found.

    Attributes:
        failures: how often it failed as it was, of ``runs``.
        compared: at most one setting of each axis.
        tried: the axes that were varied.
        skipped: those that were not.
    """

    failures: int
    runs: int
    compared: tuple[Compared, ...]
    tried: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def base_of(plan: Plan) -> Plan:
    """Give the plan that others are compared with: as it was, with a hash seed of 0 where that was random.

    Args:
        plan: of the test as it ran.
    """
    seed = plan.environment.get(HASH_SEED, os.environ.get(HASH_SEED))
    return plan if seed not in (None, "", "random") else _with(plan, {HASH_SEED: "0"})


def settings_of(plan: Plan, *, locales: Sequence[str], seed: int = 0) -> Iterator[Setting | Skipped]:
    """List what can be varied around a test.

    Args:
        plan: of the test as it ran.
        locales: that this machine has.
        seed: of the random orders.
    """
    yield from (Setting("hash seed", str(one), _with(plan, {HASH_SEED: str(one)})) for one in _SEEDS)
    if len(plan.before) > 1:
        for number in range(len(_SEEDS)):
            before = list(plan.before)
            random.Random(seed + number).shuffle(before)  # noqa: S311 - an order is no secret
            yield Setting("order", f"shuffled, {number + 1}", plan.only(before))
    else:
        yield Skipped("order", "fewer than two tests ran before it")
    if plan.before:
        yield Setting("alone", "nothing before it", plan.alone())
    else:
        yield Skipped("alone", "nothing ran before it")
    clock = next((name for name in CLOCKS if find_spec(name) is not None), None)
    if clock is None:
        yield Skipped("clock", f"neither {' nor '.join(CLOCKS)} is installed")
    else:
        yield from (Setting("clock", one, replace(plan, clock=f"{clock} {one}")) for one in _MOMENTS)
    yield from (Setting("time zone", one, _with(plan, {"TZ": one})) for one in _ZONES)
    yield Setting("locale", "C, ASCII", _with(plan, _ASCII))
    known = {name.replace("-", "").lower() for name in locales}
    found = [name for name in _LOCALES if name.replace("-", "").lower() in known]
    yield from (Setting("locale", one, _with(plan, {"LC_ALL": one})) for one in found)
    busy = 2 * (os.cpu_count() or 1)
    yield from (Setting("load", f"{busy} busy processes", plan, busy) for _ in range(_LOADED_TRIES))


def _with(plan: Plan, variables: dict[str, str]) -> Plan:
    return replace(plan, environment={**plan.environment, **variables})


def vary(
    base: Setting,
    settings: Sequence[Setting | Skipped],
    fails: Callable[[Setting], bool | None],
    *,
    times: int,
) -> Varied:
    """Find what makes a difference to a test.

    Args:
        base: the test as it was.
        settings: of :func:`settings_of`.
        fails: runs the test once, and tells whether it failed as it is recorded; None where it was not tried.
        times: runs of what is counted.
    """
    answers = _answers(base, fails, times)
    failures, runs = sum(answers), len(answers)
    usual = 2 * failures > runs
    compared: list[Compared] = []
    tried = list(dict.fromkeys(one.axis for one in settings if isinstance(one, Setting)))
    for axis in tried if runs else ():
        for setting in settings:
            if not isinstance(setting, Setting) or setting.axis != axis or fails(setting) in (None, usual):
                continue
            with_it = _answers(setting, fails, times)
            if with_it:
                p_value = difference_by_chance(failures, runs, sum(with_it), len(with_it))
                compared.append(Compared(setting, sum(with_it), len(with_it), p_value))
            break
    skipped = tuple(one for one in settings if isinstance(one, Skipped))
    return Varied(failures, runs, tuple(compared), tuple(tried), skipped)


def _answers(setting: Setting, fails: Callable[[Setting], bool | None], times: int) -> list[bool]:
    return [answer for _ in range(times) if (answer := fails(setting)) is not None]


def failed_as_recorded(outcome: Outcome, plan: Plan) -> bool | None:
    """Tell whether a test failed as it is recorded; None where it was not run to its end.

    Args:
        outcome: of the rerun.
        plan: of it.
    """
    if not outcome.is_tried:
        return None
    return outcome.ending in (Ending.SAME, Ending.ALIKE) or (
        outcome.error is not None and outcome.error == plan.error_code
    )


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Have processes compute for nothing.

    Args:
        count: how many.
    """
    words = [sys.executable, "-S", "-E", "-c", _BUSY]
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True))
            stack.callback(process.kill)
        yield


def known_locales() -> list[str]:
    """List the locales of this machine; none where it does not say."""
    try:
        done = subprocess.run(["locale", "-a"], capture_output=True, timeout=10, check=False)  # noqa: S607 - POSIX's
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.decode("utf-8", "replace").split()
