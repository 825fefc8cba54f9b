import os

import numpy as np
import pytest

from training.data.vector_cache import load_vectors
from training.models.backbones import BACKBONES
from training.models.words import load_words
from training.options.train_options import TrainOptions

VOCABULARY = ["", "[UNK]", "cat", "dog"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 2\nDog 3 4\n")
    return path


def test_a_cache_is_used_until_the_file_changes(file, tmp_path):
    cache = tmp_path / "cache"
    first = load_vectors(file, VOCABULARY, cache)
    (cached,) = cache.iterdir()
    stamp = cached.stat().st_mtime_ns
    again = load_vectors(file, VOCABULARY, cache)
    np.testing.assert_array_equal(again.vectors, first.vectors)
    np.testing.assert_array_equal(again.is_found, first.is_found)
    assert cached.stat().st_mtime_ns == stamp
    file.write_text("cat 5 6\nDog 3 4\n")
    os.utime(file, ns=(1, 1))
    assert load_vectors(file, VOCABULARY, cache).vectors[2].tolist() == [5, 6]
    assert load_vectors(file, [*VOCABULARY, "x"], cache).vectors.shape == (5, 2)
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file"])
def test_a_damaged_cache_is_made_anew(file, tmp_path, content):
    load_vectors(file, VOCABULARY, tmp_path / "cache")
    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(content)
    words = load_vectors(file, VOCABULARY, tmp_path / "cache")
    assert words.vectors[3].tolist() == [3, 4]
    assert cached.stat().st_size > len(content)


def test_a_file_without_one_of_the_words_is_refused(file, tmp_path):
    with pytest.raises(ValueError, match="has none of the 1 words"):
        load_vectors(file, ["", "[UNK]", "ghost"], tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("backbone", ["cnn", "bilstm"])
@pytest.mark.parametrize("freeze", [True, False])
def test_the_classifier_begins_with_them(file, tmp_path, backbone, freeze):
    options = TrainOptions.of(
        backbone=backbone,
        embeddings=str(file),
        freeze_embeddings=freeze,
        records_dir=tmp_path,
    ).resolved()
    entry = BACKBONES[backbone]
    tokenizer = entry.tokenizer(options.model, ["cat dog ghost", "cat"])
    words = load_words(options.model, tokenizer, tmp_path)
    model = entry.build(options.model, tokenizer, 3, words.embeddings(0))
    embedding = model.get_layer("embedding")
    matrix = np.asarray(embedding.embeddings)
    place = tokenizer.get_vocabulary().index("dog")
    assert matrix[place].tolist() == [3, 4]
    assert np.all(matrix[0] == 0)
    trained = {id(weight) for weight in model.trainable_weights}
    assert (id(embedding.embeddings) in trained) == (not freeze)
