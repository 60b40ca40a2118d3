"""The source of a file as the record has it: the functions that a run loaded."""

from __future__ import annotations

from typing import NamedTuple


class StoredUnit(NamedTuple):
    """A function, or the rest of a class or a module.

    Attributes:
        function: its qualified name.
        first: its first line in the file, from 1.
        last: its last line.
        text: its source without indentation, and, of a class or a module, without the functions in it.
    """

    function: str
    first: int
    last: int
    text: str


class StoredFile(NamedTuple):
    """A source file as a run loaded it.

    Attributes:
        file: its path from the run's rootdir.
        hash: of what was in it, as git makes it, without secrets.
        units: its functions and what is left; none where they were not recorded.
    """

    file: str
    hash: str
    units: tuple[StoredUnit, ...]
