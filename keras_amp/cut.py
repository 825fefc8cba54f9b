"""Cuts a Keras model in two at a layer, without copying a weight.

    lower, upper = cut(model, "dense")      # g_k and f_k of the paper
    upper(lower(x)) == model(x)

`lower` ends with the named layer; `upper` is everything that depends on it.
Whatever else `upper` needs crosses the cut beside the layer's output. Both run
their part of the model as Keras runs the whole: in its order, and with its
`training`, whatever a nested model was called with when it was built in.
"""

import collections
import dataclasses
import difflib
from collections.abc import Callable
from typing import Any

import keras

from keras_amp.batch_axis import is_batched
from keras_amp.cut_checks import (
    check_crossing,
    check_model,
)
from keras_amp.graph import Call, Lower, Upper, ordered_nodes


def cut(
    model: keras.Model, mix_at: str | keras.Layer
) -> tuple[Callable, Callable]:
    """Cuts a Functional or Sequential model at a layer's output.

    A subclassed model is cut by itself: give it a method `cut(mix_at)` that
    returns two functions, `lower(inputs, training)`, whose result is a list of
    tensors, and `upper(hidden, training)`, which takes such a list.

    Args:
        model: A built Functional or Sequential `keras.Model`, or a built
            subclassed one with a method `cut`.
        mix_at: The layer whose output to cut at, or its name; `"inner/layer"`
            for a layer inside a nested Functional or Sequential model.

    Returns:
        Two functions that share the layers of `model`, `(lower, upper)`;
        `keras.Model`s, unless the model cut itself:
        `lower(inputs)` is a list of the tensors that cross the cut (the
        layer's own output first), and `upper(crossing)` what the model puts
        out. Implicit Keras masks cross with the tensors that carry them. What
        depends on no example, such as positions, crosses too;
        `upper.is_batched` says of each tensor whether it holds examples.

    Raises:
        TypeError: If `model` is not a `keras.Model` or `mix_at` neither a
            layer nor a string; if the model's own `cut` returns something else.
        ValueError: If `model` is subclassed without a method `cut`, unbuilt; if
            there is no such layer, or one that does not lead to every output;
            if something crosses that can neither be mixed nor united. From
            the halves, when they are called: if the cut changes which layer
            sees a mask.

    Examples:
        >>> inputs = keras.Input((3,))
        >>> hidden = keras.layers.Dense(4, name="hidden")(inputs)
        >>> model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
        >>> lower, upper = cut(model, "hidden")
        >>> [tuple(tensor.shape) for tensor in lower(keras.ops.ones((5, 3)))]
        [(5, 4)]
    """
    mix_at = place_name(model, mix_at)
    if isinstance(model, keras.Model) and hasattr(model, "cut"):
        return _own_cut(model, mix_at)
    check_model(model)
    below, above, crossing, batched = _split(model, mix_at)
    lower = Lower(below, model, crossing, batched)
    upper = Upper(above, model, crossing, batched)
    return lower, upper


def place_name(model: Any, mix_at: Any) -> str:
    """The name that `cut` finds a place by.

    Args:
        model: As of `cut`.
        mix_at: A string, which stays as it is, or a layer of `model` or of a
            model nested in it. One that cuts itself gets the layer's own name.

    Raises:
        TypeError: If `mix_at` is neither.
        ValueError: If the layer is not one of `model`.

    Examples:
        >>> inner = keras.Sequential([keras.Input((3,))], name="inner")
        >>> inner.add(keras.layers.Dense(4, name="hidden"))
        >>> model = keras.Sequential([inner, keras.layers.Dense(2)])
        >>> place_name(model, inner.layers[0])
        'inner/hidden'
    """
    if isinstance(mix_at, str):
        return mix_at
    if not isinstance(mix_at, keras.Layer):
        raise TypeError(
            "`mix_at` must be a layer of the model or its name. "
            f"Received: mix_at={mix_at!r} of type {type(mix_at).__name__}"
        )
    if isinstance(model, keras.Model) and hasattr(model, "cut"):
        return mix_at.name
    check_model(model)
    path = _path_to(mix_at, model)
    if path is None:
        _find_layer(model, mix_at.name, mix_at.name, model)
        raise ValueError(
            f"There is no layer '{mix_at.name}' in model '{model.name}' that "
            "is the one received, but another of that name. Pass that one, or "
            "its name."
        )
    return path


