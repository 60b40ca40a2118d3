"""What failed is recovered by a pass on its line, and by no other: its leg, and its branch or a later commit."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_debugloop.answers.proving import case_of
from pytest_debugloop.answers.record import Record as AskedRecord
from pytest_debugloop.database.migrate import migrate, rollback
from pytest_debugloop.errors import RerunImpossibleError
from pytest_debugloop.loading.batch import statement
from pytest_debugloop.loading.heads import head_of
from pytest_debugloop.loading.known_failures import known_failures
from pytest_debugloop.summary.known_failures import failure_facts
from pytest_debugloop.text.words import short
from tests.support.made_runs import MadeRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.records import Record

TEST = "test_it.py::test_it"
GITHUB = {"cicd.provider": "github", "cicd.pipeline.task.name": "tests"}
HERE, THERE = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def failing(at: float = 0, **more: Any) -> MadeRun:
    return MadeRun({TEST: False}, at, **more)


def passing(at: float = 10, **more: Any) -> MadeRun:
    return MadeRun({TEST: True}, at, **more)


def change(number: str) -> dict[str, str]:
    return GITHUB | {"vcs.change.id": number}


def links(record: Record, *runs: MadeRun) -> list[tuple[object, ...]]:
    """Store runs in this order, and give which of them recovered which."""
    for run in runs:
        run.load(record)
    found = record.rows(
        "SELECT e.run_id, s.run_id, e.resolved_at = s.occurred_at FROM debug_error_events AS e"
        " LEFT JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id"
        " LEFT JOIN debug_success_events AS s ON s.id = c.success_event_id ORDER BY e.occurred_at, e.id"
    )
    assert all(is_told in (None, True) for _, _, is_told in found)
    assert record.value("SELECT count(*) FROM debug_error_events WHERE resolved_at IS NOT NULL") == len(
        [row for row in found if row[1]]
    )
    return [(failed, passed) for failed, passed, _ in found]


ON_LINE: dict[str, tuple[MadeRun, MadeRun]] = {
    "branch": (failing(branch="feature"), passing(branch="feature")),
    "leg": (failing(leg="py311"), passing(leg="py311")),
    "a rewritten branch": (failing(commit="a1"), passing(commit="b9")),
    "change": (failing(branch="feature", ci=change("12")), passing(branch="merge-queue", ci=change("12"))),
    "a change without a branch": (failing(branch=None, ci=change("12")), passing(branch=None, ci=change("12"))),
    "the same commit": (failing(branch="feature", commit="a1"), passing(branch="main", commit="a1")),
    "a merge": (
        failing(branch="feature", commit="a1"),
        passing(branch="main", commit="m1", commits=[("m1", "b1", "a1"), ("b1", "r0"), ("a1", "r0")]),
    ),
    "a squash with the files of what it merged": (
        failing(branch="feature", commit="a1", tree="t1"),
        passing(branch="main", commit="s1", tree="t1", commits=[("s1", "r0")]),
    ),
    "a squash that names the change that it merged": (
        failing(branch="feature", commit="a1", ci=change("12")),
        passing(branch="main", commit="s2", commits=[("s2", "s1"), ("s1", "r0")], merged=[("s1", "12")]),
    ),
    "commits later": (
        failing(branch="feature", commit="a1"),
        passing(branch="other", commit="a3", commits=[("a3", "a2"), ("a2", "a1")]),
    ),
    "detached": (failing(branch=None, checkout=HERE), passing(branch=None, checkout=HERE)),
    "no git, told by the folder": (failing(branch=None), passing(branch=None)),
    "no git, in a folder that was cleaned": (
        failing(branch=None, checkout=HERE, facts={"boot_id": "one"}),
        passing(branch=None, checkout=THERE, facts={"boot_id": "one"}),
    ),
    "git that was made meanwhile": (
        failing(branch=None, checkout=HERE), passing(branch="main", commit="a1", checkout=HERE)
    ),
    "a branch that was set back where it lies": (
        failing(commit="a2", checkout=HERE, commits=[("a2", "a1")]), passing(commit="a1", checkout=HERE)
    ),
}  # fmt: skip
ELSEWHERE: dict[str, tuple[MadeRun, MadeRun]] = {
    "branch": (failing(branch="feature"), passing(branch="main")),
    "leg": (failing(leg="py311"), passing(leg="py312")),
    "leg of one commit": (failing(leg="py311", commit="a1"), passing(leg="py312", commit="a1")),
    "a leg, and none": (failing(leg="py311"), passing(leg="")),
    "leg of a later commit": (
        failing(leg="py311", branch="feature", commit="a1"),
        passing(leg="py312", branch="main", commit="m1", commits=[("m1", "b1", "a1")]),
    ),
    "change": (failing(branch=None, ci=change("12")), passing(branch=None, ci=change("13"))),
    "fork": (failing(branch="main", ci=GITHUB), passing(branch="stranger:main", ci=GITHUB)),
    "not merged yet": (
        failing(branch="feature", commit="a1"),
        passing(branch="main", commit="b1", commits=[("b1", "r0"), ("a1", "r0")]),
    ),
    "squashed": (failing(branch="feature", commit="a1"), passing(branch="main", commit="s1", commits=[("s1", "r0")])),
    "a squash with other files": (
        failing(branch="feature", commit="a1", tree="t1"), passing(branch="main", commit="s1", tree="t2")
    ),
    "a squash of another change": (
        failing(branch="feature", commit="a1", ci=change("12")),
        passing(branch="main", commit="s1", merged=[("s1", "13")]),
    ),
    "a branch that begins with the files of what failed after it": (
        failing(branch="main", commit="m2", tree="t2", commits=[("m2", "m1"), ("b1", "m1")]),
        passing(branch="feature", commit="b1", tree="t1"),
    ),
    "a shallow clone": (failing(branch="feature", commit="a1"), passing(branch="main", commit="m1")),
    "working copy": (failing(branch=None, checkout=HERE), passing(branch=None, checkout=THERE)),
    "folder": (failing(branch=None), passing(branch=None, rootdir="/other")),
    "a branch, in the same working copy": (
        failing(branch="feature", checkout=HERE), passing(branch="main", checkout=HERE)
    ),
    "a detached head, in the same working copy": (
        failing(branch=None, commit="a1", checkout=HERE), passing(branch="main", commit="b1", checkout=HERE)
    ),
    "detached in a CI that is not known, in one folder": (
        failing(branch=None, commit="a1", checkout=HERE, ci={"cicd.provider": "unknown"}),
        passing(branch=None, commit="b1", checkout=HERE, ci={"cicd.provider": "unknown"}),
    ),
    "an earlier commit of the branch, whose job was late or whose clock": (
        failing(commit="a2", ci=GITHUB, commits=[("a2", "a1")]), passing(commit="a1", ci=GITHUB)
    ),
    "the change that a merge queue merged, alone": (
        failing(branch="queue", commit="q1", ci=change("12"), commits=[("q1", "m1", "a1")]),
        passing(branch="feature", commit="a1", ci=change("12")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ON_LINE)
def test_a_later_pass_on_the_line_recovers(record: Record, case: str) -> None:
    failed, passed = ON_LINE[case]
    assert links(record, failed, passed) == [(failed.id, passed.id)]


def some(cases: dict[str, tuple[MadeRun, MadeRun]]) -> list[Any]:
    """Take every fourth by default: which of the two runs is loaded first makes no difference to what a line is."""
    return [pytest.param(case, marks=[pytest.mark.thorough] if at % 4 else []) for at, case in enumerate(cases)]


@pytest.mark.parametrize("case", some(ON_LINE))
def test_a_later_pass_on_the_line_recovers_what_is_loaded_after_it(record: Record, case: str) -> None:
    failed, passed = ON_LINE[case]
    assert links(record, passed, failed) == [(failed.id, passed.id)]


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_pass_elsewhere_recovers_nothing(record: Record, case: str) -> None:
    failed, passed = ELSEWHERE[case]
    assert links(record, failed, passed) == [(failed.id, None)]


@pytest.mark.parametrize("case", some(ELSEWHERE))
def test_a_pass_elsewhere_recovers_nothing_that_is_loaded_after_it(record: Record, case: str) -> None:
    failed, passed = ELSEWHERE[case]
    assert links(record, passed, failed) == [(failed.id, None)]


def test_the_first_later_pass_on_the_line_recovers_and_not_the_first_of_all(record: Record) -> None:
    failed = failing(branch="feature", leg="py311")
    others = [passing(1, branch="main", leg="py311"), passing(2, branch="feature", leg="py312")]
    first, second = passing(3, branch="feature", leg="py311"), passing(4, branch="feature", leg="py311")
    assert links(record, failed, *others, second, first) == [(failed.id, first.id)]


def test_what_is_known_of_commits_only_later_links_what_was_stored_before(record: Record) -> None:
    failed = failing(branch="feature", commit="a1")
    merged = passing(branch="main", commit="m1")
    assert links(record, failed, merged) == [(failed.id, None)]
    whole = MadeRun({}, 20, branch="other", commit="m1", commits=[("m1", "b1", "a1")])
    assert links(record, whole) == [(failed.id, merged.id)]


def test_a_squash_recovers_what_failed_before_the_last_commit_of_its_branch(record: Record) -> None:
    failed = failing(0, branch="feature", commit="a1", tree="t1")
    last = MadeRun({}, 5, branch="feature", commit="a2", tree="t2", commits=[("a2", "a1"), ("a1", "r0")])
    squashed = passing(10, branch="main", commit="s1", tree="t2", commits=[("s1", "r0")])
    assert links(record, squashed, failed, last) == [(failed.id, squashed.id)]


def test_commits_with_the_same_files_that_git_has_related_stay_as_they_are(record: Record) -> None:
    # The revert of a2 has the files of a1, whose job comes late.
    commits = [("a3", "a2"), ("a2", "a1")]
    reverted = MadeRun({}, 5, commit="a3", tree="t1", ci=GITHUB, commits=commits)
    failed, late = failing(commit="a2", tree="t2", ci=GITHUB), passing(commit="a1", tree="t1", ci=GITHUB)
    assert links(record, failed, reverted, late) == [(failed.id, None)]


def test_what_is_known_of_commits_only_later_takes_back_what_passed_on_an_earlier_one(record: Record) -> None:
    failed = failing(commit="a2", ci=GITHUB)
    late = passing(commit="a1", ci=GITHUB)
    assert links(record, failed, late) == [(failed.id, late.id)]
    assert links(record, MadeRun({}, 20, commit="a2", commits=[("a2", "a1")])) == [(failed.id, None)]
    assert record.rows("SELECT resolved_at, recovery_successful, recovery_strategy FROM debug_error_events") == [
        (None, None, None)
    ]


def test_a_rerun_of_a_ci_job_is_called_so(record: Record) -> None:
    job = GITHUB | {"cicd.pipeline.run.id": "7"}
    failed = failing(ci=job | {"cicd.pipeline.run.attempt": "1"})
    links(record, failed, passing(ci=job | {"cicd.pipeline.run.attempt": "2"}))
    told = "SELECT starts_with(recovery_path, 'the CI job was rerun (attempt 2): '), evidence -> 'job_rerun'"
    assert record.rows(f"{told} FROM debug_error_success_correlation") == [
        (True, {"job": "tests", "attempts": ["1", "2"]})
    ]


LAST_PASSES: dict[str, tuple[MadeRun, list[MadeRun]]] = {
    "on its line, and not the last of all": (
        failing(branch="feature", leg="py311"),
        [passing(0, branch="feature", leg="py311"), passing(1, leg="py311"), passing(2, branch="feature", leg="py312")],
    ),
    "on a commit that its own comes after": (
        failing(branch="feature", commit="a3", commits=[("a3", "a2"), ("a2", "a1"), ("b1", "a1")]),
        [passing(0, branch="old", commit="a1"), passing(1, branch="other", commit="b1")],
    ),
    "on the branch that it is to be merged into": (
        failing(branch="feature", ci=change("7") | {"vcs.ref.base.name": "develop"}),
        [passing(0, branch="develop"), passing(1, branch="main"), passing(2, branch="other")],
    ),
    "on main, where nobody names another": (failing(branch="feature"), [passing(0), passing(1, branch="other")]),
    "in its working copy before that was one of git": (
        failing(branch="feature", checkout=HERE),
        [passing(0, branch=None, checkout=HERE), passing(1, branch="other")],
    ),
    "nowhere": (failing(branch="feature", leg="py311"), [passing(0, branch="other", leg="py311"), passing(1)]),
}


@pytest.mark.parametrize("case", LAST_PASSES)
def test_a_failure_is_held_against_its_last_pass(record: Record, case: str) -> None:
    failed, passes = LAST_PASSES[case]
    failed = failed.but(at=10)
    for run in (*passes, failed):
        run.load(record)
    if case == "nowhere":
        with pytest.raises(RerunImpossibleError, match="has no earlier pass in another recorded run"):
            AskedRecord(record.connection).answer(case_of(TEST))
    else:
        found = AskedRecord(record.connection).answer(case_of(TEST))
        assert (found.recovery, found.passing.run_id) == (None, passes[0].id)


def known(record: Record, run: MadeRun) -> list[str]:
    """Say what the summary of a run says of its first failure."""
    with record.loader.entered() as cursor:
        (failure, *_), _ = known_failures(cursor, statement, run.id, run.id, 10)
    return failure_facts(failure)


def test_a_run_is_told_where_its_failures_pass(record: Record) -> None:
    for run in (passing(0, branch="main"), passing(1, branch="feature", leg="py312"), passing(2, branch="x", leg="y")):
        run.load(record)
    failing(3, branch="broken").load(record)
    failed = failing(10, branch="feature")
    failed.load(record)
    assert known(record, failed)[-1] == "passes on main, in leg py312"
    # What it fails for on another line, or passed for in an earlier run there, is none of its history here.
    passing(11, branch="feature", leg="py312").load(record)
    failing(12, branch="main").load(record)
    again = failing(3_000, branch="feature")
    again.load(record)
    assert known(record, again)[-1] == "passes in leg py312"


def test_how_often_a_failure_was_seen_is_counted_on_its_line_first(record: Record) -> None:
    for run in (failing(0, branch="other"), failing(1, leg="py312"), failing(2), passing(3)):
        run.load(record)
    failed, first = failing(4), failing(5, branch="new")
    for run in (failed, first):
        run.load(record)
    assert known(record, failed)[1] == "seen 2 times in 7 days, 2 more elsewhere"
    # Below, the line of the base says more than the count.
    assert known(record, first)[0] == f"red since run {short(failed.id)} on main"


def test_the_summary_calls_a_test_flaky_as_the_scores_do_though_each_run_has_its_own_commit(record: Record) -> None:
    def rolled(at: int, **verdicts: bool) -> MadeRun:
        named = {f"test_it.py::{name}": passes for name, passes in verdicts.items()}
        return MadeRun(named, at, commit=f"c{at}", message="assert {test}")  # each of a cause of its own

    for at in range(100):
        # One fails for a single run three times, the other was broken for a third of them.
        run = rolled(at, test_dice=at not in {20, 50, 80}, test_broken=not 30 <= at < 60)
        run.load(record)
    last = rolled(100, test_dice=False, test_broken=False)
    last.load(record)
    with record.loader.entered() as cursor:
        found, _ = known_failures(cursor, statement, last.id, last.id, 10)
    told = {failure.test.partition("::")[2]: failure.is_flaky for failure in found}
    rows = record.rows("SELECT name, class FROM debug_flaky_tests JOIN debug_tasks ON id = task_id")
    assert {str(name): found in ("flaky", "newly flaky") for name, found in rows} == told
    assert told == {"test_dice": True, "test_broken": False}


def test_a_failure_whose_line_was_not_run_for_long_is_said_to_be_open_and_not_run(record: Record) -> None:
    day = 24 * 60
    passing(0).load(record)
    failing(10).load(record)
    failing(30 * day, branch="other").load(record)
    failed = failing(40 * day)
    failed.load(record)
    assert known(record, failed)[2:] == ["failing for 39 days", "open, and not run for 39 days before"]


def test_a_migration_links_what_an_older_version_has_linked_across_lines(record: Record) -> None:
    feature = failing(0, branch="feature")
    leg = failing(1, leg="py311", facts={"environment": {"TOX_ENV_NAME": "py311"}})
    here, gone = failing(2), failing(3, branch="gone", ci=GITHUB)
    passed, late = passing(10), passing(20, branch="feature")
    before = links(record, feature, leg, here, gone, passed, late)
    assert before == [(feature.id, late.id), (leg.id, None), (here.id, passed.id), (gone.id, None)]
    rollback(record.connection, record.schema, to=10)
    # As it was linked: by the first pass, wherever.
    record.connection.execute(
        "DELETE FROM debug_error_success_correlation; INSERT INTO debug_error_success_correlation (id, error_event_id,"
        " success_event_id, correlation_id, task_id, recovery_strategy, confidence_score, evidence, correlated_at,"
        " recovery_duration_ms) SELECT gen_random_uuid(), e.id, s.id, s.correlation_id, e.task_id, 'code_change', 0.9,"
        " '{}', s.occurred_at, 1"
        f" FROM debug_error_events AS e, debug_success_events AS s WHERE s.run_id = '{passed.id}';"
        " UPDATE debug_error_events SET recovery_strategy = 'code_change', recovery_successful = TRUE, resolved_at ="
        " (SELECT max(correlated_at) FROM debug_error_success_correlation);"
        " UPDATE debug_success_events SET success_type = 'validation_pass'"
    )
    migrate(record.connection, record.schema)
    assert links(record) == before
    told = "SELECT recovery_strategy, recovery_successful, is_recoverable FROM debug_error_events ORDER BY occurred_at"
    open_, kept, new = (None, None, False), ("code_change", True, True), ("unknown", True, True)
    assert [row[:2] for row in record.rows(told)] == [row[:2] for row in (new, open_, kept, open_)]
    assert record.rows("SELECT recoveries_total FROM debug_runs ORDER BY started_at DESC LIMIT 2") == [(1,), (1,)]
    # The reason is found when the next run is stored.
    MadeRun({"test_it.py::test_other": True}, 30).load(record)
    explained = "SELECT count(*) FROM debug_error_success_correlation WHERE evidence IS NOT NULL"
    assert record.value(explained) == 2


def test_a_leg_that_the_journal_does_not_name_is_made_of_what_it_says(record: Record) -> None:
    failing(leg=None, ci=GITHUB, facts={"environment": {"TOX_ENV_NAME": "py312"}}).load(record)
    failing(leg=None).load(record)
    assert record.rows("SELECT DISTINCT leg FROM debug_runs ORDER BY 1 DESC") == [
        ("tests, py312, py3.12, linux, x86_64",),
        ("",),
    ]


def test_a_branch_that_only_the_loader_can_read_is_kept_where_nothing_else_tells(record: Record) -> None:
    runs = [
        failing(branch=None, head={"head": "a1", "branch": "main"}),
        failing(branch="other", commit="b1", head={"head": "a1", "branch": "main"}),
        failing(branch=None, ci=GITHUB, head={"head": "a1", "branch": "main"}),
        failing(branch=None, head={"head": "a1"}),
    ]
    for run in runs:
        run.load(record)
    found = {row[0]: row[1:] for row in record.rows("SELECT id, git_branch, git_commit FROM debug_runs")}
    assert [found[run.id] for run in runs] == [("main", "a1"), ("other", "b1"), (None, None), (None, "a1")]


def test_names_that_are_longer_than_an_index_takes_are_kept(record: Record) -> None:
    long = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9_000))
    failed = failing(branch=long, commit=long, leg=long, rootdir=f"/{long}", commits=[(long, "a1"), ("a1", "r0")])
    no_branch = failing(1, branch=None, rootdir=f"/{long}")
    assert links(record, failed, no_branch, passing(branch=long, leg=long, commit=long, rootdir=f"/{long}"))[0][1]
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 0
    assert record.rows("SELECT git_commit, git_parent FROM debug_commit_parents") == [("a1", "r0")]


def test_commits_that_are_none_are_refused_and_cost_nothing_else(record: Record) -> None:
    failed = failing()
    (head, *rest) = failed.lines().splitlines(keepends=True)
    bad = [b'{"kind":"commits"}\n', b'{"kind":"commits","commits":[1]}\n', b'{"kind":"commits","commits":[["a",{}]]}\n']
    record.loader.load([(head_of(Path("x"), head), b"".join([head, *bad, *rest]))])
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 3
    assert record.value("SELECT count(*) FROM debug_error_events") == 1


# A history: main and a feature that is merged, with a revert, in two legs.
GRAPH = {"r0": [], "b1": ["r0"], "a1": ["r0"], "a2": ["a1"], "m1": ["b1", "a2"], "b2": ["m1"]}
BRANCHES = {"r0": "main", "b1": "main", "a1": "feature", "a2": "feature", "m1": "main", "b2": "main"}


def comes_after(later: str, earlier: str) -> bool:
    return later == earlier or any(comes_after(parent, earlier) for parent in GRAPH[later])


def expected(runs: Sequence[MadeRun]) -> list[tuple[object, ...]]:
    """What the rule says, run by run."""
    found: list[tuple[object, ...]] = []
    ordered = sorted(runs, key=lambda run: run.at)
    for failed in ordered:
        if failed.verdicts[TEST]:
            continue
        for passed in ordered:
            assert passed.commit is not None
            assert failed.commit is not None
            is_later = passed.at > failed.at and passed.verdicts[TEST] and passed.leg == failed.leg
            is_after = comes_after(passed.commit, failed.commit)
            is_before = comes_after(failed.commit, passed.commit) and not is_after
            if is_later and (is_after or passed.branch == failed.branch) and not is_before:
                found.append((failed.id, passed.id))
                break
        else:
            found.append((failed.id, None))
    return found


@settings(max_examples=settings().max_examples // 8)
@given(
    drawn=st.lists(
        st.tuples(st.sampled_from(sorted(GRAPH)), st.sampled_from(["py311", "py312"]), st.booleans(), st.booleans()),
        min_size=2,
        max_size=6,
    ),
    seed=st.integers(0, 2**32),
)
def test_in_any_order_of_loading_the_same_is_linked(
    any_record: Record, drawn: list[tuple[str, str, bool, bool]], seed: int
) -> None:
    any_record.empty()
    edges = [(commit, *parents) for commit, parents in GRAPH.items() if parents]
    runs = [
        MadeRun({TEST: passes}, at, BRANCHES[commit], leg, commit, edges if is_told else (), GITHUB)
        for at, (commit, leg, passes, is_told) in zip(itertools.count(0, 10), drawn, strict=False)
    ]
    # Whatever the others know, one of them tells of all commits.
    runs[0] = runs[0].but(commits=edges, id=runs[0].id)
    shuffled = random.Random(seed).sample(runs, len(runs))
    assert links(any_record, *shuffled) == expected(runs)
