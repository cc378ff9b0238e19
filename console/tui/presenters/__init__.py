"""State to words: what the screens show, as plain data without a terminal. Pure."""
