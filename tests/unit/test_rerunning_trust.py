"""What a rerun takes of a record by somebody whom nobody trusts: places as they are, and not as they are spelt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.errors import RerunImpossibleError
from pytest_debugloop.rerunning.plan import Plan, plan_rerun
from pytest_debugloop.rerunning.runner import command, shell_command
from pytest_debugloop.rerunning.trust import (
    collects_outside,
    is_outside,
    is_same_checkout,
    leads_out,
    trusted_arguments,
    trusted_environment,
)
from tests.unit.test_rerunning_plan import collect, failure, setup


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a link out of it, beside a folder that is not its own."""
    folder, outside = tmp_path / "checkout", tmp_path / "outside"
    for place in (folder / "tests", folder / ".debugloop", folder / ".git", outside):
        place.mkdir(parents=True)
    for file in (folder / "test_b.py", folder / "tests" / "test_a.py", outside / "test_x.py"):
        file.write_text("def test_target(): pass\n", encoding="utf-8")
    (folder / "link").symlink_to(outside)
    (folder / "own link").symlink_to(outside)
    (folder / "inner").symlink_to("tests")
    (folder / "test_link.py").symlink_to(outside / "test_x.py")
    return folder


def plan(checkout: Path, *steps: Any, environ: dict[str, str] | None = None, **more: Any) -> Plan:
    return plan_rerun(failure(checkout, **more), steps, checkout, environ or {}, own_variables=["SHOP*"])


@pytest.mark.parametrize(
    "path",
    ["..", "link", "link/test_x.py", "tests/../../outside", "inner/../../outside", ".debugloop/x", ".git/x", "x\0"],
)
def test_a_path_is_outside_where_the_file_system_says_so(checkout: Path, path: str) -> None:
    assert is_outside(path, checkout)


@pytest.mark.parametrize("path", ["", ".", "tests/test_a.py", "inner/test_a.py", "not/there", "tests/../test_b.py"])
def test_a_path_is_inside_where_the_file_system_says_so(checkout: Path, path: str) -> None:
    assert not is_outside(path, checkout)
    assert not is_outside(str(checkout / path), checkout)


def test_a_checkout_behind_a_link_is_the_same_one(checkout: Path) -> None:
    behind = checkout.parent / "behind"
    behind.symlink_to(checkout)
    assert not is_outside(str(behind / "tests"), checkout)
    assert not is_outside(str(checkout / "tests"), behind)
    assert is_same_checkout(checkout, behind / "tests")


def test_a_folder_that_would_be_collected_holds_no_link_out(checkout: Path) -> None:
    assert not collects_outside("tests", checkout)
    (checkout / "tests" / "test_more.py").symlink_to(checkout.parent / "outside" / "test_x.py")
    assert collects_outside("tests", checkout)


def test_the_interpreter_of_a_virtual_environment_is_a_link_that_nobody_collects(checkout: Path) -> None:
    (checkout / "tests" / "venv" / "bin").mkdir(parents=True)
    (checkout / "tests" / "venv" / "pyvenv.cfg").touch()
    (checkout / "tests" / "venv" / "bin" / "python").symlink_to(checkout.parent)
    assert not collects_outside("tests", checkout)


@pytest.mark.parametrize(
    "value",
    [
        '"."./outside',
        ".\\./outside",
        "src own\\ link",
        "key=own link",
        "link",
        "$HOME/x",
        "a,${HOME}",
        "a:~/x",
        "@/etc/passwd",
        "(/etc/passwd)",
        "file:/etc/passwd",
    ],
)
def test_a_value_leads_out_however_it_is_quoted(checkout: Path, value: str) -> None:
    assert leads_out(value, checkout)


@pytest.mark.parametrize("value", ["", "tests", "it's", "a|b", "^a$", "100%", "%(name)s [%(message)s]", "not slow"])
def test_a_value_that_names_no_place_leads_nowhere(checkout: Path, value: str) -> None:
    assert not leads_out(value, checkout)


