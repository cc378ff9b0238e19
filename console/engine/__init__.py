"""The engine: one queue of events, one consumer, one flow; and the service through which front ends see it."""
