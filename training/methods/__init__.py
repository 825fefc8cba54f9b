"""What is mixed, and how: one entry per method."""
