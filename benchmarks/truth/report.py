"""Verdicts as tables: what was said of each case, and how often what is said with some confidence is right."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.truth.recording import Said

BANDS = (0.0, 0.2, 0.5, 0.8)
_LOUD = 0.5
_WIDEST = 90


@dataclass(frozen=True)
class Verdict:
    """What was said, held against the truth.

    Attributes:
        case: its kind and name.
        part: the half that it is of.
        is_right: whether what was said is true.
        said: of its recovery.
    """

    case: tuple[str, str]
    part: str
    is_right: bool
    said: Said

    @property
    def word(self) -> str:
        """``right``; ``wrong`` where what is false is said with a confidence of a half or more; else ``silent``."""
        if self.is_right:
            return "right"
        is_claim = self.said.strategy not in ("", "unknown")
        return "wrong" if is_claim and self.said.confidence >= _LOUD else "silent"

    def as_json(self) -> dict[str, Any]:
        """Give all of it, for whoever fits weights."""
        kind, name = self.case
        said = {"strategy": self.said.strategy, "confidence": self.said.confidence, "path": self.said.path}
        return {
            "kind": kind,
            "name": name,
            "part": self.part,
            "verdict": self.word,
            **said,
            "evidence": self.said.evidence,
        }


class Band(NamedTuple):
    """What was said with a confidence from one bound to the next."""

    low: float
    high: float
    right: int
    said: int


def calibration(said: Iterable[tuple[float, bool]]) -> list[Band]:
    """Count how often what is said is right, by its confidence.

    Args:
        said: the confidence of each claim, and whether it is right.
    """
    claims = list(said)
    bands = []
    for low, high in zip(BANDS, (*BANDS[1:], 1.0), strict=True):
        inside = [is_right for confidence, is_right in claims if low <= confidence < high or confidence == high == 1.0]
        bands.append(Band(low, high, sum(inside), len(inside)))
    return bands


def calibration_lines(said: Iterable[tuple[float, bool]]) -> Iterator[str]:
    """Write the calibration as a table.

    Args:
        said: the confidence of each claim, and whether it is right.
    """
    yield "| confidence | said | right |"
    yield "| --- | --- | --- |"
    for band in calibration(said):
        share = f"{band.right} ({band.right / band.said:.0%})" if band.said else "-"
        yield f"| {band.low} to {band.high} | {band.said} | {share} |"


def case_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Write a table by case.

    Args:
        verdicts: in the order of the table.
    """
    yield "| kind | case | said | verdict |"
    yield "| --- | --- | --- | --- |"
    for verdict in verdicts:
        said = " ".join(str(verdict.said).split()).replace("|", "/")
        short = said if len(said) <= _WIDEST else f"{said[: _WIDEST - 1]}…"
        yield f"| {verdict.case[0]} | {verdict.case[1]} | {short} {verdict.said.confidence} | {verdict.word} |"


def total_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Write how many are right and wrong, by half and in all.

    Args:
        verdicts: of all cases.
    """
    yield "| part | cases | told right | silent | wrong with a half or more |"
    yield "| --- | --- | --- | --- | --- |"
    for part in ("fit", "held", ""):
        words = [verdict.word for verdict in verdicts if part in ("", verdict.part)]
        if words:
            right, silent, wrong = (words.count(word) for word in ("right", "silent", "wrong"))
            yield (
                f"| {part or 'all'} | {len(words)} | {right} ({right / len(words):.0%}) | {silent} |"
                f" {wrong} ({wrong / len(words):.0%}) |"
            )


def mean(values: Iterable[float]) -> float:
    """Give the mean, 0 of nothing.

    Args:
        values: any.
    """
    return statistics.fmean(found) if (found := list(values)) else 0.0
