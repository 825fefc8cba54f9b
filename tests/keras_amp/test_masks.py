import keras
import numpy as np
import pytest

from keras_amp.masks import hang, mask_of
from tests.helpers import in_mode

X = np.array([[[1.0], [5.0]], [[2.0], [4.0]]], "float32")
MASK = np.array([[True, False], [True, True]])


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_what_is_hung_is_found_by_us_and_by_keras(mode):
    def pooled(x, mask):
        assert mask_of(x) is None
        hang(mask, x)
        assert mask_of(x) is mask
        # Keras hands the mask on, from layer to layer.
        same = keras.layers.Identity()(x)
        return keras.layers.GlobalAveragePooling1D()(same), mask_of(same)

    tensors = map(keras.ops.convert_to_tensor, (X, MASK))
    means, found = map(np.asarray, in_mode(mode, pooled)(*tensors))
    np.testing.assert_array_equal(means, [[1], [3]])
    np.testing.assert_array_equal(found, MASK)
