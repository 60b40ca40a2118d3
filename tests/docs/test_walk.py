"""The README's walk from a red run to its cause: the commands run as they stand there, and print what stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import CHECKOUT, EXAMPLE, clean_environment

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
WALK = README.partition("## From a red run to its cause")[2].partition("\n## ")[0]
# What is another one in each run, and as long where a table is made of it.
_CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"just now|\d+ (second|minute)s? ago"), "<ago>"),
    (re.compile(r"\d+(\.\d+)? (ms|s)\b"), "<span>"),
    (re.compile(r"confidence \d+%"), "confidence <sure>"),
    (re.compile(r"…[^\s:]*(?=::)"), "…"),  # how much is left of a name depends on how wide the others are
    (re.compile(r"  +"), "  "),
)


def commands_of(walk: str) -> list[tuple[str, str]]:
    """Each command, and what is printed below it."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", walk, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def told(text: str) -> str:
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text.strip()


def pattern_of(output: str) -> re.Pattern[str]:
    """What may be printed: three dots stand for anything."""
    return re.compile(".*?".join(re.escape(part) for part in told(output).split("...")), re.DOTALL)


def test_the_walk_takes_less_than_ten_commands() -> None:
    assert 5 <= len(commands_of(WALK)) < 10


def test_the_walk_prints_what_the_readme_says(tmp_path: Path) -> None:
    if not Path(sys.executable).with_name("debugloop").exists():
        pytest.skip("the package is not installed beside this Python: there is no script")
    folder = tmp_path / "orders"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    environment = clean_environment(
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTEST_ADDOPTS="-p pytest_debugloop.plugin -p pytest_rerunfailures",
        PYTHONDONTWRITEBYTECODE="1",
        COLUMNS="100",
    )
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"

    def run(command: str) -> str:
        words = ["sh", "-c", command]
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.stderr == "", command
        return done.stdout

    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@example.org commit -qm first"):
        subprocess.run(["git", *words.split()], cwd=folder, check=True, capture_output=True)
    first = re.search(r"python -m pytest --debugloop --reruns 1", README.partition("## From a red run")[0])
    assert first is not None
    run(first[0])
    for command, output in commands_of(WALK):
        printed = told(run(command))
        assert pattern_of(output).fullmatch(printed), f"$ {command}\n{printed}"
