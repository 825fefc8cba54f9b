"""Asks a process whose TensorFlow has two logical CPUs.

How many there are must be said before TensorFlow is used, so not in the
process of the tests; to start another takes seconds, so there is one for all.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
PROGRAM = """
import contextlib
import io
import json
import sys
import traceback

import keras
import numpy as np
import tensorflow as tf

import keras_amp
from tests.helpers import batch, classifier, compiled, cross_entropy, unmixed

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
one = tf.distribute.get_strategy()
kinds = {
    "Mixup": keras_amp.Mixup,
    "AdversarialMixup": keras_amp.AdversarialMixup,
    "NonlinearMixup": keras_amp.NonlinearMixup,
}
names = dict(globals())
for question in sys.stdin:
    code, sys.argv[1:] = json.loads(question)
    said, error = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(said):
            exec(code, dict(names))
    except Exception:
        error = traceback.format_exc()
    print(json.dumps([said.getvalue(), error]), flush=True)
"""


class TwoReplicas:
    """A process with `two`, a strategy of two replicas, and `one` of one."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HERE)},
        )

    def run(self, code, *arguments):
        """Runs code there; returns what it prints last, from JSON."""
        question = json.dumps([code, [*map(str, arguments)]])
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "The process has ended; its errors are shown below."
        said, error = json.loads(answer)
        assert error is None, error
        return json.loads(said.splitlines()[-1])

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
