"""Result folders that many tests read."""

from report.conftest import tiny

__all__ = ["tiny"]
