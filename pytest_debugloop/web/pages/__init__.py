"""The pages: each module makes the value of one kind of page, and nothing of how it looks."""
