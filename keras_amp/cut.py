"""Cuts a Keras model in two at a layer, without copying a weight.

    lower, upper = cut(model, "dense")      # g_k and f_k of the paper
    upper(lower(x)) == model(x)

`lower` ends with the named layer; `upper` is everything that depends on it.
Whatever else `upper` needs crosses the cut beside the layer's output.
"""

import difflib

import keras

from keras_amp.graph import Half, Step, entrance, ordered_nodes


def cut(model, mix_at):
    """Cuts a Functional or Sequential model at a layer's output.

    A subclassed model is cut by itself: give it a method `cut(mix_at)` that
    returns two functions, `lower(inputs, training)`, whose result is a list of
    tensors, and `upper(hidden, training)`, which takes such a list.

    Args:
        model: A built Functional or Sequential `keras.Model` with one output,
            or a built subclassed one with a method `cut`.
        mix_at: Name of the layer whose output to cut at, or `"inner/layer"`
            for a layer inside a nested Functional or Sequential model.

    Returns:
        Two functions that share the layers of `model`, `(lower, upper)`;
        `keras.Model`s, unless the model cut itself:
        `lower(inputs)` is a list of the tensors that cross the cut (the
        layer's own output first), and `upper(crossing)` the model's output.
        Implicit Keras masks cross with the tensors that carry them.

    Raises:
        TypeError: If `model` is not a `keras.Model` or `mix_at` not a string;
            if the model's own `cut` returns something else.
        ValueError: If `model` is subclassed without a method `cut`, unbuilt or
            has several outputs; if there is no such layer, or none that leads
            to the output; if something crosses that can neither be mixed nor
            united.

    Examples:
        >>> inputs = keras.Input((3,))
        >>> hidden = keras.layers.Dense(4, name="hidden")(inputs)
        >>> model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
        >>> lower, upper = cut(model, "hidden")
        >>> [tuple(tensor.shape) for tensor in lower(keras.ops.ones((5, 3)))]
        [(5, 4)]
    """
    if not isinstance(mix_at, str):
        raise TypeError(
            "`mix_at` must be the name of a layer. "
            f"Received: mix_at={mix_at!r} of type {type(mix_at).__name__}"
        )
    if isinstance(model, keras.Model) and hasattr(model, "cut"):
        return _own_cut(model, mix_at)
    _check_model(model)
    _check_one_output(model)
    below, above, crossing = _split(model, mix_at)
    lower = Half(below, model.inputs, crossing, entrance(model), name="lower")
    upper = Half(above, crossing, model.outputs, name="upper")
    return lower, upper


def _own_cut(model, mix_at):
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

    def checked_lower(inputs, training=None):
        hidden = lower(inputs, training=training)
        if not isinstance(hidden, (list, tuple)):
            raise TypeError(
                f"The `lower` of `{type(model).__name__}.cut` must return a "
                f"list of tensors. Received: {hidden!r}"
            )
        return list(hidden)

    return checked_lower, upper


def _split(model, mix_at):
    """Sorts the steps into below and above; names what crosses."""
    steps, mixed = _expand(model, mix_at.split("/"), mix_at, model)
    below, above = [], []
    depends = mixed & {id(tensor) for tensor in model.inputs}
    for step in steps:
        makes = {id(tensor) for tensor in step.makes}
        if not any(id(tensor) in depends for tensor in step.reads):
            below.append(step)
            depends |= mixed & makes
            continue
        above.append(step)
        depends |= makes
        if mixed & makes:
            raise ValueError(
                f"Cannot cut at layer '{mix_at}': it is called several times, "
                "once on what depends on its own output."
            )
    if id(model.outputs[0]) not in depends:
        raise ValueError(
            f"Cannot cut at layer '{mix_at}': the model's output does not "
            "depend on it. Choose a layer between the inputs and the output."
        )
    made_above = {id(tensor) for step in above for tensor in step.makes}
    needed = [tensor for step in above for tensor in step.reads]
    crossing = {
        id(tensor): tensor
        for tensor in [*needed, *model.outputs]
        if id(tensor) not in made_above
    }
    for tensor in crossing.values():
        _check_crossing(tensor, mix_at)
    # Stable: the layer's own outputs first, the rest in the order of use.
    crossing = sorted(crossing.values(), key=lambda t: id(t) not in mixed)
    return below, above, crossing


