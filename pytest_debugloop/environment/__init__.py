"""Where a run takes place: checkout, CI, folders, leg."""
