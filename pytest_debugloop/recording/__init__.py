"""What runs inside the test process: from pytest's hooks to the journal."""
