"""What is trained where nothing is asked for."""

from training.models.backbones import BACKBONES
from training.options.model_options import PAPER_BERT, ModelOptions

_PAPER = {"backbone": "cnn", "bert": PAPER_BERT, "method": "word-amp"}
# With clean labels, few of them, mixing brought nothing in most of what was
# measured: table recipe.
_OWN = _PAPER | {"backbone": "linear", "method": "none"}


def beginning(is_own: bool, model: ModelOptions) -> dict[str, str]:
    """Backbone, what bert begins with, and method, if there is no wish.

    Data sets with a name are trained as in the paper. Someone's own texts are
    few, as a rule: a pretrained encoder if one is at hand, else the linear
    classifier, which few texts are enough for.

    Args:
        is_own: Bool, whether it is for someone's own texts.
        model: `ModelOptions`; what it asks for is heeded.

    Returns:
        Dict of values for options that are `None`.

    Raises:
        ValueError: If the folder of `KERAS_AMP_MODELS` is none.
    """
    if not is_own:
        return _PAPER
    if model.bert is not None:
        return _OWN | {"backbone": "bert"}
    if model.embeddings != "random":
        return _OWN | {"backbone": "cnn"}
    asked = model.backbone is not None
    reads_words = asked and not _reads_pieces(model.backbone)
    if reads_words or model.max_words is not None:
        return _OWN
    # Not before it is used: it loads TensorFlow.
    from keras_amp.backbones import BERT_NAMES, bert_at_hand

    found = bert_at_hand()
    if found is None and not asked:
        return _OWN
    return _OWN | {"backbone": "bert", "bert": found or next(iter(BERT_NAMES))}


def _reads_pieces(backbone: str | None) -> bool:
    known = BACKBONES.get(backbone or "")
    return known is not None and not known.reads_words
