"""Draws what a step of AMP does, for the README: `python -m docs.figures.step`.

A small CNN is trained with Mixup on the demo's questions; ε is far larger than
in the paper, to be seen.
"""

from pathlib import Path

import keras
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

import keras_amp
from keras_amp import policy
from keras_amp.mixup import mix_hidden
from training.data.demo import load_demo

HERE = Path(__file__).parent
EPSILON = 0.2


def train(dataset, tokenizer):
    """A `Mixup` that mixes words, trained for eight epochs."""
    classifier = keras_amp.TextCNN(
        tokenizer.vocabulary_size(), len(dataset.label_names)
    )
    model = keras_amp.Mixup(classifier, mix_at="word")
    model.compile(
        keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    ids = tokenizer(dataset.train.texts)
    model.fit(ids, dataset.train.labels, batch_size=50, epochs=8, verbose=0)
    return model


def draw(lams, curve, pair, lam, lam_adv, lam_star):
    """The figure: the loss of a pair along λ, and where all pairs' λ go."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9), layout="tight")
    left.plot(lams, curve, color="black", linewidth=1)
    for name, at, colour, aside in (
        ("λ", lam[pair], "tab:blue", (-4, 8)),
        ("λ′", lam_adv[pair], "tab:red", (-16, 2)),
    ):
        height = np.interp(at, lams, curve)
        left.plot(at, height, "o", color=colour)
        left.annotate(
            name,
            (at, height),
            aside,
            textcoords="offset points",
            color=colour,
            fontsize=12,
        )
    left.set(
        xlabel="λ of the inputs; the labels keep theirs",
        ylabel="loss of a pair",
        title=f"A step uphill (ε = {EPSILON})",
    )
    bins = np.linspace(0, 1, 26)
    right.hist(lam, bins, color="lightblue", label="λ, drawn")
    right.hist(
        lam_star, bins, histtype="step", color="tab:red", label="λ*, trained at"
    )
    right.set(xlabel="λ", ylabel="pairs", title="All pairs of the test set")
    right.legend(frameon=False)
    for panel in (left, right):
        panel.spines[["top", "right"]].set_visible(False)
    return figure


def main():
    """Trains, searches, draws."""
    keras.utils.set_random_seed(0)
    dataset = load_demo()
    tokenizer = keras_amp.text.word_tokenizer(dataset.train.texts)
    model = train(dataset, tokenizer)
    hidden = model.lower(tokenizer(dataset.test.texts), training=False)
    y = ops.convert_to_tensor(dataset.test.labels)
    partner = policy.sample_partner(len(dataset.test), seed=2)
    lam = policy.sample_lam(len(dataset.test), alpha=1.0, seed=3)
    loss_of = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction=None
    )

    def losses(lam_inputs):
        mixed = mix_hidden(hidden, partner, lam_inputs)
        logits = model.upper(mixed, training=False)
        own, other = loss_of(y, logits), loss_of(ops.take(y, partner), logits)
        return policy.mixup_loss(own, other, lam)

    with tf.GradientTape() as tape:
        lam_inputs = tf.identity(lam)
        tape.watch(lam_inputs)
        loss = losses(lam_inputs)
        total = ops.sum(loss)
    lam_adv = policy.ascend(lam, tape.gradient(total, lam_inputs), EPSILON)
    mask = policy.adversarial_mask(loss, losses(lam_adv))
    lam_star = policy.select(mask, lam_adv, lam)

    lams = np.linspace(0, 1, 61, dtype="float32")
    curves = np.stack([losses(ops.full(lam.shape, one)) for one in lams])
    lam, lam_adv = np.asarray(lam), np.asarray(lam_adv)
    # A pair of two classes whose λ is in the middle, and moves far.
    is_mixed = np.asarray(y != ops.take(y, partner)) & (abs(lam - 0.5) < 0.2)
    pair = int(np.argmax(np.where(is_mixed, abs(lam_adv - lam), 0)))
    figure = draw(lams, curves[:, pair], pair, lam, lam_adv, lam_star)
    path = HERE / "step.png"
    figure.savefig(path, dpi=150, metadata={"Software": None})
    print(path)


if __name__ == "__main__":
    main()
