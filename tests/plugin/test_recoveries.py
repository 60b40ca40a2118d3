"""What passes again in a later run is linked with what failed, and the record says what was different."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.loading.recoveries.naming import MAX_WANTED
from pytest_debugloop.loading.run import RunLoading
from pytest_debugloop.private import JOURNALS

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

SHOP = """
    def price(article):
        return {price}


    def unrelated():
        return 1
"""
TEST = """
    from shop import price


    def test_price():
        assert price("pear") == 2
"""


def run(project: Project, *arguments: str, **env: str) -> Run:
    """Run a suite without caches of byte code: files change faster than their times tell."""
    return project.run("-p", "no:cacheprovider", *arguments, env={"PYTHONDONTWRITEBYTECODE": "1", **env})


def shop(project: Project, price: int) -> Project:
    project.write("shop.py", SHOP.format(price=price))
    project.write("test_shop.py", TEST)
    return project


def make_there(project: Project) -> None:
    """Change the world that tests ask for, where nobody looks for files of the project."""
    (project.folder / ".world").mkdir()
    (project.folder / ".world" / "there").touch()


def recoveries(run: Run) -> list[dict[str, Any]]:
    """The recoveries of a run's errors, in order."""
    return run.record.query(
        "SELECT e.operation_name, c.* FROM debug_error_success_correlation AS c"
        " JOIN debug_error_events AS e ON e.id = c.error_event_id WHERE e.correlation_id = %(id)s"
        " ORDER BY e.occurred_at"
    )


def test_a_fix_of_code_that_the_failure_did_not_stand_in_is_named(project: Project) -> None:
    failed = run(shop(project, 3))
    shop(project, 2)
    passed = run(project)
    assert (failed.ret, passed.ret) == (1, 0)
    (found,) = recoveries(failed)
    assert found["recovery_strategy"] == "code_change"
    assert found["recovery_path"] == "price in shop.py was changed"
    (changed,) = found["evidence"]["code"]
    assert (changed["function"], changed["reached_from"], changed["distance"]) == ("price", "frame", 1)
    assert changed["diff"].splitlines()[-2:] == ["-    return 3", "+    return 2"]
    (error,) = failed.record.all_errors
    assert (error.recovery_successful, error.recovery_strategy, error.is_recoverable) == (True, "code_change", True)
    assert any("1 recovery" in line for line in passed.paragraph)
    assert any("fixed: 1 test" in line for line in passed.paragraph)


def test_a_function_that_moved_is_no_change(project: Project) -> None:
    shop(project, 2).write(
        "conftest.py",
        "import pathlib, pytest\n\n@pytest.fixture(autouse=True)\ndef there():\n"
        "    assert pathlib.Path('.world/there').exists()\n",
    )
    failed = run(project)
    (project.folder / "shop.py").write_text("\n\n\n" + (project.folder / "shop.py").read_text())
    make_there(project)
    run(project)
    (found,) = recoveries(failed)
    assert (found["recovery_strategy"], found["evidence"].get("code")) == ("rerun", None)
    assert found["recovery_path"] == "nothing that is recorded was different"


def test_the_file_that_code_names_is_found_among_many_that_differ(project: Project) -> None:
    project.write("shop.py", "import json\n\ndef price():\n    return json.load(open('data/z_prices.json'))['pear']\n")
    project.write("test_shop.py", "from shop import price\n\ndef test_price():\n    assert price() == 2\n")
    runs = []
    for price in (1, 2):
        for number in range(MAX_WANTED + 10):
            project.write(f"data/{number}.json", f"[{price}]")
        project.write("data/z_prices.json", f'{{"pear": {price}}}')
        runs.append(run(project, "--no-debugloop-load"))  # so that the second does not know what to trace
    assert project.debugloop("load").returncode == 0
    (found,) = recoveries(runs[0])
    assert found["recovery_strategy"] == "data_change"
    assert found["evidence"]["data"][0]["file"] == "data/z_prices.json"


