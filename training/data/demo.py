"""A data set that needs no file: questions from a small grammar.

Six types of question, as in TREC. Some phrasings are shared by two types and
some labels are wrong, so that the best possible error is neither 0 nor chance.
"""

import random

from training.data.dataset import Dataset, Examples, hold_out
from training.data.paper import PAPER_SETS

LABEL_NAMES = PAPER_SETS["trec"].label_names

_WORDS = {
    "thing": "a comet|the tide|a violin|rust|a glacier|yeast|a compass|amber|"
    "the aurora|a prism|moss|a turbine|an abacus|the monsoon|chalk",
    "act": "invented|discovered|first described|built|named|patented|painted",
    "animal": "mammal|bird|fish|insect|reptile|mollusc",
    "trait": "sleeps the least|flies the furthest|changes its colour|"
    "lives the longest|carries its young|builds a dam",
    "craft": "tool|instrument|material|dish|drink|fabric|colour|game",
    "trade": "sailors|bakers|weavers|astronomers|masons|printers|shepherds",
    "place": "river|lake|desert|harbour|island|valley|bridge|market",
    "region": "Northland|the Low Isles|Eastmark|the Salt Coast|Highmoor",
    "extent": "longest|oldest|deepest|busiest|smallest|coldest",
    "short": "IPU|RTQ|the ASL|GLM|the NOP|KWH|the BRC|VTD",
    "person": "Ada Marlow|Jon Verrin|Mira Oslo|Piet Karel|Lena Sorrel",
    "role": "captain|mayor|author|composer|founder|inspector|surgeon",
    "unit": "miles|hours|litres|people|steps|coins|pages|degrees",
    "event": "the flood|the fair|the first regatta|the eclipse|the census",
}

_PATTERNS = {
    "description": (
        "What is {thing} ?",
        "How does {thing} form ?",
        "Why do {trade} use {thing} ?",
        "What causes {thing} to fade ?",
        "How do you clean {thing} ?",
        "What happened during {event} in {region} ?",
    ),
    "entity": (
        "What {animal} {trait} ?",
        "What {craft} do {trade} like best ?",
        "Which {craft} is made from {thing} ?",
        "What is the favourite {craft} of {trade} in {region} ?",
        "What did {person} carry during {event} ?",
    ),
    "abbreviation": (
        "What does {short} stand for ?",
        "What is {short} ?",
        "What is the full form of {short} ?",
        "What do the letters {short} mean to {trade} ?",
    ),
    "human": (
        "Who {act} {thing} ?",
        "Who was the {role} of {region} during {event} ?",
        "Which {role} {act} {thing} ?",
        "What {role} lived in {region} ?",
        "Who is {person} ?",
    ),
    "location": (
        "Where is the {extent} {place} ?",
        "What is the {extent} {place} in {region} ?",
        "Where did {person} live before {event} ?",
        "In what {place} was {thing} {act} ?",
        "What {place} did {trade} of {region} prefer ?",
    ),
    "number": (
        "How many {unit} is the {extent} {place} of {region} ?",
        "When was {thing} {act} ?",
        "How many {unit} do {trade} need for {thing} ?",
        "What year was {event} in {region} ?",
        "How old is {person} ?",
    ),
}
# Asked of two types alike: nobody can tell these apart.
_AMBIGUOUS = (
    (("description", "human"), "Tell me about {person} and {event}"),
    (("entity", "location"), "What did {person} discover in {region} ?"),
    (("number", "description"), "How big is the {extent} {place} ?"),
    (("abbreviation", "entity"), "Name the {short} of {trade}"),
)


def load_demo(
    seed: int = 0,
    num_train: int = 1500,
    num_test: int = 500,
    noise: float = 0.04,
    ambiguity: float = 0.12,
) -> Dataset:
    """Generates the demo data set.

    Args:
        seed: Int; the same seed gives the same sentences.
        num_train, num_test: Ints, sentences to train (a tenth of these goes
            into the dev set) and to test on.
        noise: Float, the share of labels that are drawn at random.
        ambiguity: Float, the share of sentences with two right answers.

    Returns:
        A `Dataset`.
    """
    rng = random.Random(seed)
    words = {kind: text.split("|") for kind, text in _WORDS.items()}

    def example() -> tuple[int, str]:
        if rng.random() < ambiguity:
            labels, pattern = rng.choice(_AMBIGUOUS)
            label = rng.choice(labels)
        else:
            label = rng.choice(LABEL_NAMES)
            pattern = rng.choice(_PATTERNS[label])
        drawn = {kind: rng.choice(choices) for kind, choices in words.items()}
        if rng.random() < noise:
            label = rng.choice(LABEL_NAMES)
        return LABEL_NAMES.index(label), pattern.format(**drawn)

    train = Examples.of_pairs(example() for _ in range(num_train))
    test = Examples.of_pairs(example() for _ in range(num_test))
    train, dev = hold_out(train, LABEL_NAMES, seed)
    return Dataset("demo", LABEL_NAMES, train, dev, test)
