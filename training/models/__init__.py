"""Which classifier is trained: one entry per backbone."""
