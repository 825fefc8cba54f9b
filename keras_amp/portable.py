"""Exports that run on other machines than the one that made them."""

import contextlib


@contextlib.contextmanager
def without_cudnn(model):
    """Traces recurrent layers so that they also run where there is no GPU.

    Keras picks cuDNN's operation when it traces a layer, which would tie the
    export to machines like this one.

    Args:
        model: A `keras.Model`.
    """
    layers = [
        layer
        for layer in model._flatten_layers()
        if hasattr(layer, "use_cudnn")
    ]
    before = [layer.use_cudnn for layer in layers]
    try:
        for layer in layers:
            layer.use_cudnn = False
        yield
    finally:
        for layer, use_cudnn in zip(layers, before, strict=True):
            layer.use_cudnn = use_cudnn
