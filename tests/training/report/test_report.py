"""From records to tables, tests and figures."""

import copy
import errno
import json
import os
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from training.__main__ import main
from training.methods.methods import METHODS
from training.options.configuration import configuration
from training.options.train_options import TrainOptions
from training.report.figures import FIGURES, with_unmixed
from training.report.numbers import rows_of
from training.report.results import (
    load_records,
    results_of,
    shown_and_left_out,
)
from training.report.sections import failures, section
from training.report.statistics import compare
from training.report.write_report import report
from training.tables import TABLES

STEPS = [10, 20, 30, 40]


def record_of(table, cell, seed, error, **overrides):
    """A record of a cell's run, with this test error."""
    fields = TABLES[table].fields(cell, seed) | {"steps": 40} | overrides
    options = TrainOptions.of(**fields).resolved()
    curves = {
        "step": STEPS,
        "test_error": [40.0, error + 1, error, error - 0.5],
        "dev_error": [40.0, 12.0, 9.0, 10.0],
    }
    if METHODS[options.mixing.method].is_adversarial:
        curves["lam_shift"] = [0.001, 0.001, 0.003, 0.003]
    results = {
        "dev_error": 9.0,
        "test_error": error,
        "oracle_test_error": error - 0.5,
        "best_step": 30,
        "seconds": 36.0,
        "test_calibration_error": 5.0,
    }
    if options.mixing.lam_points:
        along = {
            "lam": [0, 0.5, 1],
            "mean": [1, 2, 1],
            "pairs": [[1, 2, 3]] * 2,
        }
        results["loss_along_lam"] = along
    return {
        "configuration": configuration(options),
        "environment": {"versions": {"keras": "3"}, "python": "3.11"},
        "dataset": {"train": 100 + seed, "coverage": None},
        "results": results,
        "curves": curves,
    }


def cell_of(method, dataset="trec", backbone="cnn"):
    return {"backbone": backbone, "method": method, "dataset": dataset}


@pytest.fixture
def records():
    """WordMixup and WordAMP on TREC with three seeds; one failed."""
    errors = {"word": (10.0, 11.0, 12.0), "word-amp": (9.0, 10.5, 10.0)}
    made = [
        record_of("2", cell_of(method), seed, error)
        for method, each in errors.items()
        for seed, error in enumerate(each)
    ]
    failed = record_of("2", cell_of("sent"), 0, 1.0)
    for key in ("results", "curves", "dataset"):
        del failed[key]
    return [*made, failed | {"error": "ValueError: no"}]


def write(records, folder):
    folder.mkdir(parents=True)
    for number, record in enumerate(records):
        (folder / f"{number}.json").write_text(json.dumps(record))
    return folder


