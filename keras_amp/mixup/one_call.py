"""A training step's forward pass as one call of Keras."""

import keras


class OneCall(keras.Layer):
    """Runs a function as what a classifier does in one call.

    Keras collects the penalties of all layers that are called within one call
    and forgets them at the next. Within this one, both halves of a classifier
    are called, so those of a layer on both sides of the cut add up. It has no
    weights and no precision of its own.

    Args:
        model: The classifier, whose penalties a call begins anew.

    Call arguments:
        inputs: What the classifier takes.
        forward: Function of `inputs`.

    Returns:
        What `forward` returns.
    """

    def __init__(self, model):
        super().__init__(autocast=False, dtype="float32")
        self.model = model
        self.built = True

    def call(self, inputs, forward, training=None):
        return forward(inputs)
