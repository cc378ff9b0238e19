"""Where attempts run: nodes with our agents."""
