"""The paper's settings (§4.2) for each backbone, and the demo's."""

_WORDS = {
    "batch_size": 50,
    "learning_rate": 2e-4,
    "dropout": 0.5,
    "l2": 1e-8,
    "steps": 8000,
    "steps_per_evaluation": 100,
}
PAPER = {
    "cnn": _WORDS,
    "bilstm": _WORDS,
    "bert": _WORDS
    | {"batch_size": 24, "learning_rate": 1e-5, "dropout": 0.1, "l2": 0.0},
}
# Weights that begin at random, of which the paper has none, learn little at
# a learning rate made for pretrained ones.
RANDOM_BERT = {"learning_rate": 3e-4}
# The demo ends within a minute: fewer steps, each of them larger.
DEMO = {
    backbone: settings
    | {"learning_rate": 1e-3, "steps": 300, "steps_per_evaluation": 50}
    for backbone, settings in PAPER.items()
}
