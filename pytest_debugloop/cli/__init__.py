"""The ``debugloop`` command: it prints, and decides nothing."""
