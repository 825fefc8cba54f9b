"""Reads the records of experiments: tables, tests of significance, figures."""
