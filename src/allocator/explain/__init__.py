"""Answers about a plan: what would be if one thing were otherwise, who else could, and why nobody can."""
