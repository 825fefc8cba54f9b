"""The server that the recipes show, asked over the network."""

import json
import re
import threading
from pathlib import Path

import pytest

import keras_amp
from benchmarks.serving import ask_at_once, connected, post, served
from keras_amp.extras import needed
from tests.helpers import text_model
from training.data.texts import Text
from training.run.predict import answer

HERE = Path(__file__).parent.parent
CLIENTS = 32
WORDS = ["who", "built", "it", "when", "was", "the", "tower", "of", "this"]
# Of many lengths, so that answers are computed in groups.
TEXTS = [" ".join(WORDS[i % 9 :] * (1 + i % 5)) for i in range(45)] + [""]
LABELS = ["no", "perhaps", "oui, à peu près"]
WRONG = [
    {},
    {"instances": []},
    {"instances": ["no dict"]},
    {"instances": [{"sentences": 1}]},
    {"instances": [{"sentences": "a"}], "signature_name": "other"},
    {"instances": [{"sentences": "a", "more": 1}]},
]


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    needed("litserve", "This test", '"keras_amp[serve]"')
    tokenizer = keras_amp.text.word_tokenizer(WORDS)
    model = text_model(tokenizer.vocabulary_size())
    folder = tmp_path_factory.mktemp("questions")
    for version in ("9", "10"):
        keras_amp.export_text_classifier(
            model, tokenizer, LABELS, folder / version
        )
        # Of the newest, which is to answer, the weights are others.
        model.set_weights([weight + 0.1 for weight in model.get_weights()])
    return folder


def recipe():
    """The body of the request that the recipe shows."""
    text = (HERE / "docs" / "recipes.md").read_text("utf-8")
    (body,) = re.findall(r"curl.*?-d '(.*?)'", text, re.DOTALL)
    return json.loads(body)


@pytest.mark.slow
def test_many_clients_get_each_the_answer_to_its_own_text(export):
    expected = [
        one.probabilities
        for one, _ in answer(export / "10", [Text(one, []) for one in TEXTS])
    ]
    with served(export) as port, connected(port) as connection:
        refused = []

        def ask_wrongly():
            for body in WRONG * 5:
                with pytest.raises(RuntimeError, match=r"^422: "):
                    post(connection, body)
                refused.append(body)

        # What is refused takes nothing along that is in the same batch.
        wrong = threading.Thread(target=ask_wrongly)
        wrong.start()
        found = ask_at_once(port, TEXTS, CLIENTS, 30)
        wrong.join()
        assert refused == WRONG * 5
        assert len(found) == CLIENTS * 30
        for index, probabilities, _ in found:
            wanted = list(expected[index].values())
            assert probabilities == pytest.approx(wanted, abs=1e-5)

        many = {"instances": [{"sentences": text} for text in TEXTS]}
        rows = post(connection, many)["predictions"]
        for row, wanted in zip(rows, expected, strict=True):
            assert dict(
                zip(row["label_names"], row["probabilities"], strict=True)
            ) == pytest.approx(wanted, abs=1e-5)
            assert row["label"] == max(wanted, key=wanted.get)

        shown = post(connection, recipe())["predictions"]
        assert [sorted(row) for row in shown] == [
            ["label", "label_names", "probabilities", "unknown_share"]
        ] * 2


@pytest.mark.slow
def test_a_server_without_a_model_says_so(export, tmp_path):
    with (
        pytest.raises(RuntimeError, match="there is no SavedModel at"),
        served(tmp_path),
    ):
        pass