def row_of(rows, **cell):
    for axis, value in cell.items():
        rows = rows[rows[axis] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_means_differences_and_published_numbers(records):
    table = TABLES["2"]
    rows = rows_of(table, results_of(table, records))
    assert len(rows) == len(table.cells())
    amp = row_of(rows, **cell_of("word-amp"))
    assert amp["seeds"] == 3
    assert amp["test_error"] == pytest.approx(29.5 / 3)
    assert amp["test_error_sd"] == pytest.approx(np.std([9, 10.5, 10], ddof=1))
    assert amp["oracle"] == pytest.approx(29.5 / 3 - 0.5)
    assert (amp["published"], amp["published_sd"]) == (8.4, 0.92)
    assert amp["against"] == "word"
    assert amp["difference"] == pytest.approx(-3.5 / 3)
    assert amp["relative"] == pytest.approx(100 * 3.5 / 33)
    assert amp["published_relative"] == pytest.approx(100 * (8.3 - 8.4) / 8.3)
    expected = stats.ttest_rel([9, 10.5, 10], [10, 11, 12]).pvalue
    assert amp["p_value"] == pytest.approx(expected)  # of one test only
    assert -2 <= amp["low"] < amp["difference"] < amp["high"] <= -0.5
    assert amp["lam_shift"] == pytest.approx(0.002)
    assert row_of(rows, **cell_of("sent"))["seeds"] == 0
    assert np.isnan(row_of(rows, **cell_of("word"))["difference"])


def test_pairs_are_of_the_same_seed():
    ours = pd.Series({7: 100.0, 0: 5.0, 1: 7.0})
    theirs = pd.Series({1: 8.0, 0: 7.0, 9: -100.0})
    found = compare(ours, theirs)
    assert (found.seeds, found.mean) == (2, -1.5)
    assert (found.low, found.high) == (-2, -1)
    assert found.relative == pytest.approx(20)
    assert compare(ours, pd.Series({5: 1.0})) is None


@pytest.mark.parametrize(
    "errors", [{0: 10.6}, {0: 10.6, 1: 10.8}, {0: 10.6, 1: 10.8, 2: 11.0}]
)
def test_differences_without_spread_are_not_tested(errors):
    ours = pd.Series(errors)
    # Neither 11.0 - 10.6 nor 11.2 - 10.8 is 0.4.
    found = compare(ours, (ours + 0.4).round(1))
    assert found.mean == pytest.approx(-0.4)
    assert np.isnan(found.p_value)


def test_runs_that_were_trained_otherwise_do_not_mix(records):
    cell = cell_of("word-amp")
    longer = record_of("2", cell, 0, 1.0, steps=9999)
    table = TABLES["2"]
    rows = rows_of(table, results_of(table, [longer, *records]))
    assert row_of(rows, **cell)["seeds"] == 3
    # As many runs with more steps as with fewer: the longer ones count.
    rows = rows_of(table, results_of(table, [longer, records[3]]))
    assert row_of(rows, **cell)["test_error"] == 1.0


def test_runs_that_were_trained_otherwise_are_told(records):
    table, way = TABLES["2"], {"steps": 10000, "learning_rate": 0.5}
    way["steps_per_evaluation"] = 40  # as of the others
    others = [
        record_of("2", cell_of(method), 0, error, **way)
        for method, error in [("word", 1.25), ("word-amp", 2.0)]
    ]
    shown, left_out = shown_and_left_out(table, [*records, *others])
    pd.testing.assert_frame_equal(shown, results_of(table, records))
    text = section(table, shown, rows_of(table, shown), left_out)
    assert (
        "Trained otherwise (`--steps 10000`, `--learning-rate 0.5`; seeds: 1) "
        "and not in the table, test errors: WordMixup 1.2; WordAMP 2.0.\n"
    ) in text
    # Of a lone run, as another table's, nothing is told.
    shown, left_out = shown_and_left_out(TABLES["2"], [*records, others[0]])
    made = record_of("2", cell_of("none"), 0, 5.0)
    shown = results_of(table, [*records, made])
    text = section(table, shown, rows_of(table, shown), left_out)
    assert "Trained otherwise" not in text


def test_of_ways_that_fill_as_much_the_lowest_dev_error_counts(records):
    slow = copy.deepcopy(records[:2])
    for record in slow:
        record["configuration"]["learning_rate"] = 0.5
        record["results"] |= {"dev_error": 8.0, "test_error": 50.0}
    for both in ([*records[:2], *slow], [*slow, *records[:2]]):
        assert {*results_of(TABLES["2"], both)["test_error"]} == {50.0}


def test_a_run_that_was_measured_twice_counts_once(records):
    twice = copy.deepcopy(records[:3])
    for record in twice:
        record["configuration"]["out_of_domain_dataset"] = "subj"
        record["results"]["out_of_domain_area"] = 90.0
    for both in ([*records, *twice], [*twice, *records]):
        runs = results_of(TABLES["2"], both)
        word = runs[runs["method"] == "word"]
        assert word["seed"].tolist() == [0, 1, 2]
        assert word["out_of_domain"].tolist() == [90.0] * 3


def test_what_is_on_or_off_is_told_without_a_value(records):
    table, way = TABLES["2"], {"group_by_length": True, "schedule": "warm-up"}
    others = [
        record_of("2", cell_of(method), 0, 2.0, **way)
        for method in ("word", "word-amp")
    ]
    text = _section(table, [*records, *others])
    assert (
        "Trained otherwise (`--group-by-length`, `--schedule warm-up`;" in text
    )
    assert "grouped by length" not in text
    text = _section(table, others)
    assert "50 sentences a step, grouped by length, learning" in text
    assert "learning rate 0.0002, schedule `warm-up`" in text


def test_a_block_of_one_alpha_is_not_told_as_a_study_of_alphas():
    def runs(alpha, *methods):
        cells = [cell_of(one) | {"alpha": alpha} for one in methods]
        return [record_of("5", cell, 0, 2.0) for cell in cells]

    mixup, both = ("word",), ("word", "word-amp")
    for made in (runs(1.0, *mixup), runs(1.0, *both)):
        text = _section(TABLES["5"], made)
        assert "### CNN, TREC" not in text
        assert "Missing, nothing to compare: CNN: TREC, SST-2, MR;" in text
    for made in (
        [*runs(1.0, *both), *runs(0.2, *mixup)],
        [*runs(1.0, *mixup), *runs(0.2, *mixup)],
    ):
        text = _section(TABLES["5"], made)
        assert "### CNN, TREC" in text
        assert "Missing, nothing to compare: CNN: SST-2, MR;" in text


def _section(table, records):
    shown, left_out = shown_and_left_out(table, records)
    return section(table, shown, rows_of(table, shown), left_out)


def test_one_run_serves_several_tables(records):
    table = TABLES["4"]
    rows = rows_of(table, results_of(table, records))
    cell = {"backbone": "cnn", "place": "word"}
    assert row_of(rows, **cell, variant="AMP")["seeds"] == 3
    assert row_of(rows, **cell, variant="+RandOp")["seeds"] == 3
    assert row_of(rows, **cell, variant="+MaxOp")["seeds"] == 0
    # Table 5 has no run without mixup to compare WordMixup with.
    rows = rows_of(TABLES["5"], results_of(TABLES["5"], records))
    assert set(rows["against"].dropna()) == {"word"}


def test_epsilon_zero_and_no_min_op_are_cells_of_their_own():
    place = {"backbone": "cnn", "place": "word"}
    noise = place | {"variant": "fresh-noise, epsilon=0"}
    amp = place | {"variant": "amp"}
    made = [
        record_of("what-matters", cell, 0, error)
        for cell, error in ((noise, 3.0), (amp, 5.0))
    ]
    table = TABLES["what-matters"]
    results = results_of(table, made)
    assert dict(
        zip(results["variant"], results["test_error"], strict=True)
    ) == {
        "fresh-noise, epsilon=0": 3.0,
        "amp": 5.0,
    }


def all_records(seeds=2):
    """Some records of every table, so that every figure can be drawn."""
    chosen = {
        "2": {"backbone": ("cnn",), "dataset": ("trec", "mr")},
        "3": {"backbone": ("cnn",), "share": (0.03, 0.1)},
        "what-matters": {"backbone": ("cnn",), "place": ("word",)},
        "few-labels": {"variant": ("cnn", "bert-first", "bert-mean")},
    }
    rng = np.random.default_rng(0)
    return [
        record_of(name, cell, seed, 10 + rng.normal())
        for name, axes in chosen.items()
        for cell in TABLES[name].cells(**axes)
        for seed in range(seeds)
    ]


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("results", "test_error", None),
        ("results", "seconds", "x"),
        ("curves", "step", [1]),
        ("curves", "test_error", [1, "x", 2, 3]),
        ("curves", "lam_shift", []),
        ("dataset", "train", None),
        ("environment", "versions", []),
        ("configuration", "steps", True),
        ("configuration", "seed", "x"),
        ("configuration", "train_share", []),
        ("configuration", "bert", {}),
        ("configuration", "schedule", ["warm-up"]),
        ("configuration", "group_by_length", [1]),
        ("configuration", "most_sentences", "all"),
        ("configuration", "embeddings", "glove.txt"),  # and no coverage
    ],
)
def test_a_record_that_lacks_a_part_is_left_out_and_named_with_it(
    tmp_path, records, part, key, value
):
    expected = [*records[:3], *records[4:]]
    records[3] = copy.deepcopy(records[3])
    records[3][part][key] = value
    folder = write(records, tmp_path / "records")
    found, (line,) = load_records(folder)
    assert found == expected
    assert re.search(rf"3\.json' .*left out: ({part}|dataset|all)", line)


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"null",
            b"3",
            b"[]",
            b'"x"',
            b"\xff\xfe{}",
            b"{",
            b"[" * 100_000,
        ),
        b'{"configuration": {"backbone": []}, "error": "x", "results": {}}',
    ],
    ids=range(9),
)
def test_what_is_no_record_stops_no_report(tmp_path, records, content, capsys):
    folder = write(records, tmp_path / "records")
    output = tmp_path / "R.md"
    report(folder, output, is_drawing=False)
    expected = output.read_bytes()
    (folder / "foreign.json").write_bytes(content)
    os.mkfifo(folder / "pipe.json")
    report(folder, output, is_drawing=False)
    assert output.read_bytes() == expected
    lines = capsys.readouterr().err.splitlines()
    assert ["foreign.json" in lines[0], "pipe.json" in lines[1]] == [True] * 2
    assert len(lines) == 2