def _path_to(layer: keras.Layer, model: keras.Model) -> str | None:
    """Where a layer is in a model or in those nested in it; `None` if not."""
    layers = _layers(model)
    if any(one is layer for one in layers):
        return layer.name
    for inner in layers:
        if isinstance(inner, keras.Sequential) or hasattr(inner, "operations"):
            path = _path_to(layer, inner)
            if path is not None:
                return f"{inner.name}/{path}"
    return None


def _own_cut(model: Any, mix_at: str) -> tuple[Callable, Callable]:
    """What the model's own `cut` returns, checked."""
    if not model.built:
        raise ValueError(
            f"The model '{model.name}' is not built. Call it once, on a batch "
            "like those it will train on."
        )
    halves = model.cut(mix_at)
    if not (
        isinstance(halves, tuple)
        and len(halves) == 2
        and all(callable(half) for half in halves)
    ):
        raise TypeError(
            f"`{type(model).__name__}.cut` must return two functions, (lower, "
            f"upper). Received: {halves!r}"
        )
    lower, upper = halves

    def checked_lower(inputs: Any, training: bool | None = None) -> list:
        hidden = lower(inputs, training=training)
        if not isinstance(hidden, (list, tuple)):
            raise TypeError(
                f"The `lower` of `{type(model).__name__}.cut` must return a "
                f"list of tensors. Received: {hidden!r}"
            )
        return list(hidden)

    return checked_lower, upper


def _split(
    model: keras.Model, mix_at: str
) -> tuple[list[Call], list[Call], list, tuple[bool, ...]]:
    """Sorts the calls into below and above; says what crosses, and how."""
    calls, below, above, crossing, mixed = _partition(model, mix_at)
    try:
        batched = is_batched(below, model.inputs, crossing)
    except ValueError as error:
        raise ValueError(f"Cannot cut at layer '{mix_at}': {error}.") from error
    for tensor, holds_examples in zip(crossing, batched, strict=True):
        if holds_examples:
            check_crossing(tensor, mix_at)
        elif id(tensor) in mixed:
            raise ValueError(
                f"Cannot cut at layer '{mix_at}': its output, of shape "
                f"{tuple(tensor.shape)}, does not depend on the examples of a "
                "batch, so there is nothing to mix. Choose another layer."
            )
    below, above = _mark_contested(calls, below, above)
    return below, above, crossing, batched


def _partition(
    model: keras.Model, mix_at: str
) -> tuple[list[Call], list[Call], list[Call], list, set[int]]:
    """All calls, those below, those above, what crosses, and what is mixed."""
    calls, mixed = _expand(model, mix_at.split("/"), mix_at, model)
    below, above = [], []
    depends = mixed & {id(tensor) for tensor in model.inputs}
    for call in calls:
        makes = {id(tensor) for tensor in call.makes}
        if not any(id(tensor) in depends for tensor in call.reads):
            below.append(call)
            depends |= mixed & makes
            continue
        above.append(call)
        depends |= makes
        if mixed & makes:
            raise ValueError(
                f"Cannot cut at layer '{mix_at}': it is called several times, "
                "once on what depends on its own output."
            )
    for tensor in model.outputs:
        if id(tensor) not in depends:
            which = f" '{tensor.name}'" if len(model.outputs) > 1 else ""
            raise ValueError(
                f"Cannot cut at layer '{mix_at}': the model's output{which} "
                "does not depend on it. Choose a layer between the inputs and "
                "every output."
            )
    made_above = {id(tensor) for call in above for tensor in call.makes}
    needed = [tensor for call in above for tensor in call.reads]
    by_id = {
        id(tensor): tensor
        for tensor in [*needed, *model.outputs]
        if id(tensor) not in made_above
    }
    # Stable: the layer's own outputs first, the rest in the order of use.
    crossing = sorted(by_id.values(), key=lambda t: id(t) not in mixed)
    return calls, below, above, crossing, mixed


