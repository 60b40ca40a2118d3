"""Which of the project's code a test runs: in runs alone that have a test to trace."""
