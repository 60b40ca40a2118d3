"""Words, tables and brief texts: what they say, and that they fit."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pytest_debugloop.answers.brief import fitted
from pytest_debugloop.answers.brief_state import Piece
from pytest_debugloop.cli.filters import Moment
from pytest_debugloop.cli.output import show
from pytest_debugloop.cli.views.tables import Column, table
from pytest_debugloop.snapshots.agent_state import StoredContext, StoredFrame
from pytest_debugloop.snapshots.frames import statement_of
from pytest_debugloop.text import words
from pytest_debugloop.text.lines import Line

NOW = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)
CELLS = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Mn", "Me", "Mc")), max_size=60)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3 * 3600, "3 hours ago"),
        (25 * 3600, "1 day ago"),
        (8 * 86400, "1 week ago"),
        (800 * 86400, "2 years ago"),
        (-3600, "in 1 hour"),
    ],
)
def test_times_are_told_from_now(seconds: int, text: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1500, "1.5 s"),
        (120_000, "2.0 min"),
        (7_200_000, "2.0 h"),
        (2e8, "2.3 d"),
        (None, "?"),
    ],
)
def test_spans_have_the_unit_that_fits(milliseconds: float | None, text: str) -> None:
    assert words.span(milliseconds) == text


@pytest.mark.parametrize(
    ("number", "what", "text"),
    [(0, "run", "0 runs"), (1, "run", "1 run"), (2, "recovery", "2 recoveries"), (1000, "day", "1,000 days")],
)
def test_nouns_follow_their_number(number: int, what: str, text: str) -> None:
    assert words.counted(number, what) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (1, "100%"), (0.5, "50%"), (0.015, "1.5%"), (0.999, "99%"), (None, "?")]
)
def test_small_shares_keep_a_digit(share: float | None, text: str) -> None:
    assert words.percent(share) == text


def test_an_id_is_shortened_to_its_end() -> None:
    assert words.short(uuid.UUID("01a213c7-c7b8-72c6-9688-8cb8e15cb350")) == "e15cb350"
    assert words.short(None) == ""


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T12:30:00+00:00", datetime(2026, 11, 25, 12, 30, tzinfo=timezone.utc)),
        ("2026-11-25T12:30:00Z", datetime(2026, 11, 25, 12, 30, tzinfo=timezone.utc)),
    ],
)
def test_times_are_read_as_iso_8601(text: str, moment: datetime) -> None:
    assert Moment().convert(text, None, None) == moment


@pytest.mark.parametrize(("text", "days"), [("7d", 7), ("2w", 14), ("48h", 2), ("1440m", 1)])
def test_spans_are_read_as_times_before_now(text: str, days: int) -> None:
    before = datetime.now(timezone.utc)
    read = Moment().convert(text, None, None)
    assert before - timedelta(days=days) <= read <= datetime.now(timezone.utc) - timedelta(days=days)


def test_a_date_without_a_zone_is_local() -> None:
    assert Moment().convert("2026-11-25", None, None) == datetime(2026, 11, 25).astimezone()


def lines(columns: list[Column], rows: list[list[str]], width: int) -> list[str]:
    return [line.plain for line in table(columns, rows, width)]


def test_columns_are_as_wide_as_their_cells() -> None:
    columns = [Column("a"), Column("number", right=True), Column("c")]
    assert lines(columns, [["x", "1", "y"], ["long", "22", ""]], 80) == [
        "a     number  c",
        "x          1  y",
        "long      22",
    ]


def test_what_is_optional_goes_first_and_what_is_flexible_is_cut() -> None:
    columns = [Column("id"), Column("rest", optional=1), Column("text", flexible=True)]
    row = ["12345678", "0123456789", "a text that is rather long to read"]
    assert lines(columns, [row], 80)[1] == "12345678  0123456789  a text that is rather long to read"
    assert lines(columns, [row], 50)[1] == "12345678  0123456789  a text that is rather long …"
    assert lines(columns, [row], 40)[1] == "12345678  a text that is rather long to…"


def test_a_node_id_that_is_cut_keeps_its_end() -> None:
    columns = [Column("test", flexible=True, keep_end=True)]
    assert lines(columns, [["tests/some/deep/folder/test_x.py::test_it"]], 20)[1] == "…/test_x.py::test_it"


def test_a_table_of_nothing_is_nothing() -> None:
    assert lines([Column("a")], [], 80) == []


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5), st.integers(10, 120))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, str, str]], width: int) -> None:
    columns = [Column("one", right=True), Column("two", flexible=True, keep_end=True), Column("three", optional=1)]
    for line in table(columns, [list(row) for row in rows], width):
        assert cell_len(line.plain) <= width


def test_the_first_rows_come_before_the_last_is_known() -> None:
    taken = []

    def rows() -> object:
        for number in range(1000):
            taken.append(number)
            yield [str(number)]

    lines_ = table([Column("n")], rows(), 80)  # type: ignore[arg-type]
    assert [next(lines_).plain.strip() for _ in range(3)] == ["n", "0", "1"]
    assert len(taken) < 200


PIECES = st.lists(st.builds(Piece, st.integers(0, 9), st.text(max_size=80), st.booleans()), max_size=30)


@given(PIECES, st.integers(0, 600))
def test_a_brief_text_keeps_its_budget(pieces: list[Piece], budget: int) -> None:
    assert len(fitted(pieces, budget)) <= budget


@given(st.lists(st.builds(Piece, st.integers(0, 9), st.text(max_size=80), st.just(False)), max_size=30))
def test_all_is_told_where_there_is_room(pieces: list[Piece]) -> None:
    assert fitted(pieces, 100_000) == "\n".join(piece.text for piece in pieces)


def test_the_most_telling_lines_are_kept_in_their_order() -> None:
    pieces = [Piece(5, "far"), Piece(0, "first"), Piece(9, "noise" * 10), Piece(1, "second")]
    assert fitted(pieces, 45) == "far\nfirst\nsecond\n… 1 more line"


def test_values_are_told_only_below_the_place_they_are_of() -> None:
    pieces = [Piece(0, "message"), Piece(1, "somewhere far away in a long path"), Piece(2, "  x = 1", below=True)]
    assert fitted(pieces, 30) == "message\n… 2 more lines"
    assert fitted(pieces, 100).endswith("  x = 1")


@pytest.mark.parametrize(
    ("lines", "statement"),
    [
        (["assert (", "    a", "    == b", ")", "after()"], "assert (a == b)"),
        (["call(1)", "after()"], "call(1)"),
        (["call(", "    [1,", "     2],"], "call([1, 2],"),
    ],
)
def test_a_statement_of_several_lines_is_told_whole(lines: list[str], statement: str) -> None:
    around: StoredContext = {"first": 7, "lines": lines}
    frame: StoredFrame = {"file": "", "function": "", "line": 7, "source": lines[0], "context": around}
    assert statement_of(frame) == statement


def test_what_is_to_be_copied_is_whole_however_narrow_the_terminal() -> None:
    node_id = "tests/integration/test_orders_of_many_customers.py::TestOrders::test_total[large-1]"
    columns = [Column("before", right=True), Column("ratio", optional=1), Column("test", flexible=True, is_whole=True)]
    rows = [["1 ms", "2.00x", "test_a.py::test_b"], ["3 ms", "3.00x", node_id]]
    narrow = [line.plain.rstrip() for line in table(columns, rows, 40)]
    assert narrow == ["before  ratio", "  1 ms  2.00x", "  test_a.py::test_b", "  3 ms  3.00x", f"  {node_id}"]
    wide = [line.plain.rstrip() for line in table(columns, rows, 120)]
    assert wide[1:] == ["  1 ms  2.00x  test_a.py::test_b", f"  3 ms  3.00x  {node_id}"]
    # A long one that comes after the first page, by which the columns are measured.
    late = [line.plain.rstrip() for line in table(columns, [rows[0]] * 100 + [rows[1]], 120)]
    assert late[-1] == f"  {node_id}"


def test_what_has_no_room_in_a_row_stands_below_it() -> None:
    columns = [
        Column("run", "id"),
        Column("time", right=True, optional=1),
        Column("by", flexible=True, is_whole=True),
        Column("code", flexible=True, is_whole=True),
        Column("failure", flexible=True, least=30),
    ]
    message = "ValueError: " + "long " * 20
    rows = [["1a2b3c4d", "1.0 s", "", "main 1a2b3c4", message], ["5e6f7a8b", "2.0 s", "", "", ""]]
    narrow = [line.plain.rstrip() for line in table(columns, rows, 30)]
    assert narrow == [
        "run        time  code",
        "1a2b3c4d  1.0 s  main 1a2b3c4",
        "  ValueError: long long long …",
        "5e6f7a8b  2.0 s",
    ]
    assert [line.plain.rstrip() for line in table(columns, rows, 16)][:3] == [
        "run        time",
        "1a2b3c4d  1.0 s",
        "  main 1a2b3c4",
    ]
    # Nothing stands in a column of which the first page has nothing, but what a later one has is not lost.
    late = [*[rows[1]] * 100, ["1a2b3c4d", "1.0 s", "somebody", "", ""]]
    assert [line.plain.rstrip() for line in table(columns, late, 80)][-2:] == ["1a2b3c4d  1.0 s", "  somebody"]


def test_a_line_that_is_too_long_goes_on_below_its_beginning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show([Line.of("    passed in run 1a2b3c4d; changed since: price in shop.py"), Line.of("x" * 39)], paging=False)
    assert capsys.readouterr().out.splitlines() == [
        "    passed in run 1a2b3c4d; changed",
        "    since: price in shop.py",
        "x" * 39,
    ]
