"""One run: trained, measured, recorded, exported, asked."""
