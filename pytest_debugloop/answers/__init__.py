"""Whole answers to what a user asks of the record; no terminal, no click."""
