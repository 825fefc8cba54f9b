"""A model around a classifier, but for how it trains."""

import zipfile

import h5py
import keras

from keras_amp.errors import one_line
from keras_amp.mixup.outputs import Outputs
from keras_amp.portable import without_cudnn

_RANDOM_STATE = "random_state_"


class Wrapper(keras.Model):
    """Asks, saves, loads and exports the classifier inside.

    Args:
        model: The classifier.
        name: String, the wrapper's name.

    Raises:
        ValueError: If the classifier has a way to train of its own.
    """

    def __init__(self, model, **kwargs):
        _check_trains_as_others(model)
        # The classifier casts its inputs itself.
        super().__init__(autocast=False, **kwargs)
        self.model = model
        self.outputs_of_model = Outputs(model)

    def call(self, inputs, training=None, mask=None):
        # A subclassed model may take no mask.
        masks = {} if mask is None else {"mask": mask}
        return self.model(inputs, training=training, **masks)

    # What is asked of a model by name is there in the classifier.

    def get_layer(self, name=None, index=None):
        """The classifier's layer of that name or index."""
        return self.model.get_layer(name=name, index=index)

    @property
    def inputs(self):
        """The classifier's symbolic inputs, a list."""
        return self.model.inputs

    @property
    def outputs(self):
        """The classifier's symbolic outputs, a list."""
        return self.model.outputs

    @property
    def output_names(self):
        """The names of the outputs, a list, or `None` if there are none."""
        names = self.outputs_of_model.names
        return None if names == [None] else names

    @property
    def input_shape(self):
        """The shape of what the classifier takes."""
        return self.model.input_shape

    @property
    def output_shape(self):
        """The shape of what the classifier puts out."""
        return self.model.output_shape

    def export(self, filepath, format="tf_saved_model", *args, **kwargs):
        """Exports the classifier alone, as `keras.Model.export` does.

        Recurrent layers are exported so that they run where there is no GPU.

        Args:
            filepath: Path, with the ending that the format asks for.
            format: String, a format that Keras knows.
            *args, **kwargs: As of `keras.Model.export`.

        Raises:
            ImportError, ValueError: Keras' own, if a package is missing, or
                there is no such format on this backend.
            RuntimeError: If this classifier cannot be written so, with what
                the converter said.
        """
        # Keras takes any path, but for OpenVINO a string.
        filepath = str(filepath)
        # Training calls its two halves, and Keras writes no ONNX of what it
        # takes for a model that was never called.
        self.model._called = True
        try:
            with without_cudnn(self.model):
                return self.model.export(filepath, format, *args, **kwargs)
        except (ImportError, OSError, TypeError, ValueError):
            raise
        except Exception as error:  # each converter has its own, pages long
            raise RuntimeError(
                f"'{self.model.name}' cannot be exported from "
                f"{keras.backend.backend()} as format='{format}': "
                f"{one_line(error, limit=400)}"
            ) from error

    def load_weights(self, filepath, *args, **kwargs):
        """Loads weights that a wrapper saved, or the classifier by itself.

        Args:
            filepath: Path of a file that a `Mixup`, one of its children or
                the classifier wrote.
            *args, **kwargs: As of `keras.Model.load_weights`.
        """
        if _is_of_a_wrapper(filepath):
            return super().load_weights(filepath, *args, **kwargs)
        return self.model.load_weights(filepath, *args, **kwargs)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        # Keras saves no random state; without it, a run that goes on would
        # not be the run that was interrupted.
        for index, state in enumerate(self._random_states()):
            store[f"{_RANDOM_STATE}{index}"] = state.numpy()

    def load_own_variables(self, store):
        stored, states = set(store.keys()), self._random_states()
        names = [f"{_RANDOM_STATE}{index}" for index in range(len(states))]
        if {key for key in stored if key.startswith(_RANDOM_STATE)} == {*names}:
            for state, name in zip(states, names, strict=True):
                state.assign(store[name])
        # Files of version 0.1 hold settings behind the wrapper's own weights.
        own = len(self._trainable_variables + self._non_trainable_variables)
        keys = stored & {str(index) for index in range(own)}
        super().load_own_variables({key: store[key] for key in keys})

    def _random_states(self):
        """The states of all generators: λ, partners, places and dropout."""
        weights = {id(weight) for weight in self.weights}
        return [one for one in self.variables if id(one) not in weights]

    def compile_from_config(self, config):
        # Keras leaves this to whoever overrides `compile`.
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def get_config(self):
        return {
            "model": keras.saving.serialize_keras_object(self.model),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        config["model"] = keras.saving.deserialize_keras_object(config["model"])
        return cls(**config)


def _is_of_a_wrapper(filepath):
    """Whether a file of weights was written by a wrapper."""
    path = str(filepath)
    if path.endswith(".weights.h5"):
        return _has_traces(path)
    if path.endswith(".keras"):
        with zipfile.ZipFile(path) as archive:
            if "model.weights.h5" in archive.namelist():
                with archive.open("model.weights.h5") as weights:
                    return _has_traces(weights)
    return True


def _has_traces(file):
    with h5py.File(file, "r") as weights:
        has_seeds = f"{_RANDOM_STATE}0" in weights.get("vars", ())
        return has_seeds or {"lower", "upper"} <= {*weights}


def _check_trains_as_others(model):
    """Refuses a classifier whose own training the wrapper would leave out."""
    if isinstance(model, Wrapper):
        raise ValueError(
            f"'{model.name}' is a wrapper already, which mixes. Wrap its "
            "classifier, `.model`."
        )
    for name in ("train_step", "compute_loss"):
        usual = getattr(keras.Model, name)
        if getattr(type(model), name, usual) is not usual:
            raise ValueError(
                f"'{model.name}' has a `{name}` of its own, which training "
                "with Mixup would not run. Wrap a model without it, and give "
                "the loss to `compile`."
            )
