"""Who differentiates and who holds the state: one file per backend of Keras.

Each has `Step`, the training step of what `keras_amp.mixup.forward` runs, and
`pull_back`, the gradient that a search asks for.
"""

import keras

match keras.backend.backend():
    case "tensorflow":
        from keras_amp.mixup.backend.tensorflow import Step as Step
        from keras_amp.mixup.backend.tensorflow import pull_back as pull_back
    case "jax":
        from keras_amp.mixup.backend.jax import Step as Step
        from keras_amp.mixup.backend.jax import pull_back as pull_back
    case "torch":
        from keras_amp.mixup.backend.torch import Step as Step
        from keras_amp.mixup.backend.torch import pull_back as pull_back
    case other:
        raise ImportError(
            "keras_amp trains on the backends tensorflow, jax and torch. "
            f"Received: KERAS_BACKEND={other}"
        )
