import io

import numpy as np

from tests.helpers import classifier, compiled
from training.run.progress import TrainingProgress
from training.terminal import console


def shown(is_terminal, steps=6, each=3, evaluations=0):
    stream = io.StringIO()
    target = console(file=stream, width=80, force_terminal=is_terminal)
    model = compiled(classifier(), metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(12, *model.input_shape[1:]))
    y = np.zeros(12, "int32")
    model.fit(
        x,
        y,
        batch_size=4,
        initial_epoch=evaluations,
        epochs=steps // each,
        validation_data=(x, y),
        callbacks=[TrainingProgress(target, steps, each, evaluations)],
        verbose=0,
    )
    return stream.getvalue()


def test_a_file_gets_a_line_per_evaluation():
    first, second = shown(False).splitlines()
    assert first.startswith("step 3 of 6  loss ")
    assert "dev error " in first
    assert first.endswith(" left")
    assert second.startswith("step 6 of 6  loss ")
    assert second.endswith(" %")
    assert max(map(len, (first, second))) < 80


def test_a_run_that_goes_on_begins_where_it_was():
    (line,) = shown(False, evaluations=1).splitlines()
    assert line.startswith("step 6 of 6")


def test_a_terminal_gets_a_bar_that_fits():
    out = shown(True)
    assert "step 6 of 6" in out
    assert "dev error" in out
