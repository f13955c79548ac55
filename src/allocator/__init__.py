"""Assign a school district's teachers to posts, prove how good the plan is, and show balance before and after."""
