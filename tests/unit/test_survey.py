"""What is told of a run's code is what was run, and no secret of it: neither the text nor a hash."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.sources.survey import Survey, lines_of
from pytest_debugloop.sources.tree import file_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECRET = "hunter2hunter2"
OTHER_SECRET = "swordfish-9-swordfish"
# Put together here, so that no scanner takes it for one.
TOKEN = "gh" + "p_" + "a1B2c3D4e5F6" * 3
WITH_SECRET = "import os\n\nPASSWORD = '{}'\n\n\ndef login():\n    return connect(password='{}')\n"


def survey(folder: Path, environ: Mapping[str, str] | None = None) -> Survey:
    return Survey(folder, Redactor(), environ or {})


def write(folder: Path, path: str, text: str | bytes) -> tuple[str, int, int]:
    """Write a file, and give what the test process would tell of it."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path, file.stat().st_mtime_ns, file.stat().st_size


def look(folder: Path, text: str | bytes, path: str = "app.py") -> dict[str, Any]:
    (record,) = survey(folder).read_files([write(folder, path, text)])
    return record


def test_a_file_is_told_with_its_functions(tmp_path: Path) -> None:
    text = "RATE = 2\n\n\ndef total(items):\n    return sum(items)\n"
    record = look(tmp_path, text, "pkg/app.py")
    assert (record["kind"], record["file"], record["hash"]) == ("code_file", "pkg/app.py", file_hash(text.encode()))
    assert [(unit["function"], unit["first"], unit["last"]) for unit in record["units"]] == [
        ("<module>", 1, 5),
        ("total", 4, 5),
    ]
    assert record["units"][1]["source"] == "def total(items):\n    return sum(items)"
    assert record["units"][1]["provides"] == ["total"]
    assert record["units"][1]["uses"] == ["items", "sum"]


def test_a_function_has_the_same_hash_in_another_place(tmp_path: Path) -> None:
    one = look(tmp_path, "def total():\n    return 1\n")
    other = look(tmp_path, "import os\n\n\ndef total():\n    return 1\n", "other.py")
    assert one["units"][1]["hash"] == other["units"][1]["hash"]
    assert one["units"][0]["hash"] != other["units"][0]["hash"]


def test_a_file_that_was_written_again_since_it_was_loaded_is_left_out(tmp_path: Path) -> None:
    path, changed, size = write(tmp_path, "app.py", "RATE = 1\n")
    os.utime(tmp_path / "app.py", ns=(changed, changed + 1))
    assert survey(tmp_path).read_files([(path, changed, size)]) == []


def test_a_file_of_another_size_than_was_loaded_is_left_out(tmp_path: Path) -> None:
    path, changed, size = write(tmp_path, "app.py", "RATE = 1\n")
    write(tmp_path, "app.py", "RATE = 10\n")
    os.utime(tmp_path / "app.py", ns=(changed, changed))
    assert survey(tmp_path).read_files([(path, changed, size)]) == []


def test_a_file_that_is_gone_or_is_a_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "pkg.py").mkdir()
    status = (tmp_path / "pkg.py").stat()
    assert survey(tmp_path).read_files([("gone.py", 1, 1), ("pkg.py", status.st_mtime_ns, status.st_size)]) == []


def test_a_file_is_told_once_and_again_when_it_was_loaded_in_another_state(tmp_path: Path) -> None:
    looking = survey(tmp_path)
    first = write(tmp_path, "app.py", "RATE = 1\n")
    assert len(looking.read_files([first, first])) == 1
    assert looking.read_files([first]) == []
    (record,) = looking.read_files([write(tmp_path, "app.py", "RATE = 10\n")])
    assert record["hash"] == file_hash(b"RATE = 10\n")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"# -*- coding: latin-1 -*-\nX = '\xe4'\n", "X = '\u00e4'"),
        (b"\xef\xbb\xbfX = '\xc3\xa4'\n", "X = '\u00e4'"),
        (b"X = '\x00'\n", "X = '\\x00'"),
        (b"def f(:\n", "def f(:"),
    ],
    ids=["latin-1", "byte order mark", "NUL", "no Python"],
)
def test_a_file_is_read_in_its_own_encoding(tmp_path: Path, data: bytes, shown: str) -> None:
    record = look(tmp_path, data)
    assert shown in record["units"][0]["source"]
    assert "\0" not in lines_of([record]).decode()
    assert json.loads(lines_of([record])) == record


