"""The screens and dialogs: they lay out widgets, show what presenters say, and ask the service for things."""
