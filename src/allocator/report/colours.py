"""Colours of everything that is drawn, on pages and in pictures."""

from __future__ import annotations

GOOD, BAD, NEUTRAL, BEFORE, LIMIT, LINE = "#1a7f4b", "#b3261e", "#2a62a8", "#7c8794", "#c77700", "#b9c2cd"
ZONES = ("#2a62a8", "#2a8c82", "#7a4fa3", "#a8592a", "#5b7d1e", "#a83a6d", "#4c6b8a", "#8a7a1e")
