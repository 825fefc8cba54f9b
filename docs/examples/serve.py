"""Serves an exported text classifier over HTTP, many requests at a time.

    pip install tensorflow tensorflow-text litserve
    python serve.py saved_models/tickets

Nothing of `keras_amp` is needed where it runs. A request has the body that
TensorFlow Serving takes, its answer is the one that TensorFlow Serving gives;
a body of another form is refused by itself, with status 422, before it is put
among others.
"""

import argparse
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import litserve
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

# A batch is of so many requests, two or more, or of those of so many seconds.
MOST_REQUESTS = 32
SECONDS = 0.005


class Instance(BaseModel):
    """One text."""

    model_config = ConfigDict(extra="forbid")
    sentences: str


class Question(BaseModel):
    """The body of a request: texts."""

    model_config = ConfigDict(extra="forbid")
    instances: list[Instance] = Field(min_length=1)
    signature_name: Literal["serve", "serving_default"] = "serving_default"


class Classifier(litserve.LitAPI):
    """Answers the texts of all requests that wait, in one batch.

    Args:
        path: Path of a SavedModel.
        **kwargs: As of `litserve.LitAPI`.
    """

    def __init__(self, path, **kwargs):
        super().__init__(**kwargs)
        self.path = str(path)

    def setup(self, device):
        """Loads the model, in the process that answers."""
        # Not before: another process takes the requests.
        import tensorflow as tf

        if find_spec("tensorflow_text"):
            import tensorflow_text  # noqa: F401 (operations of word pieces)
        self.exported = tf.saved_model.load(self.path)
        self.strings = tf.constant
        self.predict([["the first text takes longest"]])

    def decode_request(self, request: Question):
        """The texts of a request."""
        return [instance.sentences for instance in request.instances]

    def predict(self, x):
        """The answers to lists of texts, as lists of dicts."""
        # Half of a surrogate pair is JSON, but no text: a question mark.
        texts = [text.encode("utf-8", "replace") for one in x for text in one]
        serve = self.exported.signatures["serve"]
        found = serve(sentences=self.strings(texts))
        columns = [_plain(value.numpy()) for value in found.values()]
        rows = (
            dict(zip(found, row, strict=True))
            for row in zip(*columns, strict=True)
        )
        return [[next(rows) for _ in one] for one in x]

    def encode_response(self, output):
        """The body of an answer."""
        return {"predictions": output}


def _plain(values):
    """An array as lists of numbers or strings."""
    if values.dtype == object:
        values = np.char.decode(values.astype(bytes), "utf-8")
    return values.tolist()


def newest(folder):
    """A SavedModel, or the one of the highest number in a folder of them."""
    numbered = [path for path in folder.glob("*") if path.name.isdigit()]
    versions = sorted(numbered, key=lambda path: int(path.name))
    for path in [folder, *reversed(versions)]:
        if (path / "saved_model.pb").is_file():
            return path
    raise SystemExit(f"there is no SavedModel at '{folder}'")


def main():
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description="Serves a text classifier.")
    parser.add_argument(
        "model", type=Path, help="SavedModel, or folder of 1, 2…"
    )
    parser.add_argument(
        "--name", default="questions", help="part of the address"
    )
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for all")
    parser.add_argument("--port", type=int, default=8501)
    asked = parser.parse_args()
    classifier = Classifier(
        newest(asked.model),
        max_batch_size=MOST_REQUESTS,
        batch_timeout=SECONDS,
        api_path=f"/v1/models/{asked.name}:predict",
    )
    # Else what it has started goes on when it is told to end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = litserve.LitServer(classifier, accelerator="cpu")
    server.run(
        asked.host,
        asked.port,
        generate_client_file=False,
        timeout_keep_alive=75,  # longer than those keep it who ask
    )


if __name__ == "__main__":
    main()
