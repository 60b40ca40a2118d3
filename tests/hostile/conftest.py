"""Fixtures for runs of hostile suites: those of the plugin's tests."""

from __future__ import annotations

from tests.plugin.conftest import make_project, record_schema

__all__ = ["make_project", "record_schema"]
