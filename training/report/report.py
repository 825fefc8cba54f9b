"""The command `report`: from records to `RESULTS.md`, CSV files and figures."""

import collections
import os
import re
from pathlib import Path

from training.report.records import load_records, results_of
from training.report.tables import label, markdown, rows_of, spread
from training.tables import TABLES

# Figure 2 has a figure; its runs are Table 3's.
PRINTED = ("2", "3", "4", "5", "what-matters")
README_MARKS = ("<!-- results -->", "<!-- end of results -->")
HEAD = """\
# Results

Made by `python -m training report` from the records in
[`results/records`](results/records); how to make records: `python -m training
table --help`. The same numbers as CSV files lie in [`results`](results).

- **test error**, in %, mean ± standard deviation over seeds, of the checkpoint
  with the lowest error on the *dev* set. Each seed has its own weights, order
  and λ, and its own tenth to test on (SUBJ, MR) or dev set (TREC, SST); all
  methods meet the same.
- **oracle**: the lowest *test* error over all evaluations, as the released
  code reports. Nobody can know it without the test set, and it is lower by
  construction.
- **difference**: test error minus that of the method `against`, seed by seed,
  in percentage points, with the 95 % bootstrap interval of the mean
  (percentile; too narrow with few seeds); below 0 is better. **p**: of a paired
  t-test, corrected for all comparisons of the table (Holm).
- **RP**: the paper's relative improvement in %, above 0 is better.
- **calibration error**: expected, in %, 15 bins, of the same checkpoint.
- **published**: the paper's numbers, with its backbones, 8000 steps, GloVe 840B
  for word vectors, and the oracle's choice of checkpoint.
- **mean λ* − λ**: how far λ was moved, over all examples and steps.
"""


def report(records_dir, output, readme, is_drawing):
    """Writes the results of all records that lie in a folder.

    Args:
        records_dir: Path of a folder of records.
        output: Path of the Markdown file; CSV files and figures go into
            `results` beside it.
        readme: Path of a file whose part between `README_MARKS` becomes the
            table in short; `None` for none.
        is_drawing: Bool, whether to draw the figures too.

    Returns:
        List of the paths of all files that were written.

    Raises:
        FileNotFoundError, ValueError: As `load_records`.
    """
    records = load_records(records_dir)
    results = {
        name: results_of(table, records) for name, table in TABLES.items()
    }
    rows = {
        name: rows_of(table, results[name]) for name, table in TABLES.items()
    }
    folder = output.parent / "results"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in PRINTED:
        if rows[name]["seeds"].any():
            path = folder / f"{_slug(name)}.csv"
            _write(path, rows[name].to_csv(index=False, float_format="%.6g"))
            written.append(path)
    from training.report.figures import FIGURES, draw_figures

    if is_drawing:
        captions = draw_figures(results, rows, folder)
        written += [folder / name for name in captions]
    captions = {name: caption for name, (_, caption) in FIGURES.items()}
    sections = [
        _section(TABLES[name], results[name], rows[name]) for name in PRINTED
    ]
    parts = [
        HEAD,
        _environment(records),
        "## At a glance\n\n" + glance(rows["2"]),
        *sections,
        _figures(captions, folder),
        _failures(records),
    ]
    _write(output, "\n".join(part for part in parts if part))
    written.append(output)
    if readme is not None:
        _write(readme, _with_results(readme.read_text("utf-8"), rows["2"]))
        written.append(readme)
    return written


def glance(rows):
    """Table 2 in short: methods by backbones and data sets, test errors."""
    rows = rows[rows["seeds"] > 0]
    if rows.empty:
        return "Nothing of Table 2 has been run.\n"
    columns = rows[["backbone", "dataset"]].drop_duplicates()
    cells = rows.set_index(["backbone", "dataset", "method"])
    head = [
        f"{label('', backbone)}, {label('', dataset)}"
        for backbone, dataset in columns.itertuples(index=False)
    ]
    lines = [["test error, %", *head], ["---"] * (len(head) + 1)]
    for method in rows["method"].drop_duplicates():
        line = [label("", method)]
        for backbone, dataset in columns.itertuples(index=False):
            if (backbone, dataset, method) in cells.index:
                cell = cells.loc[(backbone, dataset, method)]
                line.append(spread(cell["test_error"], cell["test_error_sd"]))
            else:
                line.append("missing")
        lines.append(line)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{verdict(rows)}\n"


def verdict(rows):
    """What the comparisons of AMP with Mixup in some rows of Table 2 say."""
    amp = rows[rows["method"].str.endswith("-amp")]
    return _compared(amp, "comparisons of AMP with Mixup")