@pytest.mark.parametrize("data", [b"# coding: klingon\n", b"X = '\xff'\n", b"#" * (2 * 1024 * 1024 + 1)])
def test_a_file_that_cannot_be_read_as_python_or_is_very_large_is_left_out(tmp_path: Path, data: bytes) -> None:
    assert survey(tmp_path).read_files([write(tmp_path, "app.py", data)]) == []


@pytest.mark.parametrize("text", [WITH_SECRET, "{0} = '" + TOKEN + "'\n# {0}\n"], ids=["by name", "by shape"])
def test_a_secret_in_source_is_taken_out(tmp_path: Path, text: str) -> None:
    record = look(tmp_path, text.format(SECRET, SECRET) if text is WITH_SECRET else text.format("X"))
    written = lines_of([record]).decode()
    assert SECRET not in written
    assert TOKEN not in written
    assert "[redacted: " in written


def test_files_that_differ_in_a_secret_alone_have_the_same_hashes(tmp_path: Path) -> None:
    one = look(tmp_path, WITH_SECRET.format(SECRET, SECRET))
    other = look(tmp_path, WITH_SECRET.format(OTHER_SECRET, OTHER_SECRET))
    assert one == other
    assert one["hash"] != file_hash(WITH_SECRET.format(SECRET, SECRET).encode())


def test_a_secret_that_is_a_word_is_not_among_the_names_in_use(tmp_path: Path) -> None:
    record = look(tmp_path, f"PASSWORD = getattr(settings, 'password', '{SECRET}')\nlogin('{SECRET}', password='x')\n")
    assert all(SECRET not in unit["uses"] for unit in record["units"])


def version_with(folder: Path, text: str, *, first: bool) -> dict[str, Any]:
    """What is told of a folder whose file with a secret was looked at before or after the run was concluded on."""
    folder.mkdir()
    loaded = write(folder, "app.py", text)
    looking = survey(folder)
    records = looking.read_files([loaded]) if first else []
    record = looking.conclude()
    records += [] if first else looking.read_files([loaded])
    assert record["files"]["app.py"] == records[0]["hash"]
    return record


def test_the_version_of_code_is_no_hash_of_a_secret(tmp_path: Path) -> None:
    one = version_with(tmp_path / "one", WITH_SECRET.format(SECRET, SECRET), first=True)
    other = version_with(tmp_path / "other", WITH_SECRET.format(OTHER_SECRET, OTHER_SECRET), first=True)
    assert one["code_version"] == other["code_version"]


def test_nor_where_the_file_with_the_secret_is_loaded_late(tmp_path: Path) -> None:
    one = version_with(tmp_path / "one", WITH_SECRET.format(SECRET, SECRET), first=False)
    other = version_with(tmp_path / "other", WITH_SECRET.format(OTHER_SECRET, OTHER_SECRET), first=False)
    assert one["code_version"] == other["code_version"]


def test_nor_where_nothing_loads_the_file_with_the_secret(tmp_path: Path) -> None:
    versions = []
    for secret in (SECRET, OTHER_SECRET):
        write(tmp_path, "settings.toml", f"password = '{secret}'\n")
        versions.append(survey(tmp_path).conclude()["code_version"])
    assert versions[0] == versions[1]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_dirty_file_with_a_secret_is_told_as_its_functions_are(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "X = 1\n")
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "one"]):
        subprocess.run(
            ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", *command], cwd=tmp_path, check=True
        )
    looking = survey(tmp_path)
    (record,) = looking.read_files([write(tmp_path, "app.py", WITH_SECRET.format(SECRET, SECRET))])
    told = looking.conclude()
    assert told["dirty"] == {"app.py": record["hash"]}
    assert told["files"] == {"app.py": record["hash"]}
    assert len(told["tree"]) == 40


