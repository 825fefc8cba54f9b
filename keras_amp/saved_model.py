"""From a `.keras` file, of whichever backend, to a SavedModel.

python -m keras_amp.saved_model classifier.keras exported/1
"""

import sys

import keras

from keras_amp.extras import needed
from keras_amp.on_tensorflow import run_on_tensorflow
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
        OSError, ValueError, RuntimeError: If the other process fails, with
            what it says.

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
    run_on_tensorflow(__spec__.name, path, filepath)


if __name__ == "__main__":
    import keras_amp  # noqa: F401 (its layers, which files name)

    export_saved_model(*sys.argv[1:])
