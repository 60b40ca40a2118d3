"""Which distributions can be imported, what is in them, and what they need."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import NamedTuple

from pytest_debugloop.sources.kept_distributions import KeptDistribution, KeptDistributions

_DIST_INFO = re.compile(r"([^-]+)-([^-]+)\.dist-info")
_RECORDED = re.compile(r"^(?!\.\./|/)\"?([^,\n\"]+)\"?,sha256=([\w=-]+)", re.MULTILINE)
_GROUP = re.compile(r"^\[ *([\w.-]+) *\]", re.MULTILINE)
# They are asked for by shells and by pytest, and not by code of the project.
_NO_GROUPS = frozenset({"console_scripts", "gui_scripts", "pytest11"})
_REQUIRES = re.compile(r"^Requires-Dist: *([A-Za-z0-9][\w.-]*)(.*)$", re.MULTILINE)
GROUP = "group:"
_LARGEST_RECORD = 1024 * 1024
_LARGEST_FILE = 4 * 1024 * 1024
_MAX_LOOKED_AT = 60
_MAX_ALONE = 200
_MAX_NAMES = 20
_CODE = (".py", *EXTENSION_SUFFIXES)


class Installed(NamedTuple):
    """A distribution that can be imported.

    Attributes:
        version: of it.
        hash: of what was installed and of what was changed there since; empty where that is not known. The same files
            have the same hash on every machine.
        modules: the names by which it is imported, and after them the groups of its entry points, as ``group:NAME``.
        requires: normalised names of the distributions that it always needs.
    """

    version: str
    hash: str
    modules: tuple[str, ...]
    requires: tuple[str, ...]


def installed(folder: Path | None = None) -> dict[str, Installed]:
    """List the distributions that can be imported here, by their normalised names: the first found of each.

    Args:
        folder: of the record, in which it is kept what is known of them for the next run; None keeps nothing.
    """
    found: dict[str, Installed] = {}
    kept = KeptDistributions(folder)
    for distribution in metadata.distributions():
        try:
            place = _folder(distribution)
            known = kept.find(place) if place is not None else None
            if known is not None:
                found.setdefault(known.name, Installed(*known[1:-1]))
                continue
            name, version = _name_and_version(distribution)
            key = normalised(name)
            if not key or not version or key in found:
                continue
            files = _files(distribution)
            written = [] if place is None else list(_written_since(place, files))
            found[key] = Installed(
                str(version),
                _hash_of(distribution, key, [*files, *written]),
                tuple(sorted(_modules(distribution, key, files)))[:_MAX_NAMES] + _groups(distribution),
                tuple(sorted(set(_requires(distribution)))),
            )
            if place is not None and files and not written:
                kept.keep(place, KeptDistribution(key, *found[key], tuple(path for path, _ in _looked_at(files))))
        except Exception:  # noqa: S112 - one that is damaged, as an interrupted pip leaves it, is none
            continue
    kept.save()
    return dict(sorted(found.items()))


def distribution_versions() -> dict[str, str]:
    """Give the versions of the distributions that :func:`installed` lists, without reading what was installed."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        with contextlib.suppress(Exception):  # one that is damaged is none there, too
            name, version = _name_and_version(distribution)
            if name and version:
                found.setdefault(normalised(name), str(version))
    return found


def normalised(name: str) -> str:
    """Give the one name of a distribution, however it is spelt.

    Args:
        name: in any spelling.
    """
    return name.lower().replace("_", "-").replace(".", "-")


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """Read both from the name of the folder where it has them: to parse all metadata takes most of a survey's time.

    Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    folder = _folder(distribution)
    if folder is not None and (folder / "METADATA").is_file():
        named = _DIST_INFO.fullmatch(folder.name)
        if named is not None:
            return named[1], named[2]
    return distribution.metadata["Name"], distribution.version


def _folder(distribution: metadata.Distribution) -> Path | None:
    folder = getattr(distribution, "_path", None)
    return folder if isinstance(folder, Path) else None


def _files(distribution: metadata.Distribution) -> list[tuple[str, str]]:
    """Give the files that were installed with a hash, and that hash; of metadata the entry points, and no scripts."""
    folder = _folder(distribution)
    record = None if folder is None else folder / "RECORD"
    try:
        if folder is None or record is None or record.stat().st_size > _LARGEST_RECORD:
            return []
        text = record.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return []
    own = f"{folder.name}/"
    return [
        (path.removeprefix(own), digest)
        for path, digest in _RECORDED.findall(text)
        if not path.startswith(own) or path == f"{own}entry_points.txt"
    ]


def _hash_of(distribution: metadata.Distribution, name: str, files: list[tuple[str, str]]) -> str:
    folder = _folder(distribution)
    if folder is None:
        return ""
    files = files or _found_alone(folder.parent, name.replace("-", "_"))
    if not files:
        return ""
    listed = "\n".join(map(" ".join, sorted(files)))
    return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _written_since(folder: Path, files: Collection[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Give those files that are not what was installed, and what they are."""
    if not files:
        return
    parent = os.fspath(folder.parent)
    installed_at = (folder / "RECORD").stat().st_mtime_ns
    for path, digest in _looked_at(files):
        now = _digest_if_newer(f"{parent}/{path}", installed_at) or digest
        if now != digest:
            yield path, f"now {now}"


def _looked_at(files: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Give the files that people change, of many the uppermost."""
    code = [(path.count("/"), path, digest) for path, digest in files if path.endswith(_CODE)]
    return ((path, digest) for _, path, digest in sorted(code)[:_MAX_LOOKED_AT])


def _digest_if_newer(path: str, moment: int) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116 - half the time
        return _digest(Path(path)) if status.st_mtime_ns > moment and status.st_size <= _LARGEST_FILE else ""
    except OSError:
        return "gone"


def _found_alone(folder: Path, module: str) -> list[tuple[str, str]]:
    """Hash the files of a distribution that does not say which it has: those that are called like it."""
    single = folder / f"{module}.py"
    paths = [single] if single.is_file() else sorted((folder / module).rglob("*.py"))[:_MAX_ALONE]
    return [(path.relative_to(folder).as_posix(), _digest(path)) for path in paths if path.is_file()]


def _digest(path: Path) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode("ascii").rstrip("=")


def _modules(distribution: metadata.Distribution, name: str, files: Iterable[tuple[str, str]]) -> Iterator[str]:
    tops = {path.partition("/")[0] for path, _ in files if path.endswith(_CODE)}
    for top in tops:
        module = top.partition(".")[0]
        if module.isidentifier() and not module.startswith("__editable__"):
            yield module
    if not tops:
        named = (distribution.read_text("top_level.txt") or "").split() if _is_egg(distribution) else []
        yield from named or [name.replace("-", "_")]
    elif any(top.startswith("__editable__") for top in tops):
        yield name.replace("-", "_")


def _groups(distribution: metadata.Distribution) -> tuple[str, ...]:
    """Give the groups of entry points by which code that does not name a distribution comes to it."""
    text = distribution.read_text("entry_points.txt") or ""
    found = sorted(set(_GROUP.findall(text)) - _NO_GROUPS)
    return tuple(f"{GROUP}{name}" for name in found[:_MAX_NAMES])


def _is_egg(distribution: metadata.Distribution) -> bool:
    folder = _folder(distribution)
    return folder is not None and not folder.name.endswith(".dist-info")


def _requires(distribution: metadata.Distribution) -> Iterator[str]:
    text = distribution.read_text("METADATA") or ""
    for name, rest in _REQUIRES.findall(text.partition("\n\n")[0]):
        if "extra" not in rest.partition(";")[2]:
            yield normalised(name)
