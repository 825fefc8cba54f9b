"""Which method helps on one's own data."""
