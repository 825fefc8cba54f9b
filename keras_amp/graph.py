"""Runs a part of a Keras model's graph on the model's own layers.

A model of Keras 3 is a graph of calls, its nodes. `keras.Model(inner, outputs)`
would clone them into the layers; a `Half` runs them as they are, in Keras' own
order: a layer may take the mask off its inputs, and who reads them first sees
it.
"""

import dataclasses
from collections.abc import Callable

import keras
from keras import tree


@dataclasses.dataclass(frozen=True)
class Step:
    """One call in a model's graph.

    Attributes:
        name: String, of the layer or operation.
        reads, makes: Lists of symbolic tensors.
        call: Function `(known, run)` from a dict of values by the ids of
            symbolic tensors to the values made, as `run_steps` has them.
        layers: Tuple of the layers that are called.
        contested: Frozenset of the ids of those tensors read that the cut
            makes another step read before this one, or after.
    """

    name: str
    reads: list
    makes: list
    call: Callable
    layers: tuple = ()
    contested: frozenset = frozenset()

    @classmethod
    def of_node(cls, node, inherited=None):
        """A step that calls a layer or an operation as its model would.

        Args:
            node: The node of a Keras graph.
            inherited: The `training` that the nested model around it was
                traced with.
        """
        operation = node.operation
        layers = (operation,) if isinstance(operation, keras.Layer) else ()

        def call(known, run):
            args, kwargs = node.arguments.fill_in(known)
            if layers and inherited is not None:
                kwargs["training"] = inherited
            return run(operation, args, kwargs)

        return cls(
            operation.name, node.input_tensors, node.outputs, call, layers
        )

    @classmethod
    def into(cls, node, nested):
        """A step from what a call of a nested model reads to its inputs."""
        entry = entrance(nested)

        def call(known, run):
            return run(entry, *node.arguments.fill_in(known))

        return cls(nested.name, node.input_tensors, nested.inputs, call)

    @classmethod
    def out_of(cls, node, nested):
        """Steps from each of a nested model's outputs to what its call makes.

        One step each, for what depends on one output need not on another.
        """

        def step(inner, outer):
            def call(known, run):
                return known[id(inner)]

            return cls(nested.name, [inner], [outer], call)

        return list(map(step, nested.outputs, node.outputs))


class Half(keras.Model):
    """Runs some steps of a model's graph, sharing the model's layers.

    Args:
        steps: List of `Step`s, in order.
        inputs, outputs: Lists of symbolic tensors.
        is_batched: Tuple of bools, one per tensor that crosses the cut:
            whether its first axis is that of the examples.
        entry: For the lower half, what `entrance` returns; `None` for the
            upper one, whose inputs are the tensors that cross the cut.

    Attributes:
        crossing: The symbolic tensors that cross the cut.
        is_batched: As given.
    """

    def __init__(
        self, steps, inputs, outputs, is_batched, entry=None, **kwargs
    ):
        # What arrives already has the dtype that the whole model gives it.
        super().__init__(autocast=False, **kwargs)
        self.sublayers = [layer for step in steps for layer in step.layers]
        self._graph = (tuple(steps), tuple(inputs), tuple(outputs))
        self._entry = entry
        self.crossing = outputs if entry is not None else inputs
        self.is_batched = is_batched
        self.built = True

    def call(self, inputs, training=None):
        steps, expected, outputs = self._graph
        if self._entry is not None:
            inputs = self._entry(inputs)

        def run(operation, args, kwargs):
            # What a call was traced with is no more than its default, at any
            # depth: a model that is told whether it trains tells its layers.
            if isinstance(operation, keras.Layer) and training is not None:
                kwargs["training"] = training
            return operation(*args, **kwargs)

        known = run_steps(steps, expected, tree.flatten(inputs), run)
        values = [known[id(tensor)] for tensor in outputs]
        return values if self._entry is not None else values[0]

    def compute_mask(self, inputs, previous_mask=None):
        # The layers inside have put their masks on what they made.
        return None


def run_steps(steps, inputs, values, run):
    """Runs steps in their order.

    Args:
        steps: Iterable of `Step`s.
        inputs, values: Symbolic tensors, and the value of each.
        run: Function `(operation, args, kwargs)`, which calls a layer or an
            operation; a layer's `kwargs` have the `training` of its trace.

    Returns:
        Dict from the ids of symbolic tensors to values.

    Raises:
        ValueError: If a mask is taken off a tensor that the cut makes others
            read in another order.
    """
    known = dict(zip(map(id, inputs), values, strict=True))
    for step in steps:
        masked = [key for key in step.contested if _is_masked(known[key])]
        made = tree.flatten(step.call(known, run))
        if not all(_is_masked(known[key]) for key in masked):
            raise ValueError(
                f"Layer '{step.name}' takes the mask off what it reads, and "
                "the cut changes which other layers read that before it does. "
                "Choose another layer to mix at."
            )
        known.update(zip(map(id, step.makes), made, strict=True))
    return known


def entrance(model):
    """A model that only brings inputs into `model`'s order, dtypes, ranks."""
    is_sequential = isinstance(model, keras.Sequential)
    structure = model.inputs if is_sequential else model.input
    return keras.Model(structure, model.inputs, name="entry")


def ordered_nodes(model):
    """The nodes of a model's graph in the order in which Keras runs them."""
    is_sequential = isinstance(model, keras.Sequential)
    graph = model._functional if is_sequential else model
    depths = sorted(graph._nodes_by_depth, reverse=True)
    return [node for depth in depths for node in graph._nodes_by_depth[depth]]


def _is_masked(value):
    return getattr(value, "_keras_mask", None) is not None
