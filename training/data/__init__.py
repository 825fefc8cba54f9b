"""Labelled sentences: the paper's five sets, your own files, the demo."""
