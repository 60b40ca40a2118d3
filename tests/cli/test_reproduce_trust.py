"""`debugloop reproduce` and `debug --live` of a record that somebody has forged: no code from elsewhere is run."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests.cli.rerun_suites import POLLUTED, Recorded, suite

if TYPE_CHECKING:
    from tests.cli.rerun_suites import Suite

__all__ = ["suite"]


@dataclass(frozen=True)
class Elsewhere:
    """A folder that is none of the checkout's, whose code leaves a mark."""

    folder: Path
    mark: Path

    def has_run(self) -> bool:
        return self.mark.exists()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    found = Elsewhere(tmp_path / "evil", tmp_path / "mark")
    found.folder.mkdir()
    code = f"open({str(found.mark)!r}, 'a').write('x')\n"
    for name, text in {
        "evil_plugin.py": code,
        "conftest.py": code,
        "test_b.py": code + "def test_target():\n    assert 0\n",
        "evil.ini": f"[pytest]\npythonpath = {found.folder}\naddopts = -p evil_plugin\n",
        "words": f"-c\n{found.folder / 'evil.ini'}\n",
    }.items():
        (found.folder / name).write_text(text, encoding="utf-8")
    return found


def forge(
    recorded: Recorded,
    words: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    rootdir: str | None = None,
) -> None:
    """Change a record as somebody can who can write to it."""
    with psycopg.connect(recorded.conninfo) as connection:
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(recorded.schema)))
        connection.execute(
            "UPDATE debug_runs SET command_line = command_line || %s::text[],"
            " environment = coalesce(%s::jsonb, environment), rootdir = coalesce(%s, rootdir)",
            (list(words), None if environment is None else json.dumps({**environment}), rootdir),
        )


def ending(found: dict[str, Any]) -> str:
    (outcome,) = found["outcomes"]
    return str(outcome["ending"])


def left_out(found: dict[str, Any]) -> str:
    (note,) = [note for note in found["notes"] if "--trust" in note]
    return str(note)


@pytest.mark.parametrize(
    ("command", "spelling"),
    [
        (("reproduce",), "{suite}/link"),
        (("debug", "--live", "--force"), "{suite}/../evil"),
        pytest.param(("reproduce",), "{suite}/../evil", marks=pytest.mark.thorough),
        pytest.param(("debug", "--live", "--force"), "{suite}/link", marks=pytest.mark.thorough),
    ],
)
def test_a_rootdir_elsewhere_is_refused_however_it_is_spelt(
    suite: Suite, elsewhere: Elsewhere, command: tuple[str, ...], spelling: str
) -> None:
    recorded = suite(POLLUTED)
    recorded.fails()
    (recorded.folder / "link").symlink_to(elsewhere.folder)
    (recorded.folder / "test_b.py").unlink()
    forge(recorded, rootdir=spelling.format(suite=recorded.folder))
    done = recorded.debugloop(command[0], "test_target", *command[1:], input="")
    assert done.returncode == 1, done
    assert "there is no test_b.py in" in done.stderr, done
    assert not elsewhere.has_run()


def test_a_test_that_is_a_link_to_elsewhere_is_refused(suite: Suite, elsewhere: Elsewhere) -> None:
    recorded = suite(POLLUTED)
    recorded.fails()
    (recorded.folder / "test_b.py").unlink()
    (recorded.folder / "test_b.py").symlink_to(elsewhere.folder / "test_b.py")
    done = recorded.debugloop("reproduce", "test_target")
    assert (done.returncode, "test_b.py is outside " in done.stderr) == (1, True), done
    assert not elsewhere.has_run()
    recorded.debugloop("reproduce", "test_target", "--trust")
    assert elsewhere.has_run()


