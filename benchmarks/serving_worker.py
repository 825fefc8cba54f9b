"""One process of `benchmarks.serving`: a classifier that is asked in turn.

    python -m benchmarks.serving_worker KIND FOLDER THREADS

It reads lines of "size begin count": so many of the folder's texts, from that
one on, so many at a time; and answers with the seconds that took. At "answers"
it answers all texts and writes their probabilities. The kind `make` writes the
folder.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

NUM_CLASSES = 6
MAX_LENGTH = 128
GROUP_SIZE = 16
MADE = "made.json"
EXPORT, PLAIN, SORTED = "export", "transformers", "transformers-by-length"


def make(folder, encoder, texts):
    """Writes an export, what `transformers` needs to be the same, and texts."""
    import keras

    import keras_amp
    from keras_amp.backbones.bert_names import find_bert

    keras.utils.set_random_seed(0)
    classifier = keras_amp.BERT(keras_amp.load_bert(encoder), NUM_CLASSES)
    last = classifier.get_layer("logits")
    # As far apart as those of a trained one, so that answers tell texts apart.
    last.set_weights([10 * weight for weight in last.get_weights()])
    tokenizer = keras_amp.text.WordPieceTokenizer.from_preset(
        encoder, max_length=MAX_LENGTH
    )
    names = [str(number) for number in range(NUM_CLASSES)]
    keras_amp.export_text_classifier(
        classifier, tokenizer, names, folder / "1", group_size=GROUP_SIZE
    )
    kernel, bias = last.get_weights()
    np.savez(folder / "logits.npz", kernel=kernel, bias=bias)
    source = find_bert(encoder).removeprefix("hf://")
    made = {"encoder": source, "texts": texts}
    (folder / MADE).write_text(json.dumps(made), "utf-8")


def export(folder, threads):
    """A function of texts to probabilities: the signature `serve`."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    from training.run.exported import load_export

    ask = load_export(folder / "1")
    return lambda texts: ask([text.encode() for text in texts])["probabilities"]


def transformers(folder, threads, encoder):
    """The same as one would write it with PyTorch and `transformers`."""
    import torch
    import transformers

    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    model = transformers.BertForSequenceClassification.from_pretrained(
        encoder, num_labels=NUM_CLASSES
    )
    head = np.load(folder / "logits.npz")
    with torch.no_grad():
        model.classifier.weight.copy_(torch.as_tensor(head["kernel"].T))
        model.classifier.bias.copy_(torch.as_tensor(head["bias"]))
    model.eval()

    @torch.inference_mode()
    def ask(texts):
        read = tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=MAX_LENGTH,
            return_tensors="pt",
        )
        return model(**read).logits.softmax(-1).numpy()

    return ask


def by_length(ask):
    """A function of texts that asks those of about one length together."""

    def asked(texts):
        order = np.argsort([len(text) for text in texts], kind="stable")
        answers = np.empty([len(texts), NUM_CLASSES], "float32")
        for begin in range(0, len(texts), GROUP_SIZE):
            rows = order[begin : begin + GROUP_SIZE]
            answers[rows] = ask([texts[row] for row in rows])
        return answers

    return asked


def asking(kind, folder, threads, encoder):
    """What a kind of worker asks: a function of texts to probabilities."""
    if kind == EXPORT:
        return export(folder, threads)
    ask = transformers(folder, threads, encoder)
    return by_length(ask) if kind == SORTED else ask


def main():
    """Serves until standard input ends."""
    kind, folder, threads = sys.argv[1:]
    folder = Path(folder)
    if kind == "make":
        return make(folder, **json.load(sys.stdin))
    made = json.loads((folder / MADE).read_text("utf-8"))
    texts = made["texts"]
    ask = asking(kind, folder, int(threads), made["encoder"])
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "answers":
            print(json.dumps(ask(texts).tolist()), flush=True)
            continue
        size, begin, count = map(int, line.split())
        some = [texts[(begin + i) % len(texts)] for i in range(count)]
        start = time.perf_counter()
        for first in range(0, count, size):
            ask(some[first : first + size])
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
