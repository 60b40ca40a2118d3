"""What happens to a project: nights on main, a polluted run, other data on a branch, a change with a bug, its mending.

Nothing is made up but the story: the repositories are git's, the runs are pytest's, in two legs of a matrix on a runner
of GitHub and at a desk, and all are stored in one record.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.answers.projects import SERVICE, RealProject
from tests.suites.environments import Environment
from tests.support.commands import call_command
from tests.support.environment import clean_environment

LEGS = ("py312", "py313")
FEATURE, LIMITS = "feature", "limits"
_IGNORED = "__pycache__/\n.pytest_cache/\n.debugloop/\n"


@dataclass(frozen=True)
class Told:
    """What a command or a run told."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Its output."""
        return self.out.splitlines()


@dataclass
class Story:
    """One project's story.

    Attributes:
        project: whose.
        environments: of each leg.
        site: pytest-debugloop, installed.
        folder: for its repositories.
        server: the record: connection string and schema.
        is_whole: whether all tests of the project are run, and not a part.
        runs: what each run told, by the point of the story and the leg.
        summaries: what each run left for GitHub's summary of its job, likewise.
    """

    project: RealProject
    environments: dict[str, Environment]
    site: Path
    folder: Path
    server: tuple[str, str]
    is_whole: bool = True
    runs: dict[tuple[str, str], Told] = field(default_factory=dict)
    summaries: dict[tuple[str, str], str] = field(default_factory=dict)
    answers: dict[tuple[str, ...], Told] = field(default_factory=dict)
    _ci_runs: int = 1000

    @property
    def desk(self) -> Path:
        """The developer's checkout."""
        return self.folder / "desk"

    @property
    def runner(self) -> Path:
        """The CI's checkout."""
        return self.folder / "runner"

    @property
    def repository(self) -> str:
        """Its name on GitHub."""
        return f"example/{self.project}"

    def git(self, folder: Path, *arguments: str) -> str:
        """Run git."""
        identity = ["-c", "user.name=Answers", "-c", "user.email=answers@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, "-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false", *arguments]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def begin(self) -> None:
        """Make the repository, and two clones of it."""
        self.folder.mkdir(parents=True)
        top = self.environments[LEGS[0]].unpack(self.folder / "unpacked")
        service = self.folder / "service"
        service.write_text("")
        data, text, _ = self.project.data
        for name, content in {**self.project.files, data: text, ".gitignore": _IGNORED}.items():
            (top / name).write_text(content.replace(SERVICE, str(service)), encoding="utf-8")
        self.git(top, "init", "-q")
        self.git(top, "add", "-A")
        self.git(top, "commit", "-q", "-m", "begin")
        self.git(self.folder, "clone", "-q", "--bare", str(top), "origin.git")
        for clone in (self.desk, self.runner):
            self.git(self.folder, "clone", "-q", "origin.git", clone.name)
            # The project is named by its remote, and reached where it lies.
            remote = f"https://github.com/{self.repository}.git"
            self.git(clone, "remote", "set-url", "origin", remote)
            self.git(clone, "config", f"url.{self.folder / 'origin.git'}.insteadOf", remote)
        shutil.rmtree(top.parent)

    def commit(self, message: str) -> str:
        """Commit and push what the desk has changed."""
        self.git(self.desk, "add", "-A")
        self.git(self.desk, "commit", "-q", "-m", message)
        self.git(self.desk, "push", "-q", "-u", "origin", "HEAD")
        return self.git(self.desk, "rev-parse", "HEAD")

    def ci(self, point: str, *, change: str | None = None, down: dict[str, str] | None = None, first: str = "") -> None:
        """Have the CI run both legs, of main or of a change.

        Args:
            point: of the story.
            change: the branch of a pull request.
            down: zones in which the service does not answer, by leg.
            first: a file of tests that is run before the others.
        """
        self._ci_runs += 1
        self.git(self.runner, "fetch", "-q", "origin")
        self.git(self.runner, "checkout", "-q", "--detach", "origin/main")
        environ = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": str(self._ci_runs),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW": "tests",
            "GITHUB_JOB": "test",
            "GITHUB_EVENT_NAME": "pull_request" if change else "push",
            "GITHUB_REF": "refs/pull/7/merge" if change else "refs/heads/main",
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
        }
        event: dict[str, object] = {"repository": {"default_branch": "main"}}
        if change:
            head = self.git(self.runner, "rev-parse", f"origin/{change}")
            self.git(self.runner, "merge", "-q", "--no-ff", "-m", "merge", f"origin/{change}")
            environ |= {"GITHUB_HEAD_REF": change, "GITHUB_BASE_REF": "main"}
            event["pull_request"] = {"number": 7, "head": {"sha": head, "repo": {"full_name": self.repository}}}
        environ["GITHUB_SHA"] = self.git(self.runner, "rev-parse", "HEAD")
        (self.folder / "event.json").write_text(json.dumps(event))
        for leg in LEGS:
            (self.folder / "service").write_text((down or {}).get(leg, ""))
            summary = self.folder / f"summary-{leg}.md"
            summary.unlink(missing_ok=True)
            more = {**environ, "DEBUGLOOP_LEG": leg, "GITHUB_STEP_SUMMARY": str(summary)}
            if change:
                more["DEBUGLOOP_GATE"] = "true"
            self.runs[point, leg] = self.run(self.runner, leg, first=first, **more)
            self.summaries[point, leg] = summary.read_text(encoding="utf-8") if summary.exists() else ""
        (self.folder / "service").write_text("")

    def at_desk(self, point: str) -> None:
        """Run all tests at the desk."""
        self.runs[point, ""] = self.run(self.desk, LEGS[0])

    def run(self, folder: Path, leg: str, *, first: str = "", **more: str) -> Told:
        """Run the suite."""
        files = sorted(str(path.relative_to(folder)) for path in (folder / "tests").rglob("test_*.py"))
        if not self.is_whole:
            files = [name for name in files if name in (*self.project.part, *self.project.files, "tests/test_added.py")]
        files = [name for name in files if "mypy" not in name]
        command = [str(self.environments[leg].python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--debugloop"]
        command += ["-o", "addopts=", *self.project.suite.arguments, *sorted(files, key=lambda name: name != first)]
        path = os.pathsep.join((str(folder / "src"), str(folder), str(self.site)))
        environ = clean_environment(PYTHONPATH=path, DEBUGLOOP_WAIT="120", **self.place, **more)
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        told = Told(done.returncode, done.stdout, done.stderr)
        assert "debugloop" in told.out, told
        return told

    @property
    def place(self) -> dict[str, str]:
        """The record, as variables."""
        return {"DEBUGLOOP_DSN": self.server[0], "DEBUGLOOP_SCHEMA": self.server[1]}

    def ask(self, point: str, *arguments: str, **more: str) -> Told:
        """Ask the command at the desk, and keep the answer.

        Args:
            point: of the story.
            *arguments: of the command.
            **more: variables.
        """
        key = (point, *arguments)
        done = call_command(self.desk, *arguments, COLUMNS="160", **self.place, **more)
        self.answers[key] = Told(done.returncode, done.stdout, done.stderr)
        return self.answers[key]


def play(story: Story) -> None:
    """Play it all, and ask at each point what one would."""
    project = story.project
    south = project.zones[1]
    story.begin()
    story.ci("first night")
    story.ci("second night", down={"py313": south})
    story.ci("third night", down={"py312": south})
    story.ci("fourth night")
    _ask(story, "nights", project.flake)
    story.ci("polluted night", first=project.polluter.partition("::")[0])
    _ask(story, "polluted", project.victim)
    story.ci("clean night")
    _ask(story, "clean", project.victim)

    story.at_desk("main at the desk")
    story.git(story.desk, "checkout", "-q", "-b", LIMITS)
    data, right, wrong = project.data
    (story.desk / data).write_text(wrong)
    story.commit("lower the limit")
    story.at_desk("limits")
    _ask(story, "limits", project.limits[-1])
    (story.desk / data).write_text(right)
    story.commit("as it was")
    story.at_desk("limits mended")
    _ask(story, "limits mended", project.limits[-1])

    story.git(story.desk, "checkout", "-q", "main")
    story.git(story.desk, "checkout", "-q", "-b", FEATURE)
    project.bug.put_in(story.desk)
    (story.desk / "tests/test_added.py").write_text("def test_added():\n    pass\n")
    story.commit("a feature")
    story.ci("change", change=FEATURE, down={"py313": south})
    _ask(story, "change", project.flake)

    story.git(story.desk, "checkout", "-q", "main")
    project.other_bug.put_in(story.desk)
    story.commit("another feature")
    story.ci("broken main")
    story.git(story.desk, "checkout", "-q", FEATURE)
    (story.desk / "NOTES.md").write_text("notes\n")
    story.commit("notes")
    story.ci("still red", change=FEATURE)
    _ask(story, "still red", project.flake)

    project.bug.mend(story.desk)
    story.commit("mend the feature")
    story.ci("mended", change=FEATURE)
    _ask(story, "mended", project.flake)


ASKED = (
    (),
    ("show",),
    ("show", "--brief"),
    ("runs",),
    ("failures",),
    ("flaky",),
    ("recoveries",),
    ("compare",),
    ("compare", f"{FEATURE}", "main"),
    ("compare", "#7"),
    ("compare", LIMITS, "main"),
    ("check",),
    ("check", f"branch:{FEATURE}", "main"),
    ("check", "--new-flakes-only", f"branch:{FEATURE}", "main"),
    ("report", f"{FEATURE}", "main"),
    ("slow",),
    ("status",),
)
"""What is asked at each point, as text and as JSON."""


def _ask(story: Story, point: str, test: str) -> None:
    of_test = (("history", test), ("diff", test), ("show", test), ("show", test, "--brief"))
    for arguments in (*ASKED, *of_test):
        story.ask(point, *arguments)
        if not {"status", "--brief"} & {*arguments}:
            story.ask(point, *arguments, "--json")
    for form in ("gitlab", "plain"):
        story.ask(point, "report", "--format", form, FEATURE, "main")
    story.ask(point, "compare", "--format", "markdown", FEATURE, "main")
    last, before = json.loads(story.answers[point, "runs", "--json"].out)["runs"][:2]
    story.ask(point, "show", last["id"])
    story.ask(point, "diff", before["id"], last["id"])
    if last["session_id"]:
        story.ask(point, "show", last["session_id"])
