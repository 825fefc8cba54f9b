"""Times steps of training on the backend that Keras runs: what AMP costs there.

    KERAS_BACKEND=jax python -m benchmarks.step_time_backends --backbone cnn

`fit` over the same batches, in turn for each variant, on whichever backend; and
beside it, for the CNN on PyTorch, a loop as one would write it without Keras.
The figure that counts is a ratio: the median over rounds of a variant's time by
its reference's in that round.
"""

import argparse
import statistics
import time

import keras
import numpy as np

import keras_amp
from training.models.backbones import BACKBONES

NUM_CLASSES = 6
VARIANTS = {
    "plain": lambda model: model,
    "Mixup": lambda model: keras_amp.Mixup(model, "word", seed=0),
    "WordAMP": lambda model: keras_amp.AdversarialMixup(model, "word", seed=0),
    "SentAMP": lambda model: keras_amp.AdversarialMixup(
        model, "sentence", seed=0
    ),
}
AGAINST = {"Mixup": "plain", "WordAMP": "Mixup", "SentAMP": "Mixup"}


def fitting(variant, workload, ids, labels):
    """A function that trains a variant on all batches once."""
    keras.utils.set_random_seed(0)
    classifier = workload.build(workload.vocabulary_size, NUM_CLASSES)
    model = VARIANTS[variant](classifier)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-4), loss)
    return lambda: model.fit(
        ids, labels, batch_size=workload.batch_size, shuffle=False, verbose=0
    )


def torch_loop(workload, ids, labels):
    """The same for `TextCNN`, written with PyTorch alone."""
    import torch
    from torch import nn

    class CNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(workload.vocabulary_size, 300)
            self.convolutions = nn.ModuleList(
                nn.Conv1d(300, 100, width, padding="same")
                for width in (3, 4, 5)
            )
            self.dropout = nn.Dropout(0.5)
            self.logits = nn.Linear(300, NUM_CLASSES)

        def forward(self, ids):
            words = self.embedding(ids).transpose(1, 2)
            pooled = [
                torch.relu(one(words)).amax(dim=2) for one in self.convolutions
            ]
            return self.logits(self.dropout(torch.cat(pooled, dim=1)))

    model = CNN()
    optimizer = torch.optim.Adam(model.parameters(), 2e-4)
    batches = list(
        zip(
            torch.as_tensor(ids).split(workload.batch_size),
            torch.as_tensor(labels, dtype=torch.long).split(
                workload.batch_size
            ),
            strict=True,
        )
    )

    def run():
        for x, y in batches:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()

    return run


def measure(options):
    """Milliseconds a step of each round and variant."""
    workload = next(
        one
        for backbone in BACKBONES.values()
        for one in backbone.workloads
        if one.name == options.backbone
    )
    rng = np.random.default_rng(0)
    shape = (options.steps * workload.batch_size, workload.tokens)
    ids = rng.integers(1, workload.vocabulary_size, shape, dtype="int32")
    labels = rng.integers(0, NUM_CLASSES, shape[0])
    runs = {name: fitting(name, workload, ids, labels) for name in VARIANTS}
    if keras.backend.backend() == "torch" and options.backbone == "cnn":
        runs["PyTorch loop"] = torch_loop(workload, ids, labels)
    times = {name: [] for name in runs}
    for number in range(options.rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if number:  # The first one compiles.
                elapsed = time.perf_counter() - start
                times[name].append(1e3 * elapsed / options.steps)
    return times


def main():
    """Measures and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backbone", default="cnn")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=10)
    times = measure(parser.parse_args())
    print(f"| {keras.backend.backend()} | ms | times |\n|---|---|---|")
    for name, values in times.items():
        against = AGAINST.get(name)
        cell = ""
        if against:
            pairs = zip(values, times[against], strict=True)
            ratio = statistics.median(one / other for one, other in pairs)
            cell = f"{ratio:.2f} × {against}"
        print(f"| {name} | {statistics.median(values):.1f} | {cell} |")


if __name__ == "__main__":
    main()