def environment(folder: Path, environ: Mapping[str, str], *names: str) -> dict[str, str | None]:
    looking = survey(folder, environ)
    looking.read_files([write(folder, "app.py", "".join(f"os.environ['{name}']\n" for name in names))])
    found: dict[str, str | None] = looking.conclude()["environment"]
    return found


def test_the_variables_that_the_code_names_are_told_and_no_others(tmp_path: Path) -> None:
    environ = {"MODE": "fast", "OTHER": "x"}
    assert environment(tmp_path, environ, "MODE") == {"MODE": "fast"}


def test_a_variable_that_is_not_set_is_none_and_an_empty_one_is_empty(tmp_path: Path) -> None:
    assert environment(tmp_path, {"EMPTY": ""}, "UNSET", "EMPTY") == {"EMPTY": "", "UNSET": None}


@pytest.mark.parametrize("name", ["API_TOKEN", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY"])
def test_a_variable_that_is_named_as_a_secret_is_redacted(tmp_path: Path, name: str) -> None:
    assert environment(tmp_path, {name: "abc"}, name) == {name: REDACTED}
    assert environment(tmp_path, {}, name) == {name: None}


def test_a_secret_in_a_variable_of_another_name_is_redacted(tmp_path: Path) -> None:
    found = environment(tmp_path, {"URL": f"postgres://ann:{SECRET}@db/shop"}, "URL")["URL"]
    assert found is not None
    assert SECRET not in found
    assert found.startswith("postgres://")


def test_a_long_variable_is_cut_and_no_half_of_a_secret_is_left(tmp_path: Path) -> None:
    found = environment(tmp_path, {"FLAGS": "a " * 240 + TOKEN}, "FLAGS")["FLAGS"]
    assert found is not None
    assert len(found) <= 520
    assert TOKEN[:12] not in found


def test_variables_that_differ_between_any_two_machines_or_tests_are_left_out(tmp_path: Path) -> None:
    names = ["HOSTNAME", "PWD", "PYTEST_CURRENT_TEST", "DEBUGLOOP_OFF", "COV_CORE_SOURCE"]
    assert environment(tmp_path, dict.fromkeys(names, "x"), *names) == {}
    assert survey(tmp_path, dict.fromkeys(names, "x")).keyed(b"key")["variables"] == {}


def test_of_variables_that_tell_of_a_person_or_a_machine_only_hashes_are_kept(tmp_path: Path) -> None:
    names = ["PATH", "HOME", "USER", "TMPDIR"]
    assert environment(tmp_path, dict.fromkeys(names, "x"), *names) == {}
    assert survey(tmp_path, dict.fromkeys(names, "x")).keyed(b"key")["variables"].keys() == set(names)


def test_variables_of_files_that_are_loaded_late_are_told_late(tmp_path: Path) -> None:
    looking = survey(tmp_path, {"MODE": "fast", "LATE": "1"})
    looking.read_files([write(tmp_path, "app.py", "os.getenv('MODE')\n")])
    assert looking.conclude()["environment"] == {"MODE": "fast"}
    looking.read_files([write(tmp_path, "late.py", "os.getenv('LATE')\n")])
    assert looking.variables() == {"kind": "survey", "environment": {"LATE": "1", "MODE": "fast"}}


def test_what_no_test_process_has_loaded_is_looked_at_but_for_tests(tmp_path: Path) -> None:
    loaded = write(tmp_path, "app.py", "RATE = 1\n")
    script = write(tmp_path, "bin/tool.py", "def main():\n    return 0\n")
    write(tmp_path, "test_app.py", "def test_it():\n    pass\n")
    write(tmp_path, "notes.toml", "a = 1\n")
    write(tmp_path, "generated.py", "# long\n" * 100_000)
    found = survey(tmp_path)
    found.read_files([loaded])
    found.conclude()
    assert found.not_loaded() == [script]
