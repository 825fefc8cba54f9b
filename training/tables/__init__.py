"""The paper's tables and figure, and ours, each as a grid of experiments."""

from training.tables import (
    few_labels,
    figure_2,
    knobs,
    learning_rates,
    recipe,
    table_2,
    table_3,
    table_4,
    table_5,
    two_stages,
    vector_spread,
    what_matters,
    wrong_labels,
)

TABLES = {
    module.TABLE.name: module.TABLE
    for module in (
        *(table_2, table_3, table_4, table_5, figure_2),
        *(what_matters, knobs, few_labels, learning_rates, wrong_labels),
        *(two_stages, vector_spread, recipe),
    )
}
