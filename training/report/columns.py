"""The columns of the tables of results.

A column is one entry of `COLUMNS`: what it measures is read from the records,
averaged, written into the CSV files and the tables, and explained above them.
"""

import dataclasses
from collections.abc import Callable

from training.report.formats import (
    interval,
    label,
    number,
    signed,
    spread,
)


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table of results.

    Attributes:
        name: String, in the CSV files.
        heading: String.
        cell: Function of a row, a dict, to a string.
        explanation: String, Markdown; "" where another column explains it.
        measure: String, the entry of a record's results whose mean `name` and
            standard deviation `name_sd` are, `nan` where no record has it;
            `None` if it is made of others.
        is_in: Function of the names of a table's axes to a bool, whether the
            table shows it; where no row has a value, none does.
    """

    name: str
    heading: str
    cell: Callable[[dict], str]
    explanation: str = ""
    measure: str | None = None
    is_in: Callable[[list], bool] = lambda axes: True


def measures() -> dict[str, str]:
    """Dict from the names of the columns that are measured to the measures."""
    of_all = ((one.name, one.measure) for one in COLUMNS.values())
    return {name: measure for name, measure in of_all if measure}


def _measured(
    name: str,
    heading: str,
    measure: str,
    explanation: str,
    digits: int = 1,
    is_in: Callable[[list], bool] = lambda axes: True,
) -> Column:
    def cell(row: dict) -> str:
        return spread(row[name], row[f"{name}_sd"], digits)

    return Column(name, heading, cell, explanation, measure, is_in)


def _has_noise(axes: list) -> bool:
    return "noise" in axes


COLUMNS = {
    column.name: column
    for column in (
        Column("seeds", "seeds", lambda row: str(row["seeds"])),
        _measured(
            "test_error",
            "test error",
            "test_error",
            """\
**test error**, in %, mean ± standard deviation over seeds, of the checkpoint
  with the lowest error on the *dev* set. Each seed has its own weights, order
  and λ, and its own tenth to test on (SUBJ, MR) or dev set (TREC, SST); all
  methods meet the same.""",
        ),
        _measured(
            "dev_error",
            "dev error",
            "dev_error",
            "**dev error**: of the checkpoint that it chose, so too low.",
            is_in=lambda axes: "learning_rate" in axes,
        ),
        Column(
            "published",
            "published",
            lambda row: spread(row["published"], row["published_sd"]),
            """\
**published**: the paper's numbers, with its backbones, 8000 steps, GloVe 840B
  for word vectors, and the oracle's choice of checkpoint.""",
        ),
        Column("against", "against", lambda row: label("", row["against"])),
        Column(
            "difference",
            "difference [95 %]",
            interval,
            """\
**difference**: test error minus that of the method `against`, seed by seed,
  in percentage points, with the 95 % bootstrap interval of the mean
  (percentile; too narrow with few seeds); below 0 is better. **p**: of a paired
  t-test, corrected for all comparisons of the table (Holm). Both are about
  other trainings; on TREC and SST all seeds have the same test sentences, and
  others would differ by more.""",
        ),
        Column("p_value", "p", lambda row: number(row["p_value"], 3)),
        Column(
            "relative",
            "RP",
            lambda row: signed(row["relative"]),
            "**RP**: the paper's relative improvement in %, above 0 is better.",
        ),
        Column(
            "published_relative",
            "RP published",
            lambda row: signed(row["published_relative"]),
        ),
        _measured(
            "oracle",
            "oracle",
            "oracle_test_error",
            """\
**oracle**: the lowest *test* error over all evaluations, as the released
  code reports. Nobody can know it without the test set, and it is lower by
  construction.""",
        ),
        Column(
            "oracle_relative",
            "RP oracle",
            lambda row: signed(row["oracle_relative"]),
        ),
        _measured(
            "right_dev",
            "by right dev",
            "right_dev_test_error",
            """\
**by right dev**: test error of the checkpoint that a dev set without wrong
  labels would have chosen.""",
            is_in=_has_noise,
        ),
        _measured(
            "last",
            "last",
            "last_test_error",
            "**last**: test error of the last checkpoint.",
            is_in=_has_noise,
        ),
        _measured(
            "loss",
            "loss",
            "test_loss",
            """\
**loss**: the cross-entropy on the test set, the negative log-likelihood, of the
  same checkpoint; **tempered loss**: at the temperature that fits dev.""",
            digits=3,
        ),
        _measured("tempered", "tempered loss", "tempered_test_loss", "", 3),
        _measured(
            "calibration",
            "calibration error",
            "test_calibration_error",
            """\
**calibration error**: expected, in %, 15 bins, of the same checkpoint;
  **tempered calibration error**: at that temperature.""",
        ),
        _measured(
            "tempered_calibration",
            "tempered calibration error",
            "tempered_test_calibration_error",
            "",
        ),
        _measured(
            "out_of_domain",
            "area out of domain",
            "out_of_domain_area",
            """\
**area out of domain**: how well the confidence tells test sentences from those
  of SUBJ, in % of the pairs; 50 is chance.""",
        ),
        Column(
            "lam_shift",
            "λ moved by",
            lambda row: number(row["lam_shift"], 4),
            "**λ moved by**: mean distance of λ* and λ, over all steps.",
            is_in=lambda axes: "variant" in axes,
        ),
    )
}