@pytest.mark.parametrize("value", [None, "x", True])
def test_a_measure_that_a_record_lacks_is_missing(tmp_path, records, value):
    for record in records[:3]:
        record["results"]["test_calibration_error"] = value
    del records[3]["results"]["oracle_test_error"]
    records[4]["results"]["of another version"] = 3
    found, skipped = load_records(write(records, tmp_path / "records"))
    assert (found, skipped) == (records, [])
    rows = rows_of(TABLES["2"], results_of(TABLES["2"], found))
    word, amp = (row_of(rows, **cell_of(m)) for m in ("word", "word-amp"))
    assert np.isnan(word["calibration"])
    assert amp["calibration"] == 5.0
    assert amp["seeds"] == 3
    assert amp["oracle"] == pytest.approx(np.mean([10.0, 9.5]))


def command(folder, *arguments, **options):
    """Starts `report` on a folder of records, as a shell does."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "training", "report", "--no-figures"),
            *("--records-dir", str(folder), *map(str, arguments)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_folder_to_write_into_is_refused_before_anything_is_read(tmp_path):
    with command(tmp_path / "none", "--output", tmp_path) as process:
        out, err = process.communicate()
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert f"--output: '{tmp_path}' is no file" in err
    assert f"such as '{tmp_path / 'RESULTS.md'}'" in err


@pytest.mark.parametrize(
    "unbuffered", ["", pytest.param("1", marks=pytest.mark.slow)]
)
def test_who_reads_no_more_is_told_no_more(tmp_path, records, unbuffered):
    folder = write(records, tmp_path / "records")
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    output = ("--output", tmp_path / "RESULTS.md")
    with command(folder, *output, env=environment) as process:
        process.stdout.close()
        said = process.stderr.read()
    # TensorFlow may say something of its own.
    assert not {"error", "Error", "Exception"} & {*re.findall(r"\w+", said)}
    assert process.returncode == 1
    assert (tmp_path / "RESULTS.md").is_file()


def test_a_pipe_of_others_that_breaks_is_an_error(monkeypatch, capsys):
    def breaks(*arguments):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("training.report.write_report.report", breaks)
    monkeypatch.setattr(sys, "argv", ["training", "report"])
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 2
    assert "Broken pipe" in capsys.readouterr().err


def test_report_writes_tables_and_figures_and_says_what_is_missing(
    tmp_path, records
):
    folder = write([*all_records(), records[-1]], tmp_path / "records")
    output = tmp_path / "docs" / "RESULTS.md"
    written = report(folder, output, is_drawing=True)
    names = {path.name for path in written}
    assert names >= {
        "RESULTS.md",
        "table_2.csv",
        "what_matters.csv",
        "few_labels.csv",
        "learning_curves.png",
        "error_by_share.png",
        "figure_2.png",
        "what_matters.png",
    }
    assert all(path.stat().st_size > 300 for path in written[:-1])
    text = output.read_text()
    assert "### CNN, TREC" in text
    assert "| 10% | WordAMP | 2 |" in text
    # Those of 5 % are what-matters' runs too, one of 100 % is Table 2's.
    assert "Missing, not run: 4%, 15%, 20%, 40%, 80%." in text
    assert "BERT: TREC, SST-1, SST-2, SUBJ, MR." in text
    assert "- trec cnn sent seed 0: `ValueError: no`" in text
    assert "(results/figure_2.png)" in text
    assert "- Does re-weighting add to it? CNN, words mixed: " in text
    begun = "| pretrained encoder, mean of the pieces | "
    assert text.count("With 5 % of TREC's labels (2 subsets)") == 1
    assert text.count(begun) == 1
    assert "`bert_base_en_uncased`, pooled by mean, 1" in text
    csv = pd.read_csv(output.parent / "results" / "table_2.csv")
    assert len(csv) == len(TABLES["2"].cells())
    # Once more, without figures, from records in the same folder.
    again = tmp_path / "again" / "RESULTS.md"
    written = report(folder, again, is_drawing=False)
    assert not any(path.suffix == ".png" for path in written)
    assert again.read_bytes() == output.read_bytes()


def test_a_readme_is_left_as_it_is_where_no_advice_follows(
    tmp_path, records, capsys
):
    folder = write(records, tmp_path / "records")
    readme = tmp_path / "README.md"
    readme.write_text("<!-- advice -->\n- Mix.\n<!-- end of advice -->\n")
    written = report(folder, tmp_path / "RESULTS.md", False, readme)
    assert readme not in written
    assert "- Mix." in readme.read_text()
    told = " ".join(capsys.readouterr().err.split())
    assert "no advice follows from these records" in told


def test_a_lone_row_is_shown_and_the_rows_it_lacks_are_named(tmp_path):
    cell = {
        "backbone": "cnn",
        "share": 0.05,
        "dataset": "trec",
        "variant": "none",
    }
    records = [record_of("recipe", cell, seed, 12.5) for seed in (0, 1)]
    folder = write(records, tmp_path / "records")
    report(folder, tmp_path / "RESULTS.md", is_drawing=False)
    text = (tmp_path / "RESULTS.md").read_text("utf-8")
    _, _, recipe = text.partition("## A recipe")
    block, _, _ = recipe.partition("\n## ")
    assert "| no mixup | 2 | 12.5 ± 0.0 |" in block
    assert "| missing |" not in block
    assert (
        "Missing, not run: label smoothing 0.1; word, alpha 1; word, alpha 8; "
        "WordAMP; word-amp, epsilon 0.02; sent, alpha 1; sent, alpha 8; "
        "SentAMP."
    ) in block
    assert "Missing, not run: CNN: 5% SST-2, 5% SUBJ, 5% MR, 20% TREC," in block


def test_figures_tell_backbones_apart():
    variants = TABLES["what-matters"].axes["variant"]
    cells = {
        ("cnn", "mixup"): 10.0,
        ("cnn", "amp"): 12.0,
        ("cnn", "epsilon=0.5"): 11.0,
        ("bilstm", "mixup"): 10.0,
        ("bilstm", "amp"): 11.0,
        ("bilstm", "epsilon=0.5"): 7.0,
    }
    assert {variant for _, variant in cells} <= set(variants)
    records = [
        record_of(
            "what-matters",
            {"backbone": backbone, "place": "word", "variant": variant},
            seed,
            error + seed,
        )
        for (backbone, variant), error in cells.items()
        for seed in range(2)
    ]
    results = results_of(TABLES["what-matters"], records)
    rows = rows_of(TABLES["what-matters"], results)
    first, second = FIGURES["what_matters.png"].draw(results, rows).axes
    assert first.get_title() == "CNN, words mixed"
    assert second.get_title() == "BiLSTM, words mixed"
    names = [one.get_text() for one in first.get_yticklabels()]
    shown = {
        (panel, names[round(height)].split()[0], round(float(mean), 6))
        for panel in (first, second)
        for mean, height in panel.containers[0][0].get_xydata()
    }
    assert shown == {
        (first, "amp", 2.0),
        (first, "epsilon=0.5", 1.0),
        (second, "amp", 1.0),
        (second, "epsilon=0.5", -3.0),
    }
    results["method"] = "word"
    along = FIGURES["figure_2.png"].draw(results, rows)
    panels = [panel for panel in along.axes if panel.get_ylabel()]
    assert [panel.get_ylabel().split("\n")[0] for panel in panels] == [
        "CNN, words mixed",
        "CNN, sentences mixed",
        "BiLSTM, words mixed",
        "BiLSTM, sentences mixed",
    ]
    plt.close("all")


def test_figures_show_what_is_had_without_mixing():
    few = {"backbone": "cnn", "share": 0.1, "method": "word"}
    records = [
        record_of("3", few, 0, 20.0),
        record_of("3", few | {"share": 0.05}, 0, 30.0),
        record_of("3", few | {"method": "none"}, 0, 25.0),
        record_of("5", cell_of("word") | {"alpha": 0.5}, 0, 9.0),
        record_of("5", cell_of("word") | {"alpha": 1.0}, 0, 8.0),
        *(
            record_of("2", cell_of("none", dataset), seed, 6.0 + seed)
            for dataset in ("trec", "subj")
            for seed in range(3)
        ),
    ]
    results = {name: results_of(TABLES[name], records) for name in "25"}

    share = FIGURES["error_by_share.png"]
    (panel,) = share.draw(results_of(TABLES["3"], records), None).axes
    shown = {
        bars.get_label(): bars[0].get_xydata()[:, 1].tolist()
        for bars in panel.containers
    }
    # With all labels, seed 0's is a run of Table 2.
    assert shown == {"no mixup": [25.0, 6.0], "WordMixup": [30.0, 20.0]}

    alpha = FIGURES["error_by_alpha.png"]
    runs = with_unmixed(results["5"], results[alpha.unmixed])
    (panel,) = alpha.draw(runs, None).axes
    assert panel.get_title() == "CNN, TREC"
    (level,) = (one for one in panel.lines if one.get_label() == "no mixup")
    assert level.get_ydata() == [7.0, 7.0]
    assert panel.get_xticks().tolist() == [0.5, 1.0]
    plt.close("all")

    nothing = results["2"][:0]
    assert with_unmixed(results["5"], nothing) is results["5"]


def test_report_says_what_is_wrong(tmp_path):
    output = tmp_path / "RESULTS.md"
    with pytest.raises(FileNotFoundError, match="no records in"):
        report(tmp_path / "none", output, is_drawing=False)
    folder = write([{"not": "a record"}], tmp_path / "records")
    with pytest.raises(FileNotFoundError, match=r"0\.json' is no record"):
        report(folder, output, is_drawing=False)
    assert not output.exists()


def test_load_records_are_in_order(tmp_path, records):
    folder = write(records, tmp_path / "records")
    assert load_records(folder) == (records, [])


def test_errors_of_failed_runs_are_no_markdown(records):
    error = "`ValueError`: [no](x)\n# \x1b[1mB\n"
    text = failures([records[-1] | {"error": error}])
    assert text.endswith(
        r"seed 0: `'ValueError': [no](x)\n# \x1b[1mB\n`" + "\n"
    )


def test_reliability_is_that_of_all_runs_together(tmp_path):
    def of_seed(seed, accuracy, count):
        cell = {"place": "sent", "variant": "mixup"}
        record = record_of("knobs", cell, seed, 20.0)
        record["results"]["reliability"] = {
            "confidence": [0.0, 0.5, 0.9],
            "accuracy": [0.0, *accuracy],
            "count": [0.0, *count],
        }
        return record

    records = [
        of_seed(0, [0.5, 0.7], [10.0, 30.0]),
        of_seed(1, [0.1, 0.9], [30.0, 30.0]),
    ]
    drawn = FIGURES["reliability.png"]
    results = results_of(TABLES["knobs"], records)
    (panel,) = drawn.draw(results, None).axes
    points = panel.collections[0].get_offsets()
    np.testing.assert_allclose(points, [[0.5, 0.2], [0.9, 0.8]])
    # 40 answers that are off by 0.3, and 60 by 0.1.
    assert panel.get_title().endswith("\n18.0 %")
    plt.close("all")

    # There is a figure where a record has bins, of these records alone.
    none = record_of("knobs", {"place": "sent", "variant": "fold"}, 0, 20.0)
    folder = write([none], tmp_path / "without")
    names = {one.name for one in report(folder, tmp_path / "a" / "a.md", True)}
    assert "reliability.png" not in names
    folder = write([none, *records], tmp_path / "with")
    names = {one.name for one in report(folder, tmp_path / "b" / "b.md", True)}
    assert "reliability.png" in names
