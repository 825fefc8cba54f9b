"""What a run is asked for, and the key that says which run it is."""