def _mark_contested(
    calls: list[Call], below: list[Call], above: list[Call]
) -> tuple[list[Call], list[Call]]:
    """Notes in the calls what the cut makes them read in another order."""
    order = {id(call): place for place, call in enumerate(calls)}
    first_above: dict[int, int] = collections.defaultdict(lambda: len(calls))
    last_below: dict[int, int] = collections.defaultdict(lambda: -1)
    for call in reversed(above):
        first_above.update((id(t), order[id(call)]) for t in call.reads)
    for call in below:
        last_below.update((id(t), order[id(call)]) for t in call.reads)

    def marked(call: Call, is_moved: Callable) -> Call:
        contested = {id(t) for t in call.reads if is_moved(id(t), call)}
        return dataclasses.replace(call, contested=frozenset(contested))

    return (
        [marked(s, lambda t, s: first_above[t] < order[id(s)]) for s in below],
        [marked(s, lambda t, s: last_below[t] > order[id(s)]) for s in above],
    )


def _expand(
    model: keras.Model,
    path: list[str],
    mix_at: str,
    outermost: keras.Model,
    inherited: bool | None = None,
) -> tuple[list[Call], set[int]]:
    """The model's calls in order, the nested models on `path` unrolled.

    Returns the calls and the ids of the tensors that the last layer of the
    path puts out.
    """
    layer = _find_layer(model, path[0], mix_at, outermost)
    nodes = ordered_nodes(model)
    own_nodes = [node for node in layer._inbound_nodes if node in nodes]
    if len(path) == 1:
        mixed = {id(tensor) for node in own_nodes for tensor in node.outputs}
        calls = [
            Call.of_node(node, inherited) for node in nodes if not node.is_input
        ]
        return calls, mixed
    check_model(layer, within=f"Cannot cut at '{mix_at}': ")
    if len(own_nodes) != 1:
        raise ValueError(
            f"Cannot cut at '{mix_at}': the nested model '{layer.name}' is "
            f"called {len(own_nodes)} times, and must be called once."
        )
    traced = own_nodes[0].arguments.kwargs.get("training")
    inner_calls, mixed = _expand(
        layer,
        path[1:],
        mix_at,
        outermost,
        traced if inherited is None else inherited,
    )
    calls = []
    for node in nodes:
        if node is own_nodes[0]:
            calls += [Call.into(node, layer), *inner_calls]
            calls += Call.out_of(node, layer)
        elif not node.is_input:
            calls.append(Call.of_node(node, inherited))
    return calls, mixed


def _layers(model: keras.Model) -> list[keras.Layer]:
    """The model's layers; its inputs, which a Sequential does not list, too."""
    inputs = [tensor._keras_history.operation for tensor in model.inputs]
    return [*inputs, *(layer for layer in model.layers if layer not in inputs)]


def _find_layer(
    model: keras.Model, name: str, mix_at: str, outermost: keras.Model
) -> keras.Layer:
    for layer in _layers(model):
        if layer.name == name:
            return layer
    raise ValueError(
        f"There is no layer '{name}' in model '{model.name}'. "
        f"Received: mix_at='{mix_at}'. {_offer(outermost, mix_at)}"
    )


def _offer(model: keras.Model, mix_at: str, limit: int = 30) -> str:
    """One sentence that lists the layers of `model` that can be cut."""
    names = []
    for layer in _layers(model):
        try:
            *_, crossing, _ = _partition(model, layer.name)
            for tensor in crossing:
                check_crossing(tensor, layer.name)
        except ValueError:
            continue
        names.append(layer.name)
        if isinstance(layer, keras.Model):
            names.append(f"{layer.name}/...")
    close = difflib.get_close_matches(mix_at, names, n=1)
    meant = f"Did you mean '{close[0]}'? " if close else ""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{meant}These can be cut: {', '.join(names[:limit])}{more}."
