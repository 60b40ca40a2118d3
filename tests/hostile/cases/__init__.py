"""Suites whose tests all fail, each with something in reach of a snapshot that no snapshot must touch.

They are copied into a project, with this package, and run there with and without the plugin.
"""
