"""The replicas of `tf.distribute`: how many, and what they draw."""

import keras
import tensorflow as tf
from keras import ops


class ReplicaSeedGenerator(keras.random.SeedGenerator):
    """A `SeedGenerator` whose seeds tell replicas apart.

    Under `tf.distribute` each replica has a copy of a generator's state, all
    with the same value, so that Keras' own draws the same numbers in all of
    them. On a single device this is the same as Keras' own.

    Args:
        seed: Int, or `None` for a random one.
    """

    def next(self, ordered=True):
        seed = super().next(ordered=ordered)
        context = tf.distribute.get_replica_context()
        if context is None or context.num_replicas_in_sync == 1:
            return seed
        # An odd constant spreads the replicas over all seeds (Weyl).
        replica = ops.cast(context.replica_id_in_sync_group, seed.dtype)
        shift = replica * ops.cast(0x9E3779B9, seed.dtype)
        return seed + ops.stack([shift, ops.zeros_like(shift)])


def num_replicas():
    """How many replicas train together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def check_strategy():
    """Raises `ValueError` under a strategy that Keras cannot train with."""
    strategy = tf.distribute.get_strategy()
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        raise ValueError(
            "Keras 3 itself cannot `fit` under MultiWorkerMirroredStrategy "
            "(keras-team/keras issues 20329 and 20585). Use MirroredStrategy "
            "on one machine."
        )
