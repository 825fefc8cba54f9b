"""From a `.keras` file, of whichever backend, to a SavedModel.

python -m keras_amp.saved_model classifier.keras exported/1
"""

import os
import subprocess
import sys

import keras

from keras_amp.extras import needed
from keras_amp.portable import without_cudnn


def export_saved_model(path, filepath):
    """Writes the SavedModel of a classifier that JAX or PyTorch trained too.

    Keras writes SavedModels on TensorFlow. On another backend this starts a
    Python of its own for that, which knows the layers of Keras, keras-hub and
    `keras_amp`; with layers of your own, call it where KERAS_BACKEND is
    tensorflow, after importing them.

    Args:
        path: Path of the `.keras` file of a classifier or a wrapper.
        filepath: Path of the folder to write.

    Raises:
        ImportError: If TensorFlow is missing.
        RuntimeError: If the other process fails; it says why.

    Examples:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> keras_amp.TextCNN(20, 2).save(folder + "/classifier.keras")
        >>> export_saved_model(folder + "/classifier.keras", folder + "/1")
        >>> list(tf.saved_model.load(folder + "/1").signatures)
        ['serve', 'serving_default']
    """
    needed("tensorflow", "A SavedModel", "tensorflow")
    if keras.backend.backend() == "tensorflow":
        model = keras.models.load_model(path, compile=False)
        with without_cudnn(model):
            model.export(filepath, verbose=False)
        return
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, str(path), str(filepath)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
    )
    if done.returncode:
        raise RuntimeError(
            f"'{path}' was not exported: {done.stderr.strip()[-2000:]}"
        )


if __name__ == "__main__":
    import keras_amp  # noqa: F401 (its layers, which files name)

    export_saved_model(*sys.argv[1:])
