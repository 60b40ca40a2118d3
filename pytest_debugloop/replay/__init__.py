"""Debugging from the record: values, frames and source as they were, for any debugger, in the user's own process."""
