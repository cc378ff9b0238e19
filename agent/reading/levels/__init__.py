"""Levels of lines."""

from agent.reading.levels.tracker import LevelTracker

__all__ = ["LevelTracker"]
