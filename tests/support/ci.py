"""What CI systems take for a command when they read a log, by their documentation or their source."""

from __future__ import annotations

import re

# Of Char.IsWhiteSpace in .NET, which is what TrimStart trims; and what its comparisons by culture skip.
_BLANK = "".join(
    chr(i) for i in (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F)
)
_SKIPPED = re.compile("[\x00\xad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_IN_BRACKETS = re.compile(r"##(?:vso|teamcity)?\[[^\]]*\]")
_OTHERS = re.compile(r"(?:\x1b\[[0-9;]*[A-Za-z])*(?:--- |\+\+\+ |~~~ |\^\^\^ |section_(?:start|end):|travis_fold:)")


def commands_in(log: str) -> list[str]:
    """Give the lines of a log that are commands to some CI."""
    return [line for line in re.split(r"\r\n|\r|\n", log) if _is_command(line)]


def _is_command(line: str) -> bool:
    for text in (line, _SKIPPED.sub("", line)):
        trimmed = text.lstrip(_BLANK + "\u3000\u205f")
        if trimmed.startswith("::") and "::" in trimmed[2:]:  # ActionCommand.TryParseV2
            return True
        if _IN_BRACKETS.search(text) or _OTHERS.match(text):  # ActionCommand.TryParse, Command.TryParse
            return True
    return False
