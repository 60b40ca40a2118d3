"""Fixtures for runs that hold secrets: those of the plugin's tests."""

from __future__ import annotations

from tests.plugin.conftest import project, record_schema

__all__ = ["project", "record_schema"]
