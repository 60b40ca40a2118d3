"""From steps and failures to the lines of this process's journal."""
