"""Figure 2: the loss along lambda on mixtures of test sentences.

    python -m training table figure-2 --data-dir data

The runs are those of Table 3 on 3 % of TREC: each measures, with its best
checkpoint, the loss on mixtures of test sentences at 21 values of lambda, and
`python -m training report` draws the mean over all pairs, with its spread over
the subsets, and two pairs.

Cost: 10 subsets x 4 methods of Table 3's runs; none if they are done.

The paper: one run with BERT; the loss of the network trained with AMP is the
lower one, on both pairs and in the mean.
"""

import dataclasses

from training.tables import table_3

TABLE = dataclasses.replace(
    table_3.TABLE,
    name="figure-2",
    title="Figure 2: loss along lambda",
    axes=table_3.AXES
    | {"share": (0.03,), "method": ("word", "word-amp", "sent", "sent-amp")},
    published={},
)
