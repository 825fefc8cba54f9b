"""Runs a part of a Keras model's graph on the model's own layers.

A model of Keras 3 is a graph of calls, its nodes. `keras.Model(inner, outputs)`
would clone them into the layers; a `Half` runs them as they are.
"""

import dataclasses
from collections.abc import Callable

import keras
from keras import tree


@dataclasses.dataclass(frozen=True)
class Step:
    """One call in a model's graph: what it reads, what it makes, and how."""

    reads: list
    makes: list
    call: Callable
    layers: tuple = ()

    @classmethod
    def of_node(cls, node):
        """A step that calls a layer or an operation as its model would."""

        def call(known, training):
            args, kwargs = node.arguments.fill_in(known)
            # What a layer was traced with is no more than its default.
            if "training" in kwargs and training is not None:
                kwargs["training"] = training
            return node.operation(*args, **kwargs)

        is_layer = isinstance(node.operation, keras.Layer)
        layers = (node.operation,) if is_layer else ()
        return cls(node.input_tensors, node.outputs, call, layers)

    @classmethod
    def into(cls, node, nested):
        """A step from what a call of a nested model reads to its inputs."""
        entry = entrance(nested)

        def call(known, training):
            args, kwargs = node.arguments.fill_in(known)
            return entry(*args, **kwargs)

        return cls(node.input_tensors, nested.inputs, call)

    @classmethod
    def out_of(cls, node, nested):
        """A step from a nested model's outputs to what its call makes."""

        def call(known, training):
            return [known[id(tensor)] for tensor in nested.outputs]

        return cls(nested.outputs, node.outputs, call)


class Half(keras.Model):
    """Runs some steps of a model's graph, sharing the model's layers.

    Args:
        steps: List of `Step`s, in order.
        inputs, outputs: Lists of symbolic tensors.
        entry: For the lower half, what `entrance` returns; `None` for the
            upper one, whose inputs are the tensors that cross the cut.

    Attributes:
        crossing: The symbolic tensors that cross the cut.
    """

    def __init__(self, steps, inputs, outputs, entry=None, **kwargs):
        # What arrives already has the dtype that the whole model gives it.
        super().__init__(autocast=False, **kwargs)
        self.sublayers = [layer for step in steps for layer in step.layers]
        self._graph = (tuple(steps), tuple(inputs), tuple(outputs))
        self._entry = entry
        self.crossing = outputs if entry is not None else inputs
        self.built = True

    def call(self, inputs, training=None):
        steps, expected, outputs = self._graph
        if self._entry is not None:
            inputs = self._entry(inputs)
        known = dict(zip(map(id, expected), tree.flatten(inputs), strict=True))
        for step in steps:
            made = tree.flatten(step.call(known, training))
            known.update(zip(map(id, step.makes), made, strict=True))
        values = [known[id(tensor)] for tensor in outputs]
        return values if self._entry is not None else values[0]

    def compute_mask(self, inputs, previous_mask=None):
        # The layers inside have put their masks on what they made.
        return None


def entrance(model):
    """A model that only brings inputs into `model`'s order, dtypes, ranks."""
    is_sequential = isinstance(model, keras.Sequential)
    structure = model.inputs if is_sequential else model.input
    return keras.Model(structure, model.inputs, name="entry")


def ordered_nodes(outputs):
    """Every node that leads to `outputs`, each after those it depends on."""
    ordered, seen = {}, set()
    stack = [_node_of(tensor) for tensor in reversed(outputs)]
    while stack:
        node = stack[-1]
        if node in ordered:
            stack.pop()
        elif node in seen:
            ordered[stack.pop()] = None
        else:
            seen.add(node)
            parents = [_node_of(tensor) for tensor in node.input_tensors]
            stack.extend(p for p in reversed(parents) if p not in seen)
    return ordered


def _node_of(tensor):
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]
