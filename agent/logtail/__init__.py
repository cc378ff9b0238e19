"""Follows the output of attempts: what came when, and what can be read out of it."""
