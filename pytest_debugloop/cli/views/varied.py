"""What ``debugloop reproduce --vary`` says, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_debugloop.answers.significance import adjusted
from pytest_debugloop.cli.output import show
from pytest_debugloop.rerunning.rate import failure_rate
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import counted, percent

if TYPE_CHECKING:
    from pytest_debugloop.cli.views.rerun import RerunPrinter
    from pytest_debugloop.rerunning.varying import Compared, Varied

_MAX_FALSE = 0.05


@dataclass(frozen=True, slots=True)
class Found:
    """A setting that was compared.

    Attributes:
        q_value: the share of false ones among all that would be called as sure as this one.
    """

    compared: Compared
    q_value: float

    @property
    def is_significant(self) -> bool:
        """Whether the difference is more than chance, for as many axes as were varied."""
        return self.q_value < _MAX_FALSE


def found_of(varied: Varied) -> list[Found]:
    """Say which differences are more than chance; an axis on which nothing was noticed counts as one without any.

    Args:
        varied: what was measured.
    """
    p_values = [one.p_value for one in varied.compared]
    q_values = adjusted(p_values, max(len(varied.tried), len(p_values))) if p_values else []
    found = [Found(one, q_value) for one, q_value in zip(varied.compared, q_values, strict=True)]
    return sorted(found, key=lambda one: one.q_value)


def print_varied(printer: RerunPrinter, varied: Varied, found: Sequence[Found]) -> None:
    """Say what matters to a test.

    Args:
        printer: of the reruns.
        varied: what was measured.
        found: of it.
    """
    if printer.as_json:
        facts = {
            "runs": varied.runs,
            "failures": varied.failures,
            "axis": found[0].compared.setting.axis if found and found[0].is_significant else None,
            "tried": varied.tried,
            "skipped": {one.axis: one.reason for one in varied.skipped},
            "compared": [
                {
                    "axis": one.compared.setting.axis,
                    "value": one.compared.setting.value,
                    "failures": one.compared.failures,
                    "runs": one.compared.runs,
                    "p_value": one.compared.p_value,
                    "q_value": one.q_value,
                    "is_significant": one.is_significant,
                }
                for one in found
            ],
        }
        reproduced = varied.failures > 0 or any(one.compared.failures for one in found)
        printer.write({"reproduced": reproduced, "rate": None, "bisect": None, "vary": facts}, [])
    else:
        show(varied_lines(varied, found), paging=False)


def varied_lines(varied: Varied, found: Sequence[Found]) -> Iterator[Line]:
    """Say what matters to a test, for people.

    Args:
        varied: what was measured.
        found: of it.
    """
    for skipped in varied.skipped:
        yield Line.of(f"not varied: {skipped.axis}: {skipped.reason}", "warn")
    if not varied.runs:
        yield Line.of("It never ran to the end: there is nothing to measure.", "warn")
        return
    yield Line.of(f"as it was: failed {_share(varied.failures, varied.runs)}")
    for one in found:
        setting = one.compared.setting
        share = _share(one.compared.failures, one.compared.runs)
        text = f"{setting.axis} ({printable(setting.value)}): failed {share}, q = {one.q_value:.2g}"
        yield Line.of(text, "fail" if one.is_significant else "faint")
    matters = [one.compared.setting.axis for one in found if one.is_significant]
    if matters:
        yield Line.of(f"makes a difference: {' and '.join(matters)}", "fail")
    else:
        yield Line.of(f"no significant difference: {', '.join(varied.tried)}", "pass")


def _share(failures: int, runs: int) -> str:
    rate = failure_rate(failures, runs)
    return f"{failures:,} of {counted(runs, 'time')} ({percent(rate.low)} to {percent(rate.high)})"
