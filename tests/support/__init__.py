"""What the tests of several rooms share: servers, suites that are recorded, the command, processes, waiting."""