def test_a_file_that_the_test_reads_is_named(project: Project) -> None:
    project.write("shop.py", "import json\n\ndef price():\n    return json.load(open('data/prices.json'))['pear']\n")
    project.write("test_shop.py", "from shop import price\n\ndef test_price():\n    assert price() == 2\n")
    project.write("data/prices.json", '{"pear": 1}')
    project.write("data/other.json", "1")
    failed = run(project)
    project.write("data/prices.json", '{"pear": 2}')
    project.write("data/other.json", "2")
    run(project)
    (found,) = recoveries(failed)
    assert found["recovery_strategy"] == "data_change"
    assert found["recovery_path"].startswith("data/prices.json was changed")
    first = found["evidence"]["data"][0]
    assert (first["file"], first["change"], first["before"] != first["after"]) == ("data/prices.json", "changed", True)


def test_an_option_that_was_given_in_one_run_alone_is_named(project: Project) -> None:
    project.write("test_it.py", "import warnings\n\ndef test_it():\n    warnings.warn('old', stacklevel=1)\n")
    failed = run(project, "-q", "-W", "error")
    run(project, "-v", "test_it.py")
    (found,) = recoveries(failed)
    assert (found["recovery_strategy"], found["recovery_path"]) == ("option_change", "option: -W from error to nothing")
    assert found["evidence"]["options"] == {"-W": ["error", None]}


def test_a_variable_is_known_by_a_hash_where_no_code_has_its_whole_name(project: Project) -> None:
    project.write("test_it.py", "import os\n\ndef test_it():\n    assert os.environ['SHOP_' + 'RATE'] == 'two words'\n")
    failed = run(project, SHOP_RATE="one", WINDOWID="1", SHOP_API_TOKEN="x-1")
    run(project, SHOP_RATE="two words", WINDOWID="2", SHOP_API_TOKEN="x-2")
    (found,) = recoveries(failed)
    assert found["recovery_strategy"] == "environment_change"
    assert found["recovery_path"] == "environment: SHOP_RATE has another value, which is not kept"
    assert found["evidence"]["environment"].keys() == {"SHOP_RATE"}
    (variables,) = (
        row["variables"]
        for row in failed.record.query("SELECT variables FROM debug_runs WHERE correlation_id = %(id)s")
    )
    assert (len(variables["SHOP_RATE"]), variables["SHOP_API_TOKEN"]) == (8, None)


