"""How many secrets of the corpus are taken out, and how many innocent texts are changed.

``python -m tests.privacy.measure [SEED]`` prints it.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from typing import NamedTuple

from pytest_debugloop.capture.redact import Redactor
from tests.privacy import corpus


class Measured(NamedTuple):
    """What was found.

    Attributes:
        recall: share of the secrets that were taken out.
        false_alarms: share of the innocent texts that were changed.
        missed: by kind, how many, and one text.
        changed: by kind, one text and what became of it.
    """

    recall: float
    false_alarms: float
    false_alarms_in_source: float
    missed: dict[str, tuple[int, str]]
    changed: dict[str, list[tuple[str, str]]]


def measure(seed: int = 1) -> Measured:
    """Measure the rules that a run has by default.

    Args:
        seed: of the corpus.
    """
    redactor = Redactor()
    secrets = corpus.secrets(seed)
    missed: Counter[str] = Counter()
    example: dict[str, str] = {}
    for one in secrets:
        told = redactor.text(one.text, is_source=one.is_source)
        if _is_told(one.secret, told):
            missed[one.kind] += 1
            example[one.kind] = told
    changed: dict[str, list[tuple[str, str]]] = defaultdict(list)
    innocents = corpus.innocents(seed + 1)
    for kind, text, is_source in innocents:
        told = redactor.text(text, is_source=is_source)
        if told != text:
            changed[kind].append((text, told))
    sources = [kind for kind, _, is_source in innocents if is_source]
    in_source = sum(len(found) for kind, found in changed.items() if kind.startswith("source of"))
    others = sum(map(len, changed.values())) - in_source
    return Measured(
        1 - sum(missed.values()) / len(secrets),
        others / (len(innocents) - len(sources)),
        in_source / len(sources),
        {kind: (n, example[kind]) for kind, n in missed.items()},
        dict(changed),
    )


def _is_told(secret: str, text: str) -> bool:
    """Tell whether half of a secret, or more, is still there."""
    half = max(len(secret) // 2, 6)
    lines = [line for line in secret.splitlines() if not line.startswith("-----")]
    if len(lines) > 1:
        return any(line in text for line in lines)
    return any(secret[i : i + half] in text for i in range(len(secret) - half + 1))


def echo(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    """Print what was measured."""
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    echo(f"recall {found.recall:.4f}")
    echo(f"false alarms {found.false_alarms:.4f}, in lines of source {found.false_alarms_in_source:.5f}")
    for kind, (n, text) in sorted(found.missed.items()):
        echo(f"  missed {n:4} of {kind}: {text!r}")
    for kind, pairs in sorted(found.changed.items()):
        before, after = (text.strip() for text in pairs[0])
        echo(f"  changed {len(pairs):3} of {kind}: {before!r} -> {after!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
