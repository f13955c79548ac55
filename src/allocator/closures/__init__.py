"""Closures: which schools, where their pupils go, what it frees and what it costs."""
