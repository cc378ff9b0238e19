"""Levels of lines: markers in the text, blocks of lines that belong together, and what the stream says."""
