"""What a rerun runs, and where what it is to see again happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class Where(NamedTuple):
    """Where something failed, whatever it said.

    Attributes:
        exception: the qualified name of its class.
        frames: file and line of the project's frames, innermost first.
    """

    exception: str
    frames: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, exception: str | None, places: Iterable[Sequence[Any]] | None) -> Where | None:
        """Read it from what an error's metadata have; None where there is no frame.

        Args:
            exception: as in the metadata.
            places: the ``code`` of the metadata.
        """
        frames = tuple((str(file), int(line)) for file, line, role in places or () if role == "frame")
        return cls(exception, frames) if exception and frames else None


class Planned(NamedTuple):
    """A test that a rerun runs.

    Attributes:
        name: as in the record.
        task: its name across runs: what is left of it where an address or a moment is in its name.
    """

    name: str
    task: str | None = None
