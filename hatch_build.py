"""Builds the long description of the package: README.md, with links that also work on PyPI."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Points each relative link to the source of this version, below the ``Source`` of ``[project.urls]``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the long description.

        Args:
            metadata: of the project, as pyproject.toml has it; is changed.
        """
        source = f"{metadata['urls']['Source']}/blob/v{metadata['version']}"
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": _RELATIVE_LINK.sub(rf"]({source}/\1)", text),
        }
