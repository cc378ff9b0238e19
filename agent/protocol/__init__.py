"""What console and agent say to each other: messages, frames and the order in which they may come. Pure."""
