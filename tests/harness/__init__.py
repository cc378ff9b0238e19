"""What several test folders share: builders, fakes at real borders, a virtual clock."""
