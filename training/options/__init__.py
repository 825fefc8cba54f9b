"""What a run is asked for, and the key that says which run it is.

The comments above the fields are the command line's help: of attributes'
docstrings its parser would keep the line breaks, as it does before a line that
begins with no letter.
"""
