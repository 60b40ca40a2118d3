"""Run a recorded test again as it ran then: what to run, the process that runs it, and what came of it."""
