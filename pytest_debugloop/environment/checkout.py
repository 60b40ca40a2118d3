"""What the checkout says: commit, branch, remote, and by these the name of the project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pytest_debugloop.environment import providers as fact
from pytest_debugloop.journal.records import clean_text

# https://git-scm.com/docs/reftable: what stands in HEAD where git keeps references in tables.
_IN_A_TABLE = "refs/heads/.invalid"


def git_facts(rootdir: Path) -> dict[str, str]:
    """Read commit, branch and remote from the git folder's files: no process is started.

    Args:
        rootdir: a folder in a checkout, or not.

    Returns:
        Keys named as OpenTelemetry names them; empty outside of a checkout.
    """
    try:
        git = _git_folder(rootdir)
        if git is None:
            return {}
        common = git
        if (git / "commondir").is_file():
            common = (git / (git / "commondir").read_text().strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        facts = {fact.COMMIT: head}
        if head.startswith("ref: "):
            reference = head[5:]
            facts = {} if reference == _IN_A_TABLE else {fact.BRANCH: reference.removeprefix("refs/heads/")}
            commit = _resolve(common, reference) or _resolve(git, reference)
            if commit:
                facts[fact.COMMIT] = commit
        remote = _remote(common / "config")
        if remote:
            facts[fact.REMOTE] = remote
    except (OSError, ValueError):
        return {}
    return {key: clean_text(value) for key, value in facts.items()}


def default_branch(rootdir: Path) -> str:
    """Read which branch the remote's others are merged into, as a clone has noted it; no process is started.

    Args:
        rootdir: a folder in a checkout, or not.

    Returns:
        Its name; empty where nothing tells.
    """
    try:
        git = _git_folder(rootdir)
        if git is None:
            return ""
        if (git / "commondir").is_file():
            git = (git / (git / "commondir").read_text().strip()).resolve()
        head = (git / "refs" / "remotes" / "origin" / "HEAD").read_text().strip()
    except (OSError, ValueError):
        return ""
    return clean_text(head.partition("refs/remotes/origin/")[2])


def repository_of(rootdir: Path, ci: Mapping[str, str]) -> str:
    """Give one name to a repository however it was cloned: ``example.org/owner/name``.

    Args:
        rootdir: a folder in a checkout, or not.
        ci: what :func:`pytest_debugloop.environment.ci.ci_facts` gave; asked where git names no remote.

    Returns:
        Its name, empty where nobody knows it.
    """
    url = git_facts(rootdir).get(fact.REMOTE, "")
    return repository_of_url(url) or ci.get(fact.REPOSITORY, "")


def repository_of_url(url: str) -> str:
    """Give one name to a repository by the address of a clone: ``example.org/owner/name``.

    Args:
        url: as git knows it; empty where it knows none.
    """
    url = _bare(url)
    return url.partition("://")[2] if "://" in url else url.replace(":", "/", 1)


def project_name(repository: str, rootdir: Path) -> str:
    """Name the project whose tests are in a folder: a repository may hold several.

    Args:
        repository: its name, empty where there is none.
        rootdir: pytest's rootdir.

    Returns:
        The repository, and the folder below its top; without one the folder's own name. At most 255 characters.
    """
    return _project_name(repository, rootdir)[:255]


def _project_name(repository: str, rootdir: Path) -> str:
    if not repository:
        return rootdir.name or "unnamed"
    for folder in (rootdir, *rootdir.parents):
        if (folder / ".git").exists():
            below = rootdir.relative_to(folder).as_posix()
            return repository if below == "." else f"{repository}:{below}"
    return repository


def _git_folder(rootdir: Path) -> Path | None:
    for folder in (rootdir, *rootdir.parents):
        git = folder / ".git"
        if git.is_dir():
            return git
        if git.is_file():  # a worktree or a submodule
            return (folder / git.read_text().partition("gitdir:")[2].strip()).resolve()
    return None


def _resolve(git: Path, reference: str) -> str:
    path = git / reference
    if path.is_file():
        return path.read_text().strip()
    packed = git / "packed-refs"
    if packed.is_file():
        for line in packed.read_text().splitlines():
            commit, _, name = line.partition(" ")
            if name == reference:
                return commit
    return ""


def _remote(config: Path) -> str:
    if not config.is_file():
        return ""
    section, found = "", ""
    for raw in config.read_text(errors="replace").splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line
        elif line.startswith("url") and section.startswith("[remote ") and (not found or "origin" in section):
            found = line.partition("=")[2].strip()
    return _bare(found)


def _bare(url: str) -> str:
    """Take off credentials, and the ending that clones of one repository may or may not have."""
    if not url:
        return ""
    return re.sub(r"(?<=://)[^/@]*@|^[\w.-]+@(?=[\w.-]+:)", "", url).removesuffix(".git")