@pytest.mark.parametrize(
    "recorded",
    ["{0}/../outside", "{0}/link", "{0}/tests/../../outside", "{0}/.debugloop", "{0}/.git", "{0}/inner/../.."],
)
def test_the_recorded_rootdir_is_one_of_this_checkout_only_where_it_lies_in_it(checkout: Path, recorded: str) -> None:
    folder = Path(recorded.format(checkout))
    (checkout / ".debugloop" / "test_x.py").touch()
    (checkout / ".git" / "test_x.py").touch()
    (checkout.parent / "test_x.py").touch()
    assert not is_same_checkout(checkout, folder)
    with pytest.raises(RerunImpossibleError, match="run the command there"):
        plan_rerun(failure(folder, operation_name="test_x.py::test_target"), (), checkout, {})


def test_the_rootdir_that_is_taken_is_the_one_that_was_looked_at(checkout: Path) -> None:
    found = plan_rerun(failure(checkout / "inner", operation_name="test_a.py::test_target"), (), checkout, {})
    assert found.rootdir == checkout / "tests"


def test_a_test_behind_a_link_out_is_neither_run_nor_collected(checkout: Path) -> None:
    with pytest.raises(RerunImpossibleError, match=r"test_link\.py is outside "):
        plan(checkout, operation_name="test_link.py::test_target")
    found = plan(
        checkout, collect("link/test_x.py"), setup("test_link.py::test_target"), setup("tests/test_a.py::test")
    )
    assert found.files == ("tests/test_a.py", "test_b.py")
    assert [one.test.name for one in found.before] == ["tests/test_a.py::test"]
    assert "link/test_x.py; test_link.py" in found.notes[-1]


@pytest.mark.parametrize(
    "words",
    [
        ("--env", "@/tmp/evil"),
        ("-W", "@options"),
        ("-c", "@options"),
        ("--tb", "-pevil"),
        ("-c", "link/x.ini"),
        ("-Zc/tmp/x.ini",),
        ("-Zvc../x.ini",),
        ("-Zoaddopts=-x",),
        ("-Z/tmp/x",),
        ("-o", 'pythonpath="."./outside'),
        ("-o", "postgresql_host=staging"),
        ("--selenium-host", "staging"),
        ("--postgresql-exec=tests/tool",),
    ],
)
def test_an_option_that_pytest_expands_or_that_leads_elsewhere_is_left_out(
    checkout: Path, words: tuple[str, ...]
) -> None:
    assert trusted_arguments(["-v", *words], checkout) == (("-v",), (" ".join(words),))


@pytest.mark.parametrize(
    "words", [("--verbosity", "-1"), ("-Etests/path/x",), ("-Zx",), ("--live-server",), ("-c", "inner/pytest.ini")]
)
def test_an_option_that_does_neither_is_taken(checkout: Path, words: tuple[str, ...]) -> None:
    assert trusted_arguments([*words], checkout) == (words, ())


def test_a_variable_with_options_loses_what_pytest_would_expand(checkout: Path) -> None:
    recorded = {"PYTEST_ADDOPTS": "-q @/tmp/evil --env '@x y' -v"}
    taken = trusted_environment(recorded, {}, checkout, ())
    assert taken.kept == {"PYTEST_ADDOPTS": "-q -v"}
    assert taken.doubtful == ("@/tmp/evil in PYTEST_ADDOPTS", "--env @x y in PYTEST_ADDOPTS")


