"""A suite of trivial tests that pass."""

from __future__ import annotations

from pathlib import Path


def write_suite(folder: Path, tests: int, each: int = 100) -> None:
    """Write files of tests.

    Args:
        folder: to write into, which becomes rootdir.
        tests: how many in all.
        each: how many in a file.
    """
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for file in range(tests // each):
        text = "".join(f"def test_{number:03}():\n    assert True\n\n\n" for number in range(each))
        (folder / f"test_{file:03}.py").write_text(text, encoding="utf-8")
