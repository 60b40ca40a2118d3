"""The formats of ``debugloop export``."""
