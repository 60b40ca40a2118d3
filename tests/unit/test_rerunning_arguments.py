"""What of a recorded command line a rerun is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.settings import OPTIONS
from pytest_debugloop.sources.arguments import option_values, rerun_arguments


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("tests/test_a.py::test_x tests -x --maxfail=3", ""),
        ("-k name -kname -m slow -m=slow --lf --ff --nf --sw --deselect a::b", ""),
        ("-xvs -vxk name", "-v -s -v"),
        ("-q -rA -r fE --tb=short --tb short", "-q -rA -r fE --tb=short --tb short"),
        (
            "-p no:randomly -pxdist -c my.ini --config-file my.ini",
            "-p no:randomly -pxdist -c my.ini --config-file my.ini",
        ),
        ("-o a=b -W error --import-mode importlib", "-o a=b -W error --import-mode importlib"),
        ("-n 4 -n4 -nauto --numprocesses=2 --dist loadfile -d --tx 2*popen", ""),
        ("--reruns 3 --reruns-delay=1 --only-rerun X --retries 2 --force-flaky --max-runs=3", ""),
        ("--junitxml=a.xml --junit-xml a.xml --html a.html --report-log r --alluredir a", ""),
        ("--cov --cov=src --cov src_of_nothing --cov-report term --cov-fail-under 80 --no-cov", ""),
        ("--randomly-seed=3 -p randomly", "-p randomly"),
        ("--pdb --trace --pdbcls=a:B", "--pdbcls=a:B"),
        ("--env staging --flag", "--env staging --flag"),
        ("--flag here.py --other a.py::test_x", "--flag --other"),
        ("-v -- -k tests", "-v"),
        ("--rootdir=/x --rootdir /x --basetemp t --log-file l.txt", ""),
        ("--color yes --durations 3 --count 5 --timeout=3", "--color yes --durations 3 --count 5 --timeout=3"),
        ("--hypothesis-seed=1 @options.txt", "--hypothesis-seed=1"),
    ],
)
def test_what_chooses_tests_writes_results_or_repeats_is_left_out_and_all_else_stays(
    given: str, kept: str, tmp_path: Path
) -> None:
    assert rerun_arguments(given.split(), tmp_path).kept == tuple(kept.split())


def test_a_word_behind_an_unknown_option_is_a_test_where_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    assert rerun_arguments(["--env", "staging"], tmp_path).kept == ("--env",)
    assert rerun_arguments(["--env", "production"], tmp_path).kept == ("--env", "production")


def test_an_option_whose_value_was_redacted_is_named_and_left_out(tmp_path: Path) -> None:
    given = ["--api-token=[redacted: key]", "-v", "--url", "https://[redacted: url]@x"]
    assert rerun_arguments(given, tmp_path) == (("-v",), ("--api-token", "--url"))


def test_our_own_options_stay_only_where_they_decide_what_is_seen_of_a_failure(tmp_path: Path) -> None:
    given = [
        word for o in OPTIONS for word in ((o.flag, "7") if o.metavar else (o.flag, o.flag.replace("--", "--no-", 1)))
    ]
    kept = {word.replace("--no-", "--") for word in rerun_arguments(given, tmp_path).kept if word != "7"}
    assert kept == {
        "--debugloop-capture",
        "--debugloop-capture-exclude",
        "--debugloop-all-locals",
        "--debugloop-max-depth",
        "--debugloop-max-items",
        "--debugloop-max-characters",
        "--debugloop-max-frames",
        "--debugloop-max-snapshot-bytes",
        "--debugloop-max-snapshot-ms",
        "--debugloop-max-checkpoints",
        "--debugloop-max-artifact-bytes",
        "--debugloop-redact-names",
        "--debugloop-redact-patterns",
        "--debugloop-redact-except",
        "--debugloop-repr",
        "--debugloop-environment",
    }


@given(st.lists(st.text(max_size=8) | st.sampled_from(["-x", "-k", "-n", "-vk", "--", "-", "--cov", "--env", "a::b"])))
def test_any_words_are_taken_and_what_is_left_stays_as_it_is(words: list[str]) -> None:
    kept = rerun_arguments(words, Path("/nowhere")).kept
    assert rerun_arguments(kept, Path("/nowhere")).kept == kept


def test_the_values_of_an_option_are_found_in_each_spelling(tmp_path: Path) -> None:
    given = ["--dist", "load", "--dist=loadgroup", "-n2", "-n", "3", "--numprocesses=4"]
    assert option_values(given, tmp_path, "--dist") == ["load", "loadgroup"]
    assert option_values(given, tmp_path, "-n", "--numprocesses") == ["2", "3", "4"]


@pytest.mark.parametrize("words", [["-c", "ci/own.ini"], ["-cci/own.ini"], ["--config-file=/gone/ci/own.ini"]])
def test_the_configuration_is_named_from_rootdir_where_the_run_was_started_elsewhere(
    tmp_path: Path, words: list[str]
) -> None:
    assert list(rerun_arguments(words, tmp_path).kept) == words
    (tmp_path / "own.ini").touch()
    assert rerun_arguments([*words, "-v"], tmp_path).kept[1:] == ("own.ini", "-v")
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci/own.ini").touch()
    if not words[-1].endswith("/gone/ci/own.ini"):
        assert list(rerun_arguments(words, tmp_path).kept) == words
