"""One backend's process of `benchmarks.step_time_backends`.

It makes all steps of a workload, reads the name of a step from each line of
standard input, trains with it, and answers with the seconds that took. At
"product" it multiplies matrices instead, and at "operations" it answers how
many a step without mixing has; only PyTorch counts them.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

NUM_CLASSES = 6
BATCHES = 4
MINILM = (6, 384, 12)  # layers, size, attention heads
LOOP = "loop"
PRODUCT, OPERATIONS = "product", "operations"
PRODUCT_SIZE = 2048  # rows and columns


def workload_of(name):
    """A `Workload`: cnn, bilstm, or BERT of the size of MiniLM."""
    from training.models.backbones import BACKBONES, Workload

    if name == "minilm":
        return Workload(name, "BERT of MiniLM's size", _minilm, 24, 24, 30522)
    (workload,) = BACKBONES[name].workloads
    return workload


def _minilm(vocabulary_size, num_classes):
    import keras_hub

    import keras_amp

    layers, size, heads = MINILM
    encoder = keras_hub.models.BertBackbone(
        vocabulary_size=vocabulary_size,
        num_layers=layers,
        num_heads=heads,
        hidden_dim=size,
        intermediate_dim=4 * size,
    )
    return keras_amp.BERT(encoder, num_classes)


def data_of(workload):
    """Ids and labels of `BATCHES` batches."""
    rng = np.random.default_rng(0)
    shape = (BATCHES * workload.batch_size, workload.tokens)
    ids = rng.integers(1, workload.vocabulary_size, shape, dtype="int32")
    return ids, rng.integers(0, NUM_CLASSES, shape[0])


def keras_steps(workload, ids, labels, jit_compile):
    """Dict from a method's name to a function that trains by it once."""
    import keras

    from training.methods.methods import METHODS
    from training.options.mixing_options import MixingOptions

    given, size = (ids, labels), workload.batch_size
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        from keras_amp.comparison.batches import untuned

        # Else up to half of so short an epoch is a wait for its end.
        data = tf.data.Dataset.from_tensor_slices(given).batch(size)
        given, size = (untuned(data),), None

    def training(method):
        keras.utils.set_random_seed(0)
        model = workload.build(workload.vocabulary_size, NUM_CLASSES)
        model = method.model(model, MixingOptions(), seed=0)
        model.compile(
            keras.optimizers.Adam(2e-4),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=jit_compile,
        )
        return lambda: model.fit(
            *given, batch_size=size, shuffle=False, verbose=0
        )

    return {
        name: training(method)
        for name, method in METHODS.items()
        if name != "nonlinear"
    }


def loop_steps(workload, ids, labels):
    """The same of a loop that is written with PyTorch alone."""
    from benchmarks import torch_loops

    sizes = (workload.vocabulary_size, NUM_CLASSES)
    model = {
        "cnn": lambda: torch_loops.CNN(*sizes),
        "bilstm": lambda: torch_loops.BiLSTM(*sizes),
        "minilm": lambda: torch_loops.BERT(*sizes, *MINILM),
    }[workload.name]()
    return {"none": torch_loops.loop(model, ids, labels, workload.batch_size)}


def product():
    """A function that multiplies two square matrices once per batch."""
    import keras

    matrix = keras.random.uniform((PRODUCT_SIZE, PRODUCT_SIZE))

    def run():
        for _ in range(BATCHES):
            found = keras.ops.matmul(matrix, matrix)
            float(found[0, 0])  # Waits for it.

    return run


def operations(step):
    """Floating-point operations of a step's products, as PyTorch counts."""
    from torch.utils.flop_counter import FlopCounterMode

    step()  # The first asks the model once more than any other.
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops() / BATCHES


def main():
    """Serves until standard input ends."""
    kind, name = sys.argv[1:]
    workload = workload_of(name)
    ids, labels = data_of(workload)
    if kind == LOOP:
        steps = loop_steps(workload, ids, labels)
    else:
        xla = kind == "tensorflow-xla" or ("auto" if kind == "jax" else False)
        steps = keras_steps(workload, ids, labels, xla)
    print(*steps, flush=True)
    steps[PRODUCT] = product()
    for line in sys.stdin:
        asked = line.strip()
        if asked == OPERATIONS:
            print(operations(steps["none"]), flush=True)
            continue
        start = time.perf_counter()
        steps[asked]()
        print((time.perf_counter() - start) / BATCHES, flush=True)


if __name__ == "__main__":
    main()
