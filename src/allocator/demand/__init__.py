"""Pupils to classes to lessons to posts."""
