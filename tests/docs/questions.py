"""Answers the questions of docs/questions.md from a record of the example suite.

python -m tests.docs.questions    # writes the answers anew
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from pytest_debugloop.database.embedded import embedded_server
from tests.support.shop import recorded_shop

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
_QUESTION = re.compile(r"```sql\n(?P<query>.*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)


def page_with_answers(page: str, record: Path) -> str:
    """Put the answer to each question below its query.

    Args:
        page: as it is, with answers or without.
        record: the folder of the embedded server that has the record.
    """
    with embedded_server(record) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET search_path TO agent_observability, public")
        return _QUESTION.sub(
            lambda found: f"```sql\n{found['query']}```\n\n```text\n{_answer(found['query'], connection)}\n```\n", page
        )


def steady(page: str) -> str:
    """Leave out what is another each time: seconds."""
    return re.sub(r"\d+\.\d+(?= *$)", "SECONDS", page, flags=re.MULTILINE)


def _answer(query: str, connection: psycopg.Connection[Any]) -> str:
    cursor = connection.execute(query.encode())
    names = [column.name for column in cursor.description or ()]
    rows = [["" if cell is None else " ".join(str(cell).split()) for cell in row] for row in cursor.fetchall()]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (names, *rows)]
    return "\n".join(" | ".join(line).rstrip() for line in [lines[0], ["-" * width for width in widths], *lines[1:]])


def main() -> None:
    """Write the answers into the page."""
    with tempfile.TemporaryDirectory() as folder:
        shop = recorded_shop(Path(folder) / "shop")
        page = page_with_answers(PAGE.read_text(encoding="utf-8"), shop.folder / ".debugloop")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