def _compared(rows, what):
    """Counts the comparisons of some rows, in a sentence."""
    rows = rows[~rows["difference"].isna()]
    if rows.empty:
        return f"No {what} could be made."
    seeds = " to ".join(str(one) for one in sorted(set(rows["seeds"])))
    lower = (rows["difference"] < 0).sum()
    higher = (rows["difference"] > 0).sum()
    sure = rows[rows["p_value"] < 0.05]
    sentence = (
        f"Of {len(rows)} {what} ({seeds} seeds each), the mean error is lower "
        f"in {lower} and higher in {higher}; it is "
        f"{rows['difference'].mean():+.2f} percentage points on average"
    )
    if sure.empty:
        return f"{sentence}. No difference is significant (p < 0.05)."
    better = (sure["difference"] < 0).sum()
    return (
        f"{sentence}. {len(sure)} are significant (p < 0.05): {better} lower, "
        f"{len(sure) - better} higher."
    )


def _section(table, results, rows):
    """A table's blocks, with what they were trained with."""
    lines = [f"## {table.title}\n"]
    missing = {}
    blocks = list(table.blocks)
    grouped = dict(list(results.groupby(blocks, sort=False)))
    for values, block in rows.groupby(blocks, sort=False):
        names = list(map(label, blocks, values))
        if not block["seeds"].any():
            missing.setdefault(names[0], []).extend(names[1:])
            continue
        lines.append(f"### {', '.join(names)}\n")
        lines.append(_settings(grouped[values]["record"]) + "\n")
        lines.append(markdown(table, block) + "\n")
        lines.append(_block_verdict(table, block) + "\n")
    if missing:
        parts = [
            ": ".join([name, ", ".join(of)][: 1 + bool(of)])
            for name, of in missing.items()
        ]
        lines.append(f"Missing, not run: {'; '.join(parts)}.\n")
    return "\n".join(lines)


def _block_verdict(table, block):
    if "method" not in table.axes:
        return _compared(block, "comparisons")
    amp = block[block["method"].str.endswith("-amp")]
    return _compared(amp, "comparisons of AMP with Mixup")


def _settings(records):
    values = records.iloc[0]["configuration"]
    words = {
        "steps": "steps",
        "steps_per_evaluation": "between evaluations",
        "batch_size": "sentences a step",
    }
    parts = [f"{values[key]} {word}" for key, word in words.items()]
    parts.append(f"learning rate {values['learning_rate']:g}")
    if values["embeddings"] != "random":
        coverage = [one["dataset"]["coverage"]["tokens"] for one in records]
        parts.append(
            f"`{values['embeddings']}`, which has vectors for "
            f"{sum(coverage) / len(coverage):.0%} of the training set's words"
        )
    if values["backbone"] == "bert":
        parts.append(f"begins with `{values['bert']}`")
    sizes = sorted({one["dataset"]["train"] for one in records})
    sizes = " to ".join(str(size) for size in {sizes[0]: 0, sizes[-1]: 0})
    return ", ".join([*parts, f"{sizes} sentences to train on"]) + "."


def _figures(captions, folder):
    drawn = [name for name in captions if (folder / name).is_file()]
    if not drawn:
        return ""
    lines = ["## Figures\n"]
    for name in drawn:
        lines.append(f"![{captions[name]}](results/{name})\n")
        lines.append(f"{captions[name]}\n")
    return "\n".join(lines)


def _environment(records):
    count = collections.Counter()
    for record in records:
        about = record.get("environment")
        if about:
            versions = ", ".join(
                f"{name} {version}"
                for name, version in about["versions"].items()
            )
            count[f"{versions}, Python {about['python']}"] += 1
    lines = [
        f"{number} runs with {versions}"
        for versions, number in sorted(count.items())
    ]
    seconds = sum(
        record["results"]["seconds"]
        for record in records
        if "results" in record
    )
    return (
        f"{'; '.join(lines)}; on CPUs, together {seconds / 3600:.1f} hours of "
        "training.\n"
    )


def _failures(records):
    failed = [record for record in records if "error" in record]
    if not failed:
        return ""
    lines = ["## Failed runs\n"]
    for record in failed:
        values = record["configuration"]
        lines.append(
            f"- {values['dataset']} {values['backbone']} {values['method']} "
            f"seed {values.get('seed', 0)}: {record['error']}"
        )
    return "\n".join(lines) + "\n"


def _with_results(text, rows):
    begin, end = README_MARKS
    if begin not in text or end not in text:
        raise ValueError(f"--readme: the file has no '{begin}' and '{end}'")
    block = f"{begin}\n{glance(rows)}{end}"
    pattern = f"{re.escape(begin)}.*?{re.escape(end)}"
    return re.sub(pattern, lambda _: block, text, flags=re.DOTALL)


def _slug(name):
    return f"table_{name}" if name.isdigit() else name.replace("-", "_")


def _write(path, text):
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)
