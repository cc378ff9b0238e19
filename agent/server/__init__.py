"""Serves consoles: the socket, the links, the orders they give, what they are told."""
