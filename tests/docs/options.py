"""Writes the table of docs/options.md from the options themselves: ``python -m tests.docs.options``."""

from __future__ import annotations

from pathlib import Path

from pytest_debugloop.settings import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "options.md"
BEGIN, END = "<!-- options: made by `python -m tests.docs.options` -->", "<!-- /options -->"


def page_with_options(text: str) -> str:
    """The page with its table made anew."""
    rows = [f"| `{o.name}` | {_shown(o.default)} | {o.help} |" for o in OPTIONS]
    table = "\n".join(["| name | default | meaning |", "| --- | --- | --- |", *rows])
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def _shown(default: object) -> str:
    return "empty" if default == "" else f"`{str(default).lower()}`"


if __name__ == "__main__":
    PAGE.write_text(page_with_options(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
