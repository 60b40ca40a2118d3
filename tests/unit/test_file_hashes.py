"""Hashes of files that are kept from run to run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.sources import file_hashes, file_identity
from pytest_debugloop.sources.file_hashes import KEPT, FileHashes
from pytest_debugloop.sources.secrets import ReadFile, read_data
from pytest_debugloop.sources.tree import file_hash

SECRET = 'PASSWORD = "hunter2hunter2"\n'
PLAIN = b"def one():\n    return 1\n"
LONG_AGO = 1_600_000_000_000_000_000


@pytest.fixture
def rootdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose files were written long ago, but for those of a test."""
    (tmp_path / "a.py").write_bytes(PLAIN)
    (tmp_path / "secret.py").write_text(SECRET, encoding="utf-8")
    (tmp_path / "data.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(file_identity, "_TICK", -(10**18))  # what was written just now is taken for long ago
    return tmp_path


def hashes(rootdir: Path, *patterns: str) -> FileHashes:
    """Look at a project, as a run does."""
    return FileHashes(rootdir, Redactor(patterns=patterns), rootdir / ".debugloop")


def looked_at(rootdir: Path, monkeypatch: pytest.MonkeyPatch, *patterns: str) -> list[str]:
    """Name the files that a run reads, which looks at all of them."""
    (rootdir / ".debugloop").mkdir(mode=0o700, exist_ok=True)
    found = hashes(rootdir, *patterns)
    reading: list[str] = []

    def read(path: str, data: bytes, redactor: Redactor) -> ReadFile:
        reading.append(path)
        return read_data(path, data, redactor)

    with monkeypatch.context() as patched:
        patched.setattr(file_hashes, "read_data", read)
        for path in ("a.py", "secret.py"):
            assert found.of_source(path, (rootdir / path).stat())
        for path in ("a.py", "secret.py", "data.json"):
            found.told(path, "as git has it")
    found.save()
    return reading


def test_a_second_run_reads_no_file_that_has_not_changed(rootdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked_at(rootdir, monkeypatch) == ["a.py", "secret.py", "data.json"]
    assert looked_at(rootdir, monkeypatch) == []
    (rootdir / "a.py").write_bytes(PLAIN + PLAIN)
    assert looked_at(rootdir, monkeypatch) == ["a.py"]


def test_a_change_that_keeps_size_and_time_is_seen(rootdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(rootdir, monkeypatch)
    status = (rootdir / "a.py").stat()
    (rootdir / "a.py").write_bytes(PLAIN.replace(b"1", b"2"))
    while (rootdir / "a.py").stat().st_ctime_ns == status.st_ctime_ns:  # a kernel may count in ticks
        os.utime(rootdir / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.utime(rootdir / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert looked_at(rootdir, monkeypatch) == ["a.py"]


def test_what_was_written_just_now_is_read_again(rootdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_identity, "_TICK", 3600 * 10**9)
    assert looked_at(rootdir, monkeypatch) == looked_at(rootdir, monkeypatch) != []


def test_hashes_are_the_same_whether_kept_or_made(rootdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(rootdir, monkeypatch)
    kept, made = hashes(rootdir), FileHashes(rootdir, Redactor())
    for path in ("a.py", "secret.py"):
        assert kept.of_source(path, (rootdir / path).stat()) == made.of_source(path, (rootdir / path).stat())
    for path in ("a.py", "secret.py", "data.json"):
        assert kept.told(path, "given") == made.told(path, "given")
    assert kept.told("a.py", "given") == "given"
    assert kept.told("secret.py", "given") != file_hash(SECRET.encode())


def test_other_rules_for_secrets_read_all_files_again(rootdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(rootdir, monkeypatch)
    assert len(looked_at(rootdir, monkeypatch, "re?turn")) == 3


def test_a_part_of_a_project_does_not_forget_the_rest(rootdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(rootdir, monkeypatch)
    (rootdir / "b.py").write_bytes(PLAIN)
    part = hashes(rootdir)
    part.of_source("b.py", (rootdir / "b.py").stat())
    part.save()
    assert looked_at(rootdir, monkeypatch) == []


@pytest.mark.parametrize(
    "kept", [b"", b"{", b"[]", b'{"rules": 1}', b'{"rules": "RULES", "files": {"a.py": [1]}}', b"[" * 100_000]
)
def test_a_broken_file_of_hashes_is_made_anew(rootdir: Path, monkeypatch: pytest.MonkeyPatch, kept: bytes) -> None:
    looked_at(rootdir, monkeypatch)
    path = rootdir / ".debugloop" / KEPT
    rules = path.read_bytes().partition(b'"rules": "')[2][:64]
    path.write_bytes(kept.replace(b"RULES", rules))
    assert len(looked_at(rootdir, monkeypatch)) == 3
    assert looked_at(rootdir, monkeypatch) == []


def test_no_secret_is_in_what_is_kept(rootdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(rootdir, monkeypatch)
    kept = (rootdir / ".debugloop" / KEPT).read_text(encoding="utf-8")
    assert "hunter2" not in kept
    assert file_hash(SECRET.encode()) not in kept


def test_a_source_that_was_just_read_is_not_read_again(rootdir: Path) -> None:
    found = FileHashes(rootdir, Redactor())
    found.of_source("a.py", (rootdir / "a.py").stat())
    (rootdir / "a.py").unlink()
    read = found.read_source("a.py")
    assert read is not None
    assert read.text == PLAIN.decode()
    assert found.read_source("a.py") is None
