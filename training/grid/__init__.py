"""Runs the experiments of a table, here or on a Ray cluster."""
