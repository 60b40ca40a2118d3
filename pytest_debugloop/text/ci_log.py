r"""Text that a CI would take for a command to itself when it reads a log, made harmless.

What is looked for is what each of them reads, by its documentation or its source:

- GitHub Actions (actions/runner, ``ActionCommand.cs``): ``::name::`` at the begin of a line, white space before it
  trimmed; and ``##[name]`` anywhere in a line.
- Azure Pipelines: ``##vso[area.action]`` and ``##[name]``, anywhere in a line. TeamCity: ``##teamcity[name]``.
- GitLab: ``section_start:``, Travis: ``travis_fold:``, at the begin of what a carriage return or an escape ends.
- Buildkite, where it runs us: ``---``, ``+++``, ``~~~`` and ``^^^`` before a space, at the begin of a line.

The last character of such a sign is spelt out, as ``printable`` does it: ``:\x3aadd-mask::``. A blank before it would
be trimmed, and an invisible character within it is skipped by comparisons that follow a culture, as .NET's do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from pytest_debugloop.lazy import lazy_pattern
from pytest_debugloop.setting_values import FALSE

VARIABLES = (
    *("CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION", "BUILDKITE", "TRAVIS"),
    *("JENKINS_URL", "CIRCLECI", "BITBUCKET_COMMIT", "GITEA_ACTIONS", "FORGEJO_ACTIONS"),
)
"""Environment variables of which one is set in a CI."""

# White space, controls and invisible characters, in UTF-8, and escapes that colour, erase or move.
_UNSEEN = (
    rb"(?:[\x00-\x09\x0e-\x1a\x1c-\x20\x7f]|\xc2[\x80-\xa0\xad]|\xcd\x8f|\xd8\x9c|\xe1\x9a\x80|\xe1\xa0[\x8b-\x8f]"
    rb"|\xe2\x80[\x80-\xaf]|\xe2\x81[\x9f-\xaf]|\xe3\x80\x80|\xe3\x85\xa4|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf"
    rb"|\x1b\[[0-9;:?]*[A-Za-z]|\x1b)*"
)
_BEGIN = rb"(?:\A|(?<=[\n\r\v\f]))" + _UNSEEN
_ANYWHERE = rb"##(?:\w[\w.-]{0,40})?\["
_AT_BEGIN = rb"::|section_(?:start|end):|travis_(?:fold|time):"
_OF_BUILDKITE = rb"(?:---|\+\+\+|~~~|\^\^\^)[ ]"
_SIGNS = lazy_pattern(_ANYWHERE + rb"|" + _BEGIN + rb"(?:" + _AT_BEGIN + rb")")
_SIGNS_AND_BUILDKITE = lazy_pattern(_ANYWHERE + rb"|" + _BEGIN + rb"(?:" + _AT_BEGIN + rb"|" + _OF_BUILDKITE + rb")")
_BLANK = lazy_pattern(_UNSEEN)
_LONGEST_SIGN = 64
# Of which one is in every text that has a sign: most have none, and the expressions are long.
_PARTS = ("##", "::", "section_", "travis_", "--- ", "+++ ", "~~~ ", "^^^ ")


def is_ci(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a CI runs us, and reads what we print.

    Args:
        environ: the environment.
    """
    return any(environ.get(name, "").lower() not in FALSE for name in VARIABLES)


def harmless(text: str, spelt: str = "\\x{:02x}") -> str:
    """Spell out what a CI would take for a command.

    Args:
        text: whole lines.
        spelt: how the one character that is spelt out is written, a format of its number; in JSON and XML another, so
            that the text means the same.
    """
    if not any(part in text for part in _PARTS):
        return text
    return Lines(spelt).harmless(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


class Lines:
    """Output as it comes, piece by piece: a sign may begin in one and end in the next."""

    def __init__(self, spelt: str = "\\x{:02x}") -> None:
        self._spelt = spelt
        self._signs = _SIGNS_AND_BUILDKITE if os.environ.get("BUILDKITE") else _SIGNS
        self._line = b""  # what the line has so far, as much of it as a sign needs

    def harmless(self, data: bytes) -> bytes:
        """Spell out what a CI would take for a command.

        Args:
            data: the next piece, in an encoding in which ASCII is ASCII.
        """
        before = len(self._line)
        whole = self._line + data
        parts: list[bytes] = []
        done = 0
        for sign in self._signs.finditer(whole):
            last = sign.end() - 1 - before
            if last >= 0:
                parts += data[done:last], self._spelt.format(data[last]).encode("ascii")
                done = last + 1
        self._keep(whole)
        return b"".join([*parts, data[done:]]) if parts else data

    def _keep(self, whole: bytes) -> None:
        at = max(whole.rfind(end) for end in (b"\n", b"\r", b"\v", b"\f")) + 1
        self._line = whole[at:]
        if len(self._line) > _LONGEST_SIGN:
            begin = _BLANK.match(self._line)
            line = self._line[begin.end() if begin else 0 :]
            self._line = line if len(line) <= _LONGEST_SIGN else b"x" + line[-_LONGEST_SIGN:]
