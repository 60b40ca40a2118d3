"""Hold what the record says against causes that are known: made ones, and the fixes of real projects."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.truth import fit, fixes, picking, report
from benchmarks.truth.cases import CASES
from benchmarks.truth.causes import causes_of
from benchmarks.truth.made import Pythons, judge_all, missing
from benchmarks.truth.recording import record_server
from benchmarks.truth.repositories import Repositories, read_fixes
from benchmarks.turns import told

_HERE = Path(__file__).parent


def _made(given: argparse.Namespace) -> None:
    chosen = [case for case in CASES if re.search(given.only, str(case)) and given.part in ("", case.part)]
    with record_server() as (server, folder):
        pythons = Pythons(folder / "pythons", sorted(given.pythons.glob("*")))
        ready = []
        for case in chosen:
            if needs := missing(case, pythons):
                told(f"left out, {', '.join(needs)} is not here: {case}")
            else:
                ready.append(case)
        verdicts = judge_all(ready, server, folder, pythons, given.jobs, told)
    _print(report.case_lines(verdicts))
    _print(report.total_lines(verdicts))
    _print(report.calibration_lines((one.said.confidence, one.is_right) for one in verdicts if one.said.strategy))
    if given.json:
        given.json.write_text(json.dumps([one.as_json() for one in verdicts], indent=1) + "\n")


def _fixes(given: argparse.Namespace) -> None:
    repositories = Repositories(given.repositories)
    chosen = []
    for fix in read_fixes(given.fixes):
        if not re.search(given.only, str(fix)) or given.part not in ("", fix.part):
            continue
        if repositories.find(fix.repository) is None:
            told(f"left out, its repository is not here: {fix}")
        else:
            chosen.append(fix)
    with record_server() as (server, folder):
        causes = causes_of(chosen, given.causes, repositories, folder, given.jobs, told)
        if given.causes_only:
            return
        figures = {}
        for where in given.passes:
            figures[where] = fixes.record_all(
                chosen,
                causes,
                repositories,
                server,
                folder,
                is_ahead=where == "ahead",
                proved=given.why,
                jobs=given.jobs,
                tell=told,
            )
    for where, judged in figures.items():
        told(f"\n{where}: what is named first is no cause")
        _print(fixes.wrong_lines(judged, causes))
        _print(report.calibration_lines((one.said.confidence, one.is_right) for one in judged))
    _print(fixes.figure_lines(figures))
    if given.json:
        rows = [{"pass": where, **one.as_json()} for where, judged in figures.items() for one in judged]
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


def _fit(given: argparse.Namespace) -> None:
    known = fit.examples(row for file in given.verdicts for row in json.loads(file.read_text()))
    _print(fit.lines(fit.fitted([one for one in known if one.part == "fit"]), known))


def _pick(given: argparse.Namespace) -> None:
    repositories = Repositories(given.repositories)
    known = {fix.commit for file in given.without for fix in read_fixes(file)}
    with tempfile.TemporaryDirectory(prefix="dl-truth-") as name:
        picked = picking.pick(repositories, given.names, known, given.count, Path(name), given.jobs, told)
    given.file.write_text(picking.as_json(picked))


def _print(lines: Iterable[str]) -> None:
    told("")
    for line in lines:
        told(line)


def main() -> None:
    """Read the command line, and hold one against the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    commands = parser.add_subparsers(required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--only", default="", metavar="PATTERN", help="regular expression of names")
    common.add_argument("--part", choices=("fit", "held", ""), default="", help="one of the two fixed halves")
    common.add_argument("--jobs", type=int, default=2, help="how many at once (%(default)s)")
    common.add_argument("--json", type=Path, metavar="FILE", help="write every verdict with its evidence")
    made = commands.add_parser("made", parents=[common], help="causes that were made on purpose")
    made.add_argument(
        "--pythons",
        type=Path,
        default=Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        metavar="DIR",
        help="folder with interpreters of other versions (%(default)s)",
    )
    made.set_defaults(call=_made)
    real = commands.add_parser("fixes", parents=[common], help="fixes of real projects")
    real.add_argument(
        "--repositories", type=Path, required=True, metavar="DIR", help="git directories, OWNER+NAME/repo"
    )
    real.add_argument("--fixes", type=Path, default=_HERE / "fixes.json", metavar="FILE", help="(%(default)s)")
    real.add_argument("--causes", type=Path, default=_HERE / "causes.json", metavar="FILE", help="(%(default)s)")
    real.add_argument("--causes-only", action="store_true", help="find the causes of those that the file does not have")
    real.add_argument("--passes", nargs="+", choices=("alone", "ahead"), default=["alone", "ahead"], help="(both)")
    real.add_argument(
        "--why", type=int, nargs="?", const=3, default=0, metavar="N", help="call `debugloop why` for N tests of each"
    )
    real.set_defaults(call=_fixes)
    picked = commands.add_parser("pick", help="pick the latest fixes of projects by rule")
    picked.add_argument("names", nargs="+", metavar="OWNER/NAME")
    picked.add_argument("--repositories", type=Path, required=True, metavar="DIR", help="git directories")
    picked.add_argument("--file", type=Path, required=True, metavar="FILE", help="that is written")
    picked.add_argument("--without", type=Path, nargs="*", default=[_HERE / "fixes.json"], help="lists of other fixes")
    picked.add_argument("--count", type=int, default=3, help="how many of each at most (%(default)s)")
    picked.add_argument("--jobs", type=int, default=2, help="how many repositories at once (%(default)s)")
    picked.set_defaults(call=_pick)
    weighing = commands.add_parser("fit", help="fit the odds of explanations to what --json has written")
    weighing.add_argument("verdicts", nargs="+", type=Path, metavar="FILE")
    weighing.set_defaults(call=_fit)
    given = parser.parse_args()
    os.nice(10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server goes, too
    given.call(given)


if __name__ == "__main__":
    main()
