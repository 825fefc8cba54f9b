import io
from pathlib import Path

import numpy as np
import pytest

from training.data.dataset import Examples
from training.options.train_options import TrainOptions
from training.run import messages
from training.run.regression import Compared
from training.terminal import console


def own(**options):
    return TrainOptions.of(train_file=Path("my.csv"), **options).resolved()


def printed(function, *arguments):
    stream = io.StringIO()
    function(console(file=stream, width=80), *arguments)
    return stream.getvalue()


def test_errors_are_shown_beside_what_is_had_without():
    test = Examples(["t"] * 80, np.repeat([0, 1], [60, 20]))
    results = {
        "test_error": 12.5,
        "dev_error": 10.0,
        "best_step": 40,
        "seconds": 30.0,
        "words_regression_test_error": 15.0,
        "regression_test_error": 14.0,
    }
    text = printed(
        messages.report_errors,
        own(backbone="bert", bert="all-MiniLM-L6-v2"),
        results,
        test,
    )
    for part in (
        "most frequent class │ 25.0 %",
        "on words │ 15.0 %",
        "on all-MiniLM-L6-v2 │ 14.0 %",
        "this classifier │ 12.5 %",
        # 10 of 80: Wilson's interval.
        "between 6.9 and 21.5 % (95 %)",
        "step 40, dev error 10.0 %; trained in 30 s",
    ):
        assert part in " ".join(text.split())
    text = printed(
        messages.report_errors, own(backbone="linear"), results, test
    )
    assert "14.0" not in text


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["short", "a bit longer", "x" * 90], '"a bit longer"'),
        (["two\nlines", ""], '"two lines"'),
        (['say "now"', "it's `$HOME`"], '"say now"'),
        (["y" * 90], f'"{"y" * 59}…"'),
    ],
)
def test_one_of_their_texts_is_asked(tmp_path, texts, expected):
    text = printed(
        messages.report_paths,
        own(backbone="linear"),
        (tmp_path / "m", tmp_path / "r.json", tmp_path / "m.md"),
        texts,
    )
    assert f"predict {tmp_path / 'm'} {expected}\n" in text
    assert "import tensorflow_text" not in text


def test_it_says_which_of_two_is_trained_and_how_to_have_the_other():
    options = own(backbone="bert", bert="all-MiniLM-L6-v2")
    text = messages.why_this_model(options, Compared(10.0, 20.0, True))
    assert "on words errs 10.0 %" in text
    assert "Trained is --backbone linear" in text
    text = messages.why_this_model(options, Compared(20.0, 10.0, False))
    assert "is fine-tuned" in text
    text = messages.why_this_model(options, None)
    assert text.startswith("all-MiniLM-L6-v2, a pretrained encoder")
    assert "small_data.md" in messages.why_no_encoder(own(backbone="linear"))
