"""Numbers that steer training and are no weights: α, ε."""

import keras
from keras import ops


class Setting:
    """An attribute whose changes a compiled training step takes note of.

    The number lives in a variable, so that assigning to it while training
    takes effect without a new trace. It is no weight: what saves, loads or
    counts weights leaves it alone.

    Args:
        check: Function that raises `ValueError` unless a number will do.
        doc: String, what the attribute is.

    Examples:
        >>> class Policy:
        ...     alpha = Setting(keras_amp.policy.check_alpha, "How much.")
        >>> policy = Policy()
        >>> policy.alpha = 0.5
        >>> policy.alpha
        0.5
        >>> Policy.alpha.variable(policy).dtype
        'float32'
    """

    def __init__(self, check, doc):
        self._check = check
        self.__doc__ = doc

    def __set_name__(self, owner, name):
        self._name = name
        self._place = f"_{name}_setting"

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        _attach_state(instance)
        return float(ops.convert_to_numpy(self.variable(instance)))

    def __set__(self, instance, value):
        self._check(value)
        if hasattr(instance, self._place):
            _attach_state(instance)
            self.variable(instance).assign(value)
            return
        variable = keras.Variable(
            value,
            dtype="float32",
            trainable=False,
            autocast=False,
            name=self._name,
        )
        # Past Keras, which would take it for a weight.
        object.__setattr__(instance, self._place, variable)

    def variable(self, instance):
        """The scalar float32 `keras.Variable` that the step reads."""
        return getattr(instance, self._place)

    @staticmethod
    def variables_of(instance):
        """The variables of all settings that an instance has, as a list."""
        settings = {
            one._place: one
            for kind in type(instance).__mro__
            for one in vars(kind).values()
            if isinstance(one, Setting) and hasattr(instance, one._place)
        }
        return [one.variable(instance) for one in settings.values()]


def _attach_state(instance):
    """Puts into the variables what a step on JAX keeps beside them."""
    getattr(instance, "jax_state_sync", lambda: None)()
