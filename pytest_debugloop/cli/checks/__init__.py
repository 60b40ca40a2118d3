"""The checks of ``debugloop doctor``."""
