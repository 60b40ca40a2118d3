"""Lines of words in styles, which whoever draws them may write to a terminal, a page or a log."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Line:
    """A line.

    Attributes:
        spans: what it says, piece by piece, and in which style: a name of ``STYLES`` of cli/output.py, or none.
            The style of the first is that of the whole line, below those of the others.
        is_cut: whether it ends where the room ends; otherwise it goes on below.
        is_whole: whether nothing breaks it, so that the terminal wraps it and it can be copied.
    """

    spans: tuple[tuple[str, str], ...]
    is_cut: bool = False
    is_whole: bool = False

    @classmethod
    def of(cls, text: str = "", style: str = "", *, is_cut: bool = False, is_whole: bool = False) -> Line:
        """Make a line of one piece.

        Args:
            text: without line ends.
            style: of it.
            is_cut: whether it ends where the room ends.
            is_whole: whether nothing breaks it.
        """
        return cls(((text, style),), is_cut, is_whole)

    def append(self, text: str, style: str = "") -> Line:
        """Give the line with one more piece.

        Args:
            text: without line ends.
            style: of it.
        """
        return replace(self, spans=(*self.spans, (text, style)))

    @property
    def plain(self) -> str:
        """What it says, without styles."""
        return "".join(text for text, _ in self.spans)
