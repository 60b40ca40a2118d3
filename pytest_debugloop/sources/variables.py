"""Which environment variables differ between two runs, as far as a record holds them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_debugloop.capture.redact import REDACTED

# They tell where something is, who asked, in which window, or the number of a job; and not what is run.
_SURROUNDINGS = re.compile(
    r"(VIRTUAL_ENV|_OLD_VIRTUAL|CONDA_|PYENV|UV|PIP|PIPX|PDM|HATCH|POETRY|RYE|TOX|NOX|NVM|NODE|NPM|RBENV|SDKMAN|JAVA_HOME)(_|$)"
    r"|(TERM_(PROGRAM|SESSION)|ITERM|KITTY|ALACRITTY|WEZTERM|VTE|WT|KONSOLE|GNOME|KDE|XDG|DBUS|SSH|GPG|TMUX|ZELLIJ|BYOBU)(_|$)"
    r"|(VSCODE|PYCHARM|JEDITERM|IDEA|JETBRAINS|CURSOR|EMACS|VIM|NVIM|INSIDE)(_|$)"
    r"|(GITHUB|GITLAB|RUNNER|ACTIONS|CI|CIRCLE|TRAVIS|APPVEYOR|BUILDKITE|BITBUCKET|DRONE|TEAMCITY|JENKINS|HUDSON|BUILD"
    r"|AGENT|SYSTEM|ENDPOINT|TF|SEMAPHORE|CODEBUILD|KUBERNETES|INVOCATION|JOURNAL|SYSTEMD|SUDO|FF|IMAGE)_"
    r"|(WINDOWID|WINDOWPATH|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|SESSION_MANAGER|DESKTOP_SESSION|STY|PS[0-9]|PROMPT\w*"
    r"|LS_COLORS|LSCOLORS|LESS\w*|PAGER|MANPATH|INFOPATH|MAIL|SHELL|EDITOR|VISUAL|HISTFILE\w*|HISTSIZE|RANDOM|LINENO"
    r"|PPID|UID|EUID|GID|COLUMNS|LINES|SECURITYSESSIONID|COMMAND_MODE|__CF\w*|MACH\w*|APPLE\w*|LOGNAME|HOSTTYPE"
    r"|OSTYPE|JOB_NAME|JOB_URL|NODE_NAME|NODE_LABELS|NODE_ID|STAGE_NAME|EXECUTOR_NUMBER|WORKSPACE\w*|RUN_\w*URL|IMAGEOS"
    r"|IMAGEVERSION|ACCEPT_EULA|DEBIAN_FRONTEND|MEMORY_PRESSURE\w*|PYTEST\w*)$",
    re.IGNORECASE,
)
_OF_MACHINE = frozenset({"HOME", "USER", "LOGNAME", "PATH", "TMPDIR", "TMP", "TEMP"})
Variables = tuple[Mapping[str, Any], Mapping[str, str | None] | None]
"""Values of those that are kept, or that code names, None for one that was not set; and of all that were set the keyed
hashes, None for a secret: None where these were not recorded."""


def differing_variables(before: Variables, after: Variables) -> dict[str, list[Any]]:
    """Give the variables that differ: what each was before and after, a value that is not kept as ``{"hash": ...}``.

    Args:
        before: of the first run.
        after: of the second.
    """
    (kept_before, set_before), (kept_after, set_after) = before, after
    # A variable that one run's code does not name was not looked at there.
    both = kept_before.keys() & kept_after.keys()
    both |= {name for name in kept_before.keys() ^ kept_after.keys() if is_always_kept(name)}
    found = {
        name: [kept_before.get(name), kept_after.get(name)]
        for name in both
        if kept_before.get(name) != kept_after.get(name)
    }
    if set_before is not None and set_after is not None:
        for name in set_before.keys() | set_after.keys():
            is_in_both = name in set_before and name in set_after
            if not is_in_both or set_before[name] != set_after[name]:
                found.setdefault(name, [_value(name, *before), _value(name, *after)])
    return found


def _value(name: str, kept: Mapping[str, Any], hashes: Mapping[str, str | None] | None) -> Any:
    if hashes is None or name not in hashes:
        return None
    if kept.get(name) is not None:
        return kept[name]
    digest = hashes[name]
    return REDACTED if digest is None else {"hash": digest}


def is_always_kept(name: str) -> bool:
    """Tell whether a variable says how Python or the machine behaves, whatever code names it.

    Args:
        name: of the variable.
    """
    return name in ("CI", "TZ", "LANG", "LANGUAGE") or name.startswith(("LC_", "PYTHON", "COVERAGE_", "HYPOTHESIS_"))


def tells_of_surroundings(name: str) -> bool:
    """Tell whether a variable is of the CI, the terminal or the machine, and seldom changes what is run.

    Args:
        name: of the variable.
    """
    return name in _OF_MACHINE or _SURROUNDINGS.match(name) is not None