def test_code_of_a_folder_on_the_path_is_named(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("lib")
    project.write("test_it.py", "from money import rate\n\ndef test_it():\n    assert rate() == 2\n")
    (folder / "money.py").write_text("def rate():\n    return 1\n")
    failed = run(project, PYTHONPATH=str(folder))
    (folder / "money.py").write_text("def rate():\n    return 2\n")
    run(project, PYTHONPATH=str(folder))
    (found,) = recoveries(failed)
    assert (found["recovery_strategy"], found["recovery_path"][:8]) == ("code_change", "rate in ")


def test_set_up_by_name_and_hooks_are_code_of_the_test(project: Project) -> None:
    project.write("base.py", "class Base:\n    def setup_method(self):\n        self.rate = 1\n")
    project.write("conftest.py", "def pytest_configure(config):\n    config.rate = 1\n")
    project.write(
        "test_it.py",
        "from base import Base\n\nclass TestIt(Base):\n    def test_rate(self):\n        assert self.rate == 2\n"
        "\ndef test_configured(pytestconfig):\n    assert pytestconfig.rate == 2\n",
    )
    failed = run(project)
    for file in ("base.py", "conftest.py"):
        project.write(file, (project.folder / file).read_text().replace("1", "2"))
    run(project)
    hook = "pytest_configure in conftest.py was changed"
    # Where no lines are seen, what may explain both tests is likelier.
    first = "Base.setup_method in base.py was changed" if sys.version_info >= (3, 12) else hook
    assert [found["recovery_path"].partition(",")[0] for found in recoveries(failed)] == [first, hook]


def test_a_change_elsewhere_is_no_reason(project: Project) -> None:
    shop(project, 2).write("test_shop.py", TEST + "\n\n    def test_there():\n        open('.world/there').close()\n")
    project.write("test_other.py", "from shop import unrelated\n\ndef test_other():\n    assert unrelated()\n")
    failed = run(project)
    text = (project.folder / "shop.py").read_text()
    (project.folder / "shop.py").write_text(text.replace("return 1", "return 7"))
    make_there(project)
    run(project)
    (found,) = recoveries(failed)
    assert found["recovery_strategy"] == "rerun"
    assert found["evidence"]["other_functions_changed"] == 1


def test_a_test_that_runs_alone_is_another_order(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import pathlib

        def test_first():
            pathlib.Path("mark").touch()

        def test_second():
            assert not pathlib.Path("mark").exists()
            pathlib.Path("mark").unlink(missing_ok=True)
    """,
    )
    failed = run(project)
    (project.folder / "mark").unlink()
    run(project, "test_it.py::test_second")
    (found,) = recoveries(failed)
    assert found["recovery_strategy"] == "order_change"
    assert found["recovery_path"] == "it did not run after test_it.py::test_first"
    assert found["evidence"]["order"]["alone"] == "passing"


def test_the_same_node_id_in_another_project_recovers_nothing(project: Project) -> None:
    failed = run(shop(project, 3), "--debugloop-project=ours")
    run(shop(project, 2), "--debugloop-project=theirs")
    assert recoveries(failed) == []


def test_what_was_skipped_renamed_or_not_run_is_no_recovery(project: Project) -> None:
    failed = run(shop(project, 3))
    project.write("test_shop.py", TEST.replace("    def", "    import pytest\n\n\n    @pytest.mark.skip\n    def"))
    run(project)
    project.write("test_shop.py", TEST.replace("test_price", "test_the_price").replace("== 2", "== 3"))
    run(project)
    run(project, "-k", "nothing")
    assert recoveries(failed) == []
    run(shop(project, 2))
    assert [found["recovery_strategy"] for found in recoveries(failed)] == ["code_change"]


def test_an_address_in_a_parameters_id_does_not_make_another_test(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import pathlib, pytest

        class Thing: pass

        @pytest.mark.parametrize("thing", [Thing()], ids=repr)
        def test_one(thing):
            assert pathlib.Path(".world/there").exists()

        @pytest.mark.parametrize("thing", [Thing(), Thing()], ids=repr)
        def test_two(thing):
            assert pathlib.Path(".world/there").exists()

        @pytest.mark.parametrize("when", ["2024-02-29 12:00:00"])
        def test_moment(when):
            assert pathlib.Path(".world/there").exists()
    """,
    )
    failed = run(project)
    make_there(project)
    run(project)
    names = {error.operation_name for error in failed.record.all_errors}
    assert len(names) == 4
    # Of two that differ in nothing else nobody can tell which is which in another run.
    assert [found["operation_name"].partition("[")[0] for found in recoveries(failed)] == [
        "test_it.py::test_one",
        "test_it.py::test_moment",
    ]
    tasks = failed.record.query(
        "SELECT DISTINCT node_id FROM debug_tasks JOIN debug_error_events ON task_id = debug_tasks.id"
        " WHERE correlation_id = %(id)s AND node_id LIKE '%%<address>%%'"
    )
    assert [task["node_id"] for task in tasks] == ["test_it.py::test_one[<test_it.Thing object at <address>>]"]
    assert "test_it.py::test_moment[2024-02-29 12:00:00]" in names


@pytest.mark.parametrize(
    "turn", ["fc4ab0b1", *(pytest.param(turn, marks=pytest.mark.thorough) for turn in ("d8a1b2c3", "0badcafe"))]
)
def test_a_random_uuid_in_a_parameters_id_does_not_make_another_test(project: Project, turn: str) -> None:
    project.write(
        "test_it.py",
        """
        import os, pathlib, pytest

        TURN = os.environ["TURN"]

        @pytest.mark.parametrize("key", [f"{TURN}-89ab-4cde-8f01-2a3c4d5e6f7a"])
        def test_it(key):
            assert pathlib.Path(".world/there").exists()
    """,
    )
    failed = run(project, TURN="ab12cd34")
    make_there(project)
    run(project, TURN=turn)
    assert len(recoveries(failed)) == 1


def test_a_run_that_was_killed_in_the_teardown_recovers_nothing(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import os, pathlib, pytest

        @pytest.fixture(autouse=True)
        def ends():
            yield
            if pathlib.Path("kill").exists():
                os.kill(os.getpid(), 9)

        def test_it():
            assert pathlib.Path("kill").exists()
    """,
    )
    failed = run(project)
    (project.folder / "kill").touch()
    killed = run(project)
    assert killed.ret == -9
    killed.record.wait_for_end()
    assert recoveries(failed) == []


def test_what_failed_in_a_run_that_died_is_recovered_all_the_same(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import os, pathlib

        def test_it():
            assert pathlib.Path(".world/there").exists()

        def test_other():
            if not pathlib.Path(".world/there").exists():
                os.kill(os.getpid(), 9)
    """,
    )
    died = run(project)
    assert died.ret == -9
    died.record.wait_for_end()
    make_there(project)
    run(project)
    assert [found["recovery_strategy"] for found in recoveries(died)] == ["rerun"] * 2  # of the test it died in, too


def test_runs_of_one_project_that_end_at_once_are_all_stored_and_linked(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import random, pytest

        @pytest.mark.parametrize("number", range(100))
        def test_it(number):
            assert random.random() < 0.5
    """,
    )
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: run(project), range(4)))
    assert [done.paragraph for done in runs if "not stored" in done.out] == []
    (open_errors,) = runs[0].record.query(
        "SELECT count(*) FROM debug_error_events AS e JOIN debug_tasks AS t ON t.id = e.task_id"
        " JOIN debug_runs AS r ON r.id = e.run_id WHERE r.rootdir ="
        " (SELECT rootdir FROM debug_runs WHERE correlation_id = %(id)s) AND EXISTS (SELECT FROM debug_success_events"
        " AS s WHERE s.task_id = e.task_id AND s.occurred_at > e.occurred_at) AND NOT EXISTS"
        " (SELECT FROM debug_error_success_correlation AS c WHERE c.error_event_id = e.id)"
    )
    assert open_errors["count"] == 0


def test_a_file_that_changed_while_it_ran_leaves_the_reason_unknown(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import pathlib, time

        def test_it():
            assert pathlib.Path(".world/there").exists()
    """,
    )
    project.write(
        "conftest.py",
        """
        import pathlib

        def pytest_collection_finish():
            if not pathlib.Path(".world/there").exists():
                path = pathlib.Path("test_it.py")
                path.write_text(path.read_text() + "# edited meanwhile")
    """,
    )
    failed = run(project)
    make_there(project)
    (project.folder / "test_it.py").write_text((project.folder / "test_it.py").read_text() + "\n\nX = 1\n")
    run(project)
    (found,) = recoveries(failed)
    assert found["recovery_strategy"] == "unknown"
    assert found["evidence"]["missing"] == ["code"]
    assert found["recovery_path"].startswith("not known: code of a run is not recorded")
    assert float(found["confidence_score"]) < 0.8


def test_a_run_that_loads_no_code_of_the_project_is_told_from_another_by_its_files(project: Project) -> None:
    project.write("test_it.txt", ">>> 1 + 1\n3\n")
    failed = run(project, "test_it.txt")
    project.write("test_it.txt", ">>> 1 + 1\n2\n")
    run(project, "test_it.txt")
    (found,) = recoveries(failed)
    assert found["recovery_strategy"] == "data_change"
    assert found["recovery_path"] == "test_it.txt was changed"


# -- journals that come late, and clocks ------------------------------------------------------------------------------


def waiting(project: Project) -> Path:
    """Run the suite with a database that is never there; give the folder of its journals."""
    shutil.rmtree(project.folder / ".debugloop", ignore_errors=True)
    away = f"host={project.folder} connect_timeout=1"
    done = run(project, f"--debugloop-dsn={away}", "--debugloop-wait=60", "--debugloop-project=late")
    assert "is not stored" in done.out, done.out
    (left,) = (project.folder / ".debugloop" / JOURNALS).iterdir()
    (project.folder / "kept").mkdir(exist_ok=True)
    kept = project.folder / "kept" / left.name
    return Path(shutil.move(left, kept))


def moved(journals: Path, seconds: int, later: float = 0) -> Path:
    """Have a run's clock show another time, and the time since its machine was started be later."""
    for path in journals.glob("*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if "boot_seconds" in line.get("facts", {}):
                # Two runs here follow each other within what a comparison of machine times allows for.
                line["facts"]["boot_seconds"] += later
            for key in ("at", "started", "ended"):
                if key in line:
                    line[key] += seconds * 1_000_000
            for key in ("after", "parent", "step"):
                if line.get(key):
                    line[key][1::2] = [at + seconds * 1_000_000 for at in line[key][1::2]]
        # The loader knows a step's lines by their first bytes.
        path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return journals


def linked(project: Project, *journals: Path) -> list[tuple[Any, ...]]:
    """Load journals in the order given, each into the same empty record; give what is linked."""
    with connect(project.conninfo) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS late")
        migrate(connection, "late")
        connection.execute("SET search_path TO late")
        try:
            for folder in journals:
                loading = RunLoading(Path(shutil.copytree(folder, folder.parent / "copy" / folder.name)))
                assert loading.has_ended()
                loading.complete(Loader(connection, "late"))
                shutil.rmtree(folder.parent / "copy")
            return connection.execute(
                "SELECT c.recovery_strategy, e.resolved_at, s.occurred_at, s.success_type, c.evidence"
                " FROM debug_error_success_correlation AS c JOIN debug_error_events AS e ON e.id = c.error_event_id"
                " JOIN debug_success_events AS s ON s.id = c.success_event_id ORDER BY e.occurred_at"
            ).fetchall()
        finally:
            connection.execute("DROP SCHEMA late CASCADE")


def test_a_success_that_is_loaded_late_takes_the_place_of_a_later_one(project: Project) -> None:
    monday = waiting(shop(project, 3))
    tuesday = waiting(shop(project, 2))
    wednesday = waiting(shop(project, 2))
    (found,) = linked(project, monday, wednesday, tuesday)
    assert [found] == linked(project, tuesday, wednesday, monday) == linked(project, monday, tuesday, wednesday)
    strategy, resolved, passed, success_type, _ = found
    assert (strategy, success_type, resolved) == ("code_change", "recovery_success", passed)
    assert [found] == linked(project, monday, tuesday)


def test_a_clock_that_went_backwards_makes_no_wrong_link(project: Project) -> None:
    passed = waiting(shop(project, 2))
    failed = waiting(shop(project, 3))
    # By the clock it failed a day before it passed, and on the same machine it passed first.
    assert linked(project, moved(failed, -86_400, later=1), passed) == []


def test_journals_without_what_a_run_was_run_on_leave_the_reason_unknown(project: Project) -> None:
    failed, passed = waiting(shop(project, 3)), waiting(shop(project, 2))
    (failed / "code.jsonl").unlink()
    ((strategy, _, _, _, evidence),) = linked(project, failed, passed)
    assert strategy == "unknown"
    assert evidence["missing"] == ["code", "distributions"]
