"""Runs a part of a Keras model's graph on the model's own layers.

A model of Keras 3 is a graph of calls, its nodes. `keras.Model(inner, outputs)`
would clone them into the layers; `Lower` and `Upper` run them as they are, in
Keras' own order: a layer may take the mask off its inputs, and who reads them
first sees it.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
from keras import tree

from keras_amp.masks import mask_of


@dataclasses.dataclass(frozen=True)
class Call:
    """One call in a model's graph.

    Attributes:
        name: String, of the layer or operation.
        reads, makes: Lists of symbolic tensors.
        compute: Function `(known, run)` from a dict of values by the ids of
            symbolic tensors to the values made, as `run_calls` has them.
        layers: Tuple of the layers that are called.
        contested: Frozenset of the ids of those tensors read that the cut
            makes another call read before this one, or after.
    """

    name: str
    reads: list
    makes: list
    compute: Callable
    layers: tuple = ()
    contested: frozenset = frozenset()

    @classmethod
    def of_node(cls, node: Any, inherited: bool | None = None) -> "Call":
        """A node's call of a layer or an operation, as its model makes it.

        Args:
            node: The node of a Keras graph.
            inherited: The `training` that the nested model around it was
                traced with.
        """
        operation = node.operation
        layers = (operation,) if isinstance(operation, keras.Layer) else ()

        def compute(known: dict, run: Callable) -> Any:
            args, kwargs = node.arguments.fill_in(known)
            if layers and inherited is not None:
                kwargs["training"] = inherited
            return run(operation, args, kwargs)

        return cls(
            operation.name, node.input_tensors, node.outputs, compute, layers
        )

    @classmethod
    def into(cls, node: Any, nested: keras.Model) -> "Call":
        """The way from what a node reads to its nested model's inputs."""
        entry = entrance(nested)

        def compute(known: dict, run: Callable) -> Any:
            return run(entry, *node.arguments.fill_in(known))

        return cls(nested.name, node.input_tensors, nested.inputs, compute)

    @classmethod
    def out_of(cls, node: Any, nested: keras.Model) -> list["Call"]:
        """The ways from a nested model's outputs to what its node makes.

        One each, for what depends on one output need not on another.
        """

        def way(inner: Any, outer: Any) -> "Call":
            def compute(known: dict, run: Callable) -> Any:
                return known[id(inner)]

            return cls(nested.name, [inner], [outer], compute)

        return list(map(way, nested.outputs, node.outputs))


class _Half(keras.Model):
    """Makes some calls of a model's graph, sharing the model's layers."""

    def __init__(
        self,
        calls: Sequence[Call],
        inputs: list,
        outputs: list,
        is_batched: tuple[bool, ...],
        name: str,
    ):
        # What arrives already has the dtype that the whole model gives it.
        super().__init__(autocast=False, name=name)
        self.sublayers = [layer for call in calls for layer in call.layers]
        self._graph = (tuple(calls), tuple(inputs), tuple(outputs))
        self.is_batched = is_batched
        self.built = True

    def _compute(self, values: Any, training: bool | None) -> list:
        """The values of the outputs, from those of the inputs."""
        calls, inputs, outputs = self._graph

        def run(operation: Any, args: Any, kwargs: dict) -> Any:
            # What a call was traced with is no more than its default, at any
            # depth: a model that is told whether it trains tells its layers.
            if isinstance(operation, keras.Layer) and training is not None:
                kwargs["training"] = training
            return operation(*args, **kwargs)

        known = run_calls(calls, inputs, tree.flatten(values), run)
        return [known[id(tensor)] for tensor in outputs]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        # The layers inside have put their masks on what they made.
        return None


class Lower(_Half):
    """The part of a model below a cut, g_k of the paper.

    Args:
        calls: List of `Call`s, in order.
        model: The model.
        crossing: List of the symbolic tensors that cross the cut.
        is_batched: Tuple of bools, one per tensor that crosses the cut:
            whether its first axis is that of the examples.

    Call arguments:
        inputs: What the model takes.
        training: Bool or `None`.

    Returns:
        The list of tensors that cross the cut.

    Attributes:
        crossing, is_batched: As given.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        model: keras.Model,
        crossing: list,
        is_batched: tuple[bool, ...],
    ):
        super().__init__(calls, model.inputs, crossing, is_batched, "lower")
        self._entry = entrance(model)
        self.crossing = crossing

    def call(self, inputs: Any, training: bool | None = None) -> list:
        return self._compute(self._entry(inputs), training)


class Upper(_Half):
    """The part of a model above a cut, f_k of the paper.

    Args:
        calls: List of `Call`s, in order.
        model: The model.
        crossing, is_batched: As of `Lower`.

    Call arguments:
        hidden: The list of tensors that cross the cut.
        training: Bool or `None`.

    Returns:
        What the model puts out: a tensor, or a list or dict of tensors.

    Attributes:
        crossing, is_batched: As given.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        model: keras.Model,
        crossing: list,
        is_batched: tuple[bool, ...],
    ):
        super().__init__(calls, crossing, model.outputs, is_batched, "upper")
        self.crossing = crossing
        # Past Keras, which would take a list of tensors for its own.
        object.__setattr__(self, "_structure", exits(model))

    def call(self, hidden: list, training: bool | None = None) -> Any:
        outputs = self._compute(hidden, training)
        return tree.pack_sequence_as(self._structure, outputs)


def run_calls(
    calls: Iterable[Call],
    inputs: Iterable,
    values: Iterable,
    run: Callable,
) -> dict[int, Any]:
    """Makes calls in their order.

    Args:
        calls: Iterable of `Call`s.
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
    for call in calls:
        masked = [key for key in call.contested if _is_masked(known[key])]
        made = tree.flatten(call.compute(known, run))
        if not all(_is_masked(known[key]) for key in masked):
            raise ValueError(
                f"Layer '{call.name}' takes the mask off what it reads, and "
                "the cut changes which other layers read that before it does. "
                "Choose another layer to mix at."
            )
        known.update(zip(map(id, call.makes), made, strict=True))
    return known


def entrance(model: keras.Model) -> keras.Model:
    """A model that only brings inputs into `model`'s order, dtypes, ranks."""
    is_sequential = isinstance(model, keras.Sequential)
    structure = model.inputs if is_sequential else model.input
    return keras.Model(structure, model.inputs, name="entry")


def exits(model: keras.Model) -> Any:
    """The structure of a model's outputs, of zeros."""
    is_sequential = isinstance(model, keras.Sequential)
    structure = model.outputs[0] if is_sequential else model.output
    return tree.map_structure(lambda _: 0, structure)


def ordered_nodes(model: keras.Model) -> list:
    """The nodes of a model's graph in the order in which Keras runs them."""
    is_sequential = isinstance(model, keras.Sequential)
    graph = model._functional if is_sequential else model
    depths = sorted(graph._nodes_by_depth, reverse=True)
    return [node for depth in depths for node in graph._nodes_by_depth[depth]]


def _is_masked(value: Any) -> bool:
    return mask_of(value) is not None
