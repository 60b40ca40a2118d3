"""What failures of one cause have in common, in words."""

from __future__ import annotations

from pytest_debugloop.text.printable import printable


def cause_title(times: int, error: str, file: str | None, line: int | None, function: str | None) -> str:
    """Say how often something was raised, and where.

    Args:
        times: how many failures have this cause.
        error: the name of the exception's class, else the type of the error.
        file: in which it was raised, from rootdir; None where no code of the project was in it.
        line: there; lines may differ between failures of one cause: it is that of an example.
        function: there, with the names of what it is in.

    Returns:
        Such as ``38 x AttributeError in responses.py:444 FileResponse.__call__``.
    """
    where = "" if file is None else f" in {file}" if line is None else f" in {file}:{line}"
    name = f" {function}" if function and file is not None and function != "<module>" else ""
    return printable(f"{times:,} x {error}{where}{name}")
