"""How far a rerun has come, as its journals tell while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.rerunning.outcome import RECORD, begun_tests

if TYPE_CHECKING:
    from pathlib import Path

LINES = """\
{"kind":"run","format":1}
{"kind":"step","rev":0,"n":1,"phase":"collect","started":1,"node_id":"a.py","attempt":1}
{"kind":"step","rev":0,"n":2,"phase":"setup","started":2,"node_id":"a.py::with_fixture","attempt":1}
{"kind":"step","rev":1,"n":2,"phase":"setup","started":2,"ended":3,"outcome":"passed","node_id":"a.py::with_fixture"}
{"kind":"step","rev":0,"n":3,"phase":"call","started":3,"node_id":"a.py::with_fixture","attempt":1}
{"kind":"step","rev":1,"n":5,"phase":"setup","started":5,"ended":6,"outcome":"passed","node_id":"a.py::bare"}
{"kind":"step","rev":0,"n":6,"phase":"call","started":6,"node_id":"a.py::bare","attempt":1}
{"kind":"step","rev":0,"n":8,"phase":"setup","started":8,"node_id":"a.py::under_way"""


def test_a_test_is_counted_once_whether_its_setup_was_written_as_it_began_or_not(tmp_path: Path) -> None:
    assert begun_tests(tmp_path) == 0
    for worker, text in (("gw0", LINES), ("gw1", LINES[: LINES.index("a.py::bare")])):
        journal = tmp_path / RECORD / "journals" / "run" / f"{worker}.jsonl"
        journal.parent.mkdir(parents=True, exist_ok=True)
        journal.write_text(text, encoding="ascii")
    assert begun_tests(tmp_path) == 3 + 2
