"""The paper's experiments, on the public API of `keras_amp` alone."""
