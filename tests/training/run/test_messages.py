import io
from pathlib import Path

import numpy as np
import pytest

from training.data.dataset import Dataset, Examples
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
    test = Examples([*map(str, range(80))], np.repeat([0, 1], [60, 20]))
    other = Examples(["a", "b"], np.array([0, 1]))
    dataset = Dataset("my", ("c", "d"), other, other, test)
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
        dataset,
    )
    for part in (
        "Errors on 80 test texts that nothing was trained on",
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
        messages.report_errors, own(backbone="linear"), results, dataset
    )
    assert "14.0" not in text
    asked = own(backbone="bert", bert="all-MiniLM-L6-v2", baselines=False)
    text = printed(messages.report_errors, asked, results, dataset)
    assert "14.0" not in text


@pytest.mark.parametrize("part", ["train", "dev"])
def test_errors_on_texts_that_were_trained_on_say_so(part):
    parts = {
        name: Examples([*texts], np.arange(2))
        for name, texts in (("train", "ab"), ("dev", "cd"), ("test", "ef"))
    }
    parts[part] = Examples(["e", "x"], np.arange(2))
    results = {"test_error": 0.0, "dev_error": 0.0, "best_step": 1}
    text = printed(
        messages.report_errors,
        own(backbone="linear"),
        results | {"seconds": 1.0},
        Dataset("my", ("c", "d"), **parts),
    )
    assert "Errors on 2 test texts, 1 of which were trained on" in text
    assert "nothing was trained on" not in text


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


def test_what_is_to_be_typed_is_quoted(tmp_path):
    text = printed(
        messages.report_paths,
        own(backbone="linear", tensorboard=Path("my logs")),
        tuple(map(Path, ("my model/1", "r.json", "m.md"))),
        ["a text"],
    )
    assert "predict 'my model/1' \"a text\"\n" in text
    assert "--logdir 'my logs'\n" in text


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


@pytest.mark.parametrize("asked", [{"embeddings": "v.txt"}, {"max_words": 9}])
def test_no_encoder_is_missed_where_none_was_looked_for(asked):
    told = messages.why_no_encoder(own(**asked))
    assert told.startswith("Trained is --backbone ")
    assert "at hand" not in told
