"""The pure heart: events fold into the state, the state and an event give commands. No I/O, no clock, no chance."""
