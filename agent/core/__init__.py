"""Pure rules of the node: what a launch is, what an attempt's files mean."""