def test_a_variable_that_leads_elsewhere_has_the_value_that_it_has_now(checkout: Path) -> None:
    names = ("DB_HOST", "HTTP_PROXY", "GIT_SSH_COMMAND", "PATH", "LD_PRELOAD", "MOON")
    (checkout / "shop.py").write_text("".join(f"{name!r}\n" for name in names), encoding="utf-8")
    recorded = dict.fromkeys((*names, "SHOP_SERVER", "PYTHONBREAKPOINT"), "then")
    now = {"DB_HOST": "now", "PATH": "then", "SHOP_SERVER": "now"}
    taken = trusted_environment(recorded, now, checkout, ["SHOP_*"])
    assert taken.kept == {
        "DB_HOST": "now",
        "HTTP_PROXY": None,
        "GIT_SSH_COMMAND": None,
        "PATH": "then",
        "LD_PRELOAD": None,
        "MOON": "then",
        "SHOP_SERVER": "now",
        "PYTHONBREAKPOINT": None,
    }
    assert set(taken.doubtful) == {f"{name}=then" for name in recorded.keys() - {"PATH", "MOON"}}
    assert plan(checkout, environment=recorded, environ=now).environment == {
        "MOON": "then",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def test_a_variable_that_leads_elsewhere_is_not_taken_out_either(checkout: Path) -> None:
    (checkout / "shop.py").write_text("'HTTP_PROXY'\n", encoding="utf-8")
    now = {"HTTP_PROXY": "mine", "PYTHONBREAKPOINT": "ipdb.set_trace", "TZ": "UTC"}
    found = plan(checkout, environment={"HTTP_PROXY": None, "PYTHONHASHSEED": "0"}, environ=now)
    assert found.environment == {"TZ": None, "PYTHONHASHSEED": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert "HTTP_PROXY unset; PYTHONBREAKPOINT unset" in found.notes[-1]


@pytest.mark.parametrize(("value", "is_taken"), [("tests.plugin,xdist", True), ("tests.plugin,a/../b", False)])
def test_plugins_that_a_variable_names_are_modules(checkout: Path, value: str, is_taken: bool) -> None:
    taken = trusted_environment({"PYTEST_PLUGINS": value}, {}, checkout, ())
    assert taken.kept == {"PYTEST_PLUGINS": value if is_taken else None}


def test_python_finds_modules_in_folders_of_the_checkout_alone(checkout: Path) -> None:
    for value, is_taken in (("tests:inner", True), ("link", False), (".debugloop/journals", False)):
        taken = trusted_environment({"PYTHONPATH": value}, {}, checkout, ())
        assert taken.kept == {"PYTHONPATH": value if is_taken else None}


@pytest.mark.parametrize("dist", ["@/tmp/evil", "-c/tmp/evil.ini", "elsewhere"])
def test_how_tests_are_distributed_is_a_word_of_xdist(checkout: Path, dist: str) -> None:
    pytest.importorskip("xdist")
    more: dict[str, Any] = {"agent_name": "me:gw0", "main_agent": "me", "command_line": ["-n1", f"--dist={dist}"]}
    found = plan(checkout, setup("test_b.py::test_target", "me:gw0"), **more)
    assert found.dist == "load"
    assert "--dist=load" in command(found, checkout)
    assert not [word for word in command(found, checkout) if "evil" in word]


def test_nothing_recorded_blocks_the_plugin_that_chooses_the_tests_or_keeps_the_cache_in_the_checkout(
    checkout: Path,
) -> None:
    child = "pytest_debugloop.rerunning.child_plugin"
    words = command(plan(checkout, command_line=["-p", f"no:{child}", "--env=no:cacheprovider"]), checkout)
    assert words.index(child) > words.index(f"no:{child}")
    assert f"cache_dir={checkout / 'cache'}" in words
    for off in (["-p", "no:cacheprovider"], ["-pno:cacheprovider"]):
        assert not [word for word in command(plan(checkout, command_line=off), checkout) if "cache_dir" in word]


def test_a_test_is_no_option_in_the_command_to_type(checkout: Path) -> None:
    found = plan(checkout, setup("-c/evil.ini"), setup("@evil"), setup("tests/test_a.py::test"))
    assert shell_command(found).endswith(" ./-c/evil.ini ./@evil tests/test_a.py::test test_b.py::test_target")