def test_pytest_reads_no_options_from_a_file_that_a_record_names(suite: Suite, elsewhere: Elsewhere) -> None:
    recorded = suite({**POLLUTED, "conftest.py": "def pytest_addoption(parser): parser.addoption('--stage')\n"})
    recorded.fails()
    words = f"@{elsewhere.folder / 'words'}"
    forge(recorded, ["--stage", words], {"PYTEST_ADDOPTS": words, "PYTHONHASHSEED": "0"})
    found = recorded.reproduce("test_target")
    assert (ending(found), elsewhere.has_run()) == ("same", False)
    # Long paths are cut in the note.
    assert f": --stage {words}; {words} in PYTEST_ADDOPTS".startswith(":" + left_out(found).partition("):")[2])
    assert "--stage @" in left_out(found)


def test_pytest_reads_no_options_from_a_file_where_workers_are_started(suite: Suite, elsewhere: Elsewhere) -> None:
    pytest.importorskip("xdist")
    recorded = suite(POLLUTED)
    recorded.record("-p", "xdist", "-n", "1")
    forge(recorded, [f"--dist=@{elsewhere.folder / 'words'}"])
    found = recorded.reproduce("test_target")
    assert (ending(found), elsewhere.has_run()) == ("same", False)


NAMES = ("DB_HOST", "HTTP_PROXY", "GIT_SSH_COMMAND", "SHOP_PLACE")


def test_variables_that_lead_elsewhere_are_those_of_now_though_the_code_names_them(suite: Suite) -> None:
    test = textwrap.dedent(f"""
        import os
        def test_target():
            given = [os.environ.get(name) for name in {NAMES}]
            assert not given, given
    """)
    recorded = suite({"test_b.py": test})
    recorded.fails(DB_HOST="here", SHOP_PLACE="moon")
    forge(recorded, environment=dict.fromkeys(NAMES, "evil") | {"PYTHONHASHSEED": "0"})
    found = recorded.reproduce("test_target", DB_HOST="here")
    assert found["outcomes"][0]["message"].partition("\n")[0].endswith("['here', None, None, 'evil']")
    assert set(left_out(found).partition("): ")[2].split("; ")) == {f"{name}=evil" for name in NAMES[:3]}
    trusted = recorded.reproduce("test_target", "--trust", DB_HOST="here")
    assert {name: trusted["environment"].get(name) for name in NAMES} == dict.fromkeys(NAMES, "evil")


def test_a_variable_that_leads_elsewhere_is_taken_where_it_is_as_it_was(suite: Suite) -> None:
    test = """
        import os
        def test_target():
            assert os.environ.get("DB_HOST") != "here"
    """
    recorded = suite({"test_b.py": test})
    recorded.fails(DB_HOST="here")
    found = recorded.reproduce("test_target", DB_HOST="here")
    assert ending(found) == "same"
    assert not [note for note in found["notes"] if "--trust" in note]


@pytest.mark.parametrize(
    "blocked",
    [
        "debugloop-rerun-chooser",
        *(
            pytest.param(name, marks=pytest.mark.thorough)
            for name in ("pytest_debugloop.rerunning.child_plugin", "debugloop-rerun")
        ),
    ],
)
def test_nothing_recorded_keeps_out_what_chooses_the_tests_and_drops_options(suite: Suite, blocked: str) -> None:
    never = "open('mark', 'w').close()"
    later = POLLUTED["test_b.py"].replace("test_later(): pass", f"test_later(): {never}")
    recorded = suite({**POLLUTED, "test_b.py": later, "test_c.py": f"def test_never(): {never}\n"})
    recorded.fails("test_a.py", "test_b.py")
    (recorded.folder / "mark").unlink()
    (recorded.folder / "data").mkdir()
    (recorded.folder / "data" / "precious").touch()
    options = {"PYTEST_ADDOPTS": f"-p no:{blocked} --basetemp=data", "PYTHONHASHSEED": "0"}
    forge(recorded, ["-p", f"no:{blocked}"], options)
    found = recorded.reproduce("test_target")
    assert ending(found) == "same"
    assert (recorded.folder / "data" / "precious").exists()
    assert not (recorded.folder / "mark").exists()