def _expand(model, path, mix_at, outermost):
    """The model's steps in order, the nested models on `path` unrolled.

    Returns the steps and the ids of the tensors that the last layer of the
    path puts out.
    """
    layer = _find_layer(model, path[0], mix_at, outermost)
    nodes = ordered_nodes(model.outputs)
    calls = [node for node in layer._inbound_nodes if node in nodes]
    if len(path) == 1:
        mixed = {id(tensor) for node in calls for tensor in node.outputs}
        steps = [Step.of_node(node) for node in nodes if not node.is_input]
        return steps, mixed
    _check_model(layer, within=f"Cannot cut at '{mix_at}': ")
    if len(calls) != 1:
        raise ValueError(
            f"Cannot cut at '{mix_at}': the nested model '{layer.name}' is "
            f"called {len(calls)} times, and must be called once."
        )
    inner_steps, mixed = _expand(layer, path[1:], mix_at, outermost)
    steps = []
    for node in nodes:
        if node is calls[0]:
            steps += [Step.into(node, layer), *inner_steps]
            steps.append(Step.out_of(node, layer))
        elif not node.is_input:
            steps.append(Step.of_node(node))
    return steps, mixed


def _layers(model):
    """The model's layers; its inputs, which a Sequential does not list, too."""
    inputs = [tensor._keras_history.operation for tensor in model.inputs]
    return [*inputs, *(layer for layer in model.layers if layer not in inputs)]


def _find_layer(model, name, mix_at, outermost):
    for layer in _layers(model):
        if layer.name == name:
            return layer
    raise ValueError(
        f"There is no layer '{name}' in model '{model.name}'. "
        f"Received: mix_at='{mix_at}'. {_offer(outermost, mix_at)}"
    )


def _offer(model, mix_at, limit=30):
    """One sentence that lists the layers of `model` that can be cut."""
    names = []
    for layer in _layers(model):
        try:
            _split(model, layer.name)
        except ValueError:
            continue
        names.append(layer.name)
        if isinstance(layer, keras.Model):
            names.append(f"{layer.name}/...")
    close = difflib.get_close_matches(mix_at, names, n=1)
    meant = f"Did you mean '{close[0]}'? " if close else ""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return f"{meant}These can be cut: {', '.join(names[:limit])}{more}."


def _check_model(model, within=""):
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"{within}Only a `keras.Model` can be cut. "
            f"Received: {model!r} of type {type(model).__name__}"
        )
    is_sequential = isinstance(model, keras.Sequential)
    if is_sequential and not model.built:
        raise ValueError(
            f"{within}The Sequential model '{model.name}' is not built. Call "
            "`model.build(input_shape)` or begin it with a `keras.Input`."
        )
    if not is_sequential and not hasattr(model, "operations"):
        raise ValueError(
            f"{within}'{model.name}' is a subclassed model, whose layers Keras "
            "does not know the order of. Build it with the Functional API, "
            "give it a method `cut`, or choose a layer outside of it."
        )


def _check_one_output(model):
    if len(model.outputs) != 1:
        raise ValueError(
            "The model must have one output. "
            f"Received: '{model.name}' with {len(model.outputs)} outputs."
        )


def _check_crossing(tensor, mix_at):
    if keras.backend.is_float_dtype(tensor.dtype) or _is_padding_mask(tensor):
        return
    raise ValueError(
        f"Cannot cut at layer '{mix_at}': the {tensor.dtype} tensor "
        f"'{tensor.name}' crosses the cut, and what crosses must be floating "
        "point (to be mixed) or a padding mask (to be united: of dtype bool, "
        "or an int tensor whose name ends in 'mask'). Cut after its embedding."
    )


def _is_padding_mask(tensor):
    """Says whether a symbolic tensor is a padding mask.

    Bool tensors are, and int tensors whose name ends in "mask", such as the
    `padding_mask` inputs of keras-hub.
    """
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return dtype == "bool" or ("int" in dtype and tensor.name.endswith("mask"))
