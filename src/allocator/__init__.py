"""Assign a school district's teachers to posts, prove how good the plan is, and show balance before and after."""

from importlib.metadata import version

__version__ = version("allocator")
