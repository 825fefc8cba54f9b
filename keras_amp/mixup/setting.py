"""Attributes that steer training and are no weights: α, ε, and the others."""

import keras
from keras import ops


class Setting:
    """A number whose changes a compiled training step takes note of.

    The number lives in a variable, so that assigning to it while training
    takes effect without a new trace. It is no weight: what saves, loads or
    counts weights leaves it alone.

    At some numbers the step is another: with none of the examples mixed, say,
    nothing is searched. There, and back from there, an assignment makes a new
    step, which is traced once.

    Args:
        check: Function that raises `ValueError` or `TypeError` unless a number
            will do.
        doc: String, what the attribute is.
        apart: Tuple of floats, at which the step is another.
        kind: Type of the attribute, `float` or `bool`.

    Examples:
        >>> class Policy:
        ...     alpha = Setting(keras_amp.checks.check_alpha, "How much.")
        >>> policy = Policy()
        >>> policy.alpha = 0.5
        >>> policy.alpha
        0.5
        >>> Policy.alpha.variable(policy).dtype
        'float32'
    """

    def __init__(self, check, doc, apart=(), kind=float):
        self._check = check
        self._apart = apart
        self._kind = kind
        self.__doc__ = doc

    def __set_name__(self, owner, name):
        self._name = name
        self._place = f"_{name}_setting"
        self._place_apart = f"_{name}_apart"

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        _attach_state(instance)
        return self._kind(ops.convert_to_numpy(self.variable(instance)))

    def __set__(self, instance, value):
        self._check(value)
        apart = float(value) if value in self._apart else None
        if hasattr(instance, self._place):
            _attach_state(instance)
            self.variable(instance).assign(value)
            is_another = apart != self.apart(instance)
            object.__setattr__(instance, self._place_apart, apart)
            if is_another:
                renew_step(instance)
            return
        variable = keras.Variable(
            float(value),
            dtype="float32",
            trainable=False,
            autocast=False,
            name=self._name,
        )
        # Past Keras, which would take it for a weight.
        object.__setattr__(instance, self._place, variable)
        object.__setattr__(instance, self._place_apart, apart)

    def variable(self, instance):
        """The scalar float32 `keras.Variable` that the step reads."""
        return getattr(instance, self._place)

    def apart(self, instance):
        """The number if it is one at which the step is another, or `None`."""
        return getattr(instance, self._place_apart)

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


class Choice:
    """A name that decides how the step is made; assigning makes a new one.

    Args:
        check: Function that raises `ValueError` unless a name will do.
        doc: String, what the attribute is.
    """

    def __init__(self, check, doc):
        self._check = check
        self.__doc__ = doc

    def __set_name__(self, owner, name):
        self._place = f"_{name}_choice"

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self._place)

    def __set__(self, instance, value):
        self._check(value)
        is_another = getattr(instance, self._place, value) != value
        object.__setattr__(instance, self._place, value)
        if is_another:
            renew_step(instance)


def renew_step(model):
    """Makes a model's training step anew, where it has been made."""
    if getattr(model, "train_function", None) is not None:
        model.make_train_function(force=True)


def _attach_state(instance):
    """Puts into the variables what a step on JAX keeps beside them."""
    getattr(instance, "jax_state_sync", lambda: None)()
