"""Widgets that draw what they are handed and tell by messages what a person did. They know nothing of jobs."""
