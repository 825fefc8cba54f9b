"""Grids of experiments: what is run, what is done, what was lost."""

import concurrent.futures
import contextlib
import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import tests.training.grid.demo_table  # noqa: F401 (registers its table)
from training.__main__ import main
from training.arrays import read_arrays, write_arrays
from training.grid import processes
from training.grid.execute import execute
from training.grid.grid_options import GridOptions
from training.grid.on_ray import run_on_ray
from training.grid.processes import run_in_processes
from training.grid.run_all import outcome
from training.grid.run_grid import run_grid
from training.grid.runs import Clock, runs_of
from training.options.configuration import configuration, key_of
from training.options.train_options import TrainOptions
from training.run.checkpoint import checkpoint_path
from training.run.record import rounded
from training.tables import TABLES

HERE = Path(__file__).parents[3]
QUICK = {"steps": 4, "steps_per_evaluation": 2, "batch_size": 16}
# Long enough to be interrupted on the way.
LONG = {"steps": 48, "steps_per_evaluation": 4, "batch_size": 8}


@pytest.fixture
def grid(tmp_path):
    return GridOptions(
        "demo",
        variants=("good",),
        seeds=1,
        records_dir=tmp_path / "records",
        work_dir=tmp_path / "work",
        processes=2,
        **QUICK,
    )


def records_in(grid):
    return {
        path.name: json.loads(path.read_text())
        for path in grid.records_dir.glob("*.json")
    }


def test_a_finished_grid_costs_nothing_and_more_seeds_only_themselves(
    grid, capsys
):
    grid = dataclasses.replace(grid, processes=1)
    assert run_grid(grid) == 0
    out = capsys.readouterr().out
    assert "2/2 demo-cnn-word-amp seed 0: test error" in out
    # Not into the documented results.
    assert f"report --records-dir {grid.records_dir} --output " in out
    first = records_in(grid)
    assert len(first) == 2
    for record in first.values():
        assert record["curves"]["step"] == [2, 4]
        assert 0 <= record["results"]["test_calibration_error"] <= 100
    assert run_grid(grid) == 0
    assert "2 done, 0 failed, 0 to do" in capsys.readouterr().out
    assert records_in(grid) == first
    assert run_grid(dataclasses.replace(grid, seeds=2)) == 0
    assert "4 runs: 2 done, 0 failed, 2 to do" in capsys.readouterr().out
    assert first.items() < records_in(grid).items()
    assert list(grid.work_dir.rglob(".unfinished*")) == []


def test_a_failure_is_a_record_and_stays_one_until_asked(grid, capsys):
    grid = dataclasses.replace(grid, variants=("broken",), methods=("word",))
    assert run_grid(grid) == 1
    (record,) = records_in(grid).values()
    assert "there is no file 'no-such-file.txt'" in record["error"]
    assert "load_vectors" in record["traceback"]
    assert run_grid(grid) == 0
    out = capsys.readouterr().out
    assert "0 done, 1 failed, 0 to do" in out
    assert "--retry-failed" in out
    assert run_grid(dataclasses.replace(grid, retry_failed=True)) == 1
    assert "0 done, 1 failed, 1 to do" in capsys.readouterr().out


def test_the_help_names_the_tables_of_each_axis(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["training", "table", "--help"])
    with pytest.raises(SystemExit):
        main()
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for name in ("share", "alpha", "place", "variant", "noise"):
        about = told.partition(f" --{name}s ")[2].partition(" --")[0]
        for table in TABLES.values():
            if name in table.axes and table.name != "demo":
                assert table.name in about, name


def test_a_dry_run_says_what_is_done_and_how_long_the_rest_takes(grid, capsys):
    runs = runs_of(grid)
    done = {
        "configuration": configuration(runs[0].options),
        "results": {"seconds": 40.0, "test_error": 12.3},
    }
    grid.records_dir.mkdir()
    runs[0].path.write_text(json.dumps(done))
    assert run_grid(dataclasses.replace(grid, dry_run=True)) == 0
    out = capsys.readouterr().out
    assert "test error 12.3 % in 40 s" in out
    assert out.count("to do") == 2
    assert "Time left: 0:00:20" in out  # 40 s on 2 processes
    assert list(grid.records_dir.iterdir()) == [runs[0].path]
    # A damaged record is none.
    runs[0].path.write_text("{")
    run_grid(dataclasses.replace(grid, dry_run=True))
    unknown = "Time left: nothing is known of cnn until a run has ended"
    assert unknown in capsys.readouterr().out


def test_a_dry_run_needs_no_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    grid = GridOptions("2", datasets=("mr",), seeds=1, dry_run=True)
    assert run_grid(grid) == 0
    out = capsys.readouterr().out
    assert "mr-cnn-vectors-word-amp seed 0" in out
    assert "30 runs: 0 done, 0 failed, 30 to do" in out
    assert "A run wants data/rt-polarity.all: --data-dir" in out
    assert "A run wants --embeddings FILE, word vectors" in out
    assert "A run wants the encoder of --bert bert_base_en_uncased" in out
    assert list(tmp_path.iterdir()) == []
    # What is there, or not for these runs, is not asked for.
    (tmp_path / "rt-polarity.all").touch()
    (tmp_path / "vectors.txt").touch()
    there = dataclasses.replace(
        grid,
        backbones=("cnn-vectors",),
        data_dir=tmp_path,
        embeddings=tmp_path / "vectors.txt",
    )
    run_grid(there)
    assert "wants" not in capsys.readouterr().out
    gone = {"embeddings": Path("gone.txt"), "data_dir": Path("gone")}
    run_grid(dataclasses.replace(there, **gone, download=True))
    out = capsys.readouterr().out
    assert "A run wants gone.txt, of --embeddings" in out
    assert out.count("wants") == 1
    bert = {"backbones": ("bert",), "vocabulary": Path("gone/vocab.txt")}
    run_grid(dataclasses.replace(there, **bert, bert="tiny"))
    out = capsys.readouterr().out
    assert "A run wants gone/vocab.txt, of --vocabulary" in out
    assert out.count("wants") == 1


def test_ones_own_records_are_not_among_those_of_the_documentation(
    capsys, tmp_path, monkeypatch
):
    (tmp_path / "docs").symlink_to(Path(__file__).parents[3] / "docs")
    monkeypatch.chdir(tmp_path)
    command = {
        "table": "2",
        "backbones": ("cnn",),
        "datasets": ("trec",),
        "methods": ("word",),
        "seeds": 3,
        "steps": 1000,
        "learning_rate": 1e-3,
        "dry_run": True,
    }
    assert GridOptions("2").records_dir == Path("runs/tables")
    run_grid(GridOptions(**command))
    out = capsys.readouterr().out
    assert "3 to do" in out
    assert "3 of these are done in docs/results/records, with which" in out
    run_grid(GridOptions(**command, records_dir=Path("docs/results/records")))
    out = capsys.readouterr().out
    assert "3 done, 0 failed, 0 to do" in out
    assert "of these" not in out


def test_the_clock_knows_the_most_similar_runs_best():
    options = [
        TrainOptions.of(
            dataset=dataset, method="word", steps=100, group_by_length=grouped
        ).resolved()
        for dataset, grouped in [("trec", False), ("mr", False), ("mr", True)]
    ]
    records = [
        {"configuration": configuration(one), "results": {"seconds": seconds}}
        for one, seconds in zip(options, (100.0, 500.0, 50.0), strict=True)
    ]
    clock = Clock([*records, {"configuration": {}, "error": "x"}, None])

    def seconds(**fields):
        (run,) = runs_of(
            GridOptions("2", backbones=("cnn",), seeds=1, **fields)
        )
        return clock.seconds(run)

    same = {"methods": ("word",), "datasets": ("mr",)}
    assert seconds(**same, steps=200) == 1000
    assert seconds(**same, steps=100, group_by_length=True) == 50
    assert seconds(**same | {"methods": ("none",)}, steps=100) == 500
    assert seconds(**same | {"datasets": ("subj",)}, steps=100) == 300


def test_a_run_says_nothing_of_another_backbones_time():
    cnn, bert, other = (
        runs_of(GridOptions("3", backbones=(name,), seeds=1, bert=encoder))[0]
        for name, encoder in (
            ("cnn", "all-MiniLM-L6-v2"),
            ("bert", "all-MiniLM-L6-v2"),
            ("bert", "bert_base_en_uncased"),
        )
    )

    def clock(*runs):
        return Clock(
            {
                "configuration": configuration(run.options),
                "results": {"seconds": 60.0},
            }
            for run in runs
        )

    nothing = "nothing is known of bert until a run has ended"
    assert clock(cnn).seconds(bert) is None
    assert clock(cnn, other).seconds(bert) is None
    assert clock(cnn).left([bert], 1) == nothing
    assert clock(cnn).left([cnn, cnn], 2) == "0:01:00"
    assert clock(cnn).left([cnn, bert], 1) == f"0:01:00 and more: {nothing}"
    both = nothing.replace("bert", "bert, cnn")
    assert clock().left([cnn, bert], 1) == both
    assert clock().left([], 1) == "0:00:00"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"table": "9"}, "there is no table '9' among 2, 3"),
        ({"backbones": ("cnn",)}, "--backbones: table demo has none, but"),
        ({"methods": ("sent",)}, "has no 'sent', but 'word', 'word-amp'"),
        ({"seeds": 0}, "--seeds must be above 0, not 0"),
        ({"first_seed": -1}, "--first-seed must be 0 or more, not -1"),
        ({"processes": 0}, "--processes must be above 0, not 0"),
        ({"threads": 0}, "--threads must be above 0, not 0"),
        ({"retries": -1}, "--retries must be 0 or more, not -1"),
        ({"ray": "local", "ray_address": "auto"}, "exclude each other"),
        ({"steps": 0}, "--steps must be above 0, not 0"),
        ({"table": "2", "variants": ()}, "need --embeddings FILE"),
    ],
)
def test_what_cannot_be_run_is_refused(grid, fields, message):
    with pytest.raises(ValueError, match=message):
        run_grid(dataclasses.replace(grid, **fields))
    assert not grid.records_dir.exists()


def test_the_command_shows_a_table_and_refuses_in_one_line(monkeypatch, capsys):
    command = ["training", "table", "2", "--backbones", "cnn", "--dry-run"]
    part = ["--datasets", "trec", "subj", "--seeds", "3", "--steps", "3000"]
    monkeypatch.setattr(sys, "argv", [*command, *part])
    main()
    out = capsys.readouterr().out
    assert "36 runs:" in out
    assert "subj-cnn-nonlinear seed 2" in out
    monkeypatch.setattr(sys, "argv", ["training", "table", "9"])
    with pytest.raises(SystemExit) as exit:
        main()
    assert exit.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", [n for n in TABLES if n != "demo"])
def test_every_cell_of_the_paper_is_a_run(name, tmp_path):
    grid = GridOptions(name, embeddings=tmp_path / "vectors.txt", seeds=2)
    runs = runs_of(grid)
    table = TABLES[name]
    assert set(table.published) <= {
        tuple(map(str, cell.values())) for cell in table.cells()
    }
    for cell in table.cells():
        other = table.against(cell)
        assert other is None or set(other) == set(cell)
    assert len({run.path for run in runs}) == len(runs)
    # Cells that are the same run are run once: some of table 4, those of knobs
    # that mix nothing, wherever, and both kinds of wrong labels of two classes.
    cells, same = 2 * len(table.cells()), {"4": 6, "knobs": 4}
    same["wrong-labels"] = 88
    assert len(runs) == cells - same.get(name, 0)
    assert all(str(run.options.where.data_dir) == "data" for run in runs)


def test_what_a_grid_asks_for_all_its_runs_are_trained_by():
    asked = {
        "batch_size": 7,
        "group_by_length": True,
        "learning_rate": 0.5,
        "schedule": "warm-up",
        "steps": 3,
    }
    (run,) = runs_of(
        GridOptions("2", ("cnn",), ("trec",), ("none",), seeds=1, **asked)
    )
    assert asked.items() <= vars(run.options.optimisation).items()


def test_seeds_may_begin_at_fresh_ones():
    runs = runs_of(
        GridOptions("2", ("cnn",), ("trec",), ("none",), seeds=3, first_seed=10)
    )
    assert [run.options.optimisation.seed for run in runs] == [10, 11, 12]


def test_seeds_split_cross_validated_data_and_draw_subsets():
    fields = TABLES["2"].fields(
        {"backbone": "cnn", "method": "word", "dataset": "mr"}, 12
    )
    found = (fields["seed"], fields["split_seed"], fields["fold"])
    assert found == (12, 1, 2)
    cell = {"backbone": "bert", "share": 0.03, "method": "sent"}
    fields = TABLES["3"].fields(cell, 4)
    assert (fields["split_seed"], fields["subset_seed"]) == (4, 4)


def test_a_key_is_of_what_is_computed_not_of_where(tmp_path):
    options = TrainOptions.of(dataset="trec", embeddings="/a/b/vectors.txt")
    moved = options.with_fields(
        data_dir=tmp_path,
        embeddings="elsewhere/vectors.txt",
        records_dir=tmp_path,
        models_dir=tmp_path,
        resume=True,
    )
    assert key_of(options.resolved()) == key_of(moved.resolved())
    assert "/" not in json.dumps(configuration(moved.resolved()))
    for change in ({"seed": 1}, {"epsilon": 0.0}, {"min_op": False}):
        other = options.with_fields(**change)
        assert key_of(other.resolved()) != key_of(options.resolved())


def test_a_loss_that_is_not_finite_is_a_failure(grid, monkeypatch):
    (run,) = runs_of(dataclasses.replace(grid, methods=("word",)))
    options = run.options.with_fields(learning_rate=1e30)
    # The threads of this process are as they are.
    monkeypatch.setattr(
        "training.grid.execute._prepare_process", lambda threads: None
    )
    record = execute(options, threads=1)
    assert record["error"].startswith("FloatingPointError: the loss became")
    assert "a lower --learning-rate may help" in record["error"]


@pytest.mark.parametrize("is_of_others", [False, True])
def test_a_run_whose_checkpoint_is_damaged_starts_anew(
    grid, monkeypatch, is_of_others
):
    (run,) = runs_of(dataclasses.replace(grid, methods=("word",)))
    monkeypatch.setattr(
        "training.grid.execute._prepare_process", lambda threads: None
    )
    expected = execute(run.options, threads=1)
    path = checkpoint_path(run.options)
    if is_of_others:
        write_arrays(path, read_arrays(path) | {"texts": "others"})
    else:
        path.write_bytes(path.read_bytes()[:-100])
    record = execute(run.options, threads=1)
    assert str(path) in record["started_anew"]
    assert "started_anew" not in expected
    assert record["curves"] == expected["curves"]
    assert "test error" in outcome(record)
    assert "; started anew: --resume: the checkpoint" in outcome(record)


def test_a_checkpoint_stays_until_the_record_is_kept(grid):
    (run,) = runs_of(dataclasses.replace(grid, methods=("word",)))
    runs = run_in_processes([run], 1, 1, retries=0)
    _, first = next(runs)
    runs.close()
    assert checkpoint_path(run.options).is_file()
    ((_, again),) = run_in_processes([run], 1, 1, retries=0)
    assert again["curves"] == first["curves"]
    assert not checkpoint_path(run.options).exists()


@pytest.mark.parametrize("option", ["records_dir", "work_dir"])
def test_a_folder_that_cannot_be_written_into_is_refused_first(
    grid, tmp_path, option
):
    (tmp_path / "file").touch()
    grid = dataclasses.replace(grid, **{option: tmp_path / "file"})
    with pytest.raises(OSError, match="file"):
        run_grid(grid)


def test_a_record_that_is_no_file_is_refused_first(grid):
    runs_of(grid)[1].path.mkdir(parents=True)
    with pytest.raises(OSError, match="is no file, so no record of a run"):
        run_grid(grid)
    assert not grid.work_dir.exists()


def test_numbers_of_records_are_short():
    assert rounded({"a": [1 / 3, 12345678.9], "b": 7, "c": "x"}) == {
        "a": [0.333333, 12345700.0],
        "b": 7,
        "c": "x",
    }


def once_evaluated(work_dir, kill, runs=1):
    """Calls `kill` when so many runs are under way; returns what it says."""
    killed = []

    def watch():
        for _ in range(10000):
            if len(list(work_dir.rglob(".unfinished-*.npz"))) >= runs:
                killed.append(kill())
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread, killed


def written_in(folder):
    """Dict from file to when it was written."""
    files = folder.rglob(".unfinished-*.npz")
    return {path: path.stat().st_mtime for path in files}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The curves of a long run that was left alone."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    fields = {"variants": ("good",), "methods": ("word-amp",), "seeds": 1}
    long = GridOptions(
        "demo", **fields, **LONG, records_dir=folder, work_dir=folder
    )
    ((_, record),) = run_in_processes(runs_of(long), 1, 1, retries=0)
    return record["curves"]


def test_a_run_whose_process_is_killed_goes_on(grid, uninterrupted):
    grid = dataclasses.replace(grid, methods=("word-amp",), **LONG)
    (run,) = runs_of(grid)

    def kill():
        (child,) = multiprocessing.active_children()
        child.kill()
        return child.pid

    thread, killed = once_evaluated(grid.work_dir, kill)
    ((_, record),) = run_in_processes([run], 1, 1, retries=1)
    thread.join()
    assert killed
    assert record["curves"] == uninterrupted


def lose_both_at_once(options, threads):
    """Is killed when another runs too; when it begins again, it trains."""
    folder = options.where.records_dir
    begun = folder / f"{key_of(options)}.begun"
    if not begun.exists():
        begun.touch()
        while len(list(folder.glob("*.begun"))) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(options, threads)


def test_a_lost_process_does_not_take_its_neighbours_down(grid, monkeypatch):
    def wait_for_one(futures, **how):
        done, _ = concurrent.futures.wait(futures, **how)
        one = done.pop()
        return {one}, set(futures) - {one}

    # Often, but not always, the pool tells both runs before anyone looks.
    monkeypatch.setattr(processes, "wait", wait_for_one)
    monkeypatch.setattr(processes, "execute_quietly", lose_both_at_once)
    grid.work_dir.mkdir()
    runs = runs_of(dataclasses.replace(grid, methods=("word-amp",), seeds=2))
    records = [record for _, record in run_in_processes(runs, 2, 1, retries=0)]
    assert len(list(grid.work_dir.glob("*.begun"))) == 2
    assert [record.get("error") for record in records] == [None, None]


# Loses a process while a record is kept, and stops before the last run.
LOSE_AND_STOP = """
import multiprocessing
import sys
import time
from pathlib import Path

from training.grid.processes import run_in_processes
from training.grid.runs import Run
from training.options.train_options import TrainOptions

asked = TrainOptions.of(
    backbone="cnn", method="none", steps=4, steps_per_evaluation=2,
    records_dir=Path(sys.argv[1]),
)
runs = [
    Run(asked.with_fields(seed=seed).resolved(), Path(str(seed)))
    for seed in range(4)
]
ended = run_in_processes(runs, 2, 1, retries=1)
kept = [next(ended)]
multiprocessing.active_children()[0].kill()
while multiprocessing.active_children():
    time.sleep(0.02)
kept += [next(ended), next(ended)]
ended.close()
assert not multiprocessing.active_children()
assert not any("error" in record for _, record in kept)
print(len({run.path for run, _ in kept}), "kept")
"""


def test_who_has_lost_a_process_goes_on_and_can_stop(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", LOSE_AND_STOP, tmp_path],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=300)
    finally:
        with contextlib.suppress(ProcessLookupError):  # All have ended.
            os.killpg(process.pid, signal.SIGKILL)
    assert out == "3 kept\n", err


def test_a_run_whose_process_is_always_lost_is_a_failure(grid):
    grid = dataclasses.replace(grid, methods=("word-amp",))

    def kill():
        while not (children := multiprocessing.active_children()):
            time.sleep(0.02)
        children[0].kill()

    thread = threading.Thread(target=kill)
    thread.start()
    ((_, record),) = run_in_processes(runs_of(grid), 1, 1, retries=0)
    thread.join()
    assert "its process was lost 1 times" in record["error"]


def long_runs(grid, seeds):
    """The command of so many long runs, side by side."""
    fields = {
        "--variants": "good",
        "--methods": "word-amp",
        "--seeds": seeds,
        "--processes": "2",
        "--records-dir": grid.records_dir,
        "--work-dir": grid.work_dir,
        "--steps": LONG["steps"],
        "--steps-per-evaluation": LONG["steps_per_evaluation"],
        "--batch-size": LONG["batch_size"],
    }
    command = [sys.executable, "-m", "tests.training.grid.demo_table"]
    return command + [str(word) for pair in fields.items() for word in pair]


def test_a_grid_stopped_with_sigkill_goes_on(grid, uninterrupted):
    command = long_runs(grid, seeds=1)
    quiet = {"cwd": HERE, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as process:
        thread, killed = once_evaluated(
            grid.work_dir, lambda: process.send_signal(signal.SIGKILL)
        )
        thread.join()
        assert killed
        assert process.wait() == -signal.SIGKILL
    assert not records_in(grid)
    time.sleep(2)  # for its workers to notice
    states = written_in(grid.work_dir)
    time.sleep(2)
    assert states
    assert written_in(grid.work_dir) == states
    long = dataclasses.replace(grid, methods=("word-amp",), **LONG)
    assert run_grid(long) == 0
    (record,) = records_in(grid).values()
    assert record["curves"] == uninterrupted


def test_an_interrupt_of_the_parent_alone_loses_no_run(grid):
    # None ends before the other has begun, on a slow machine neither.
    command = [*long_runs(grid, seeds=2), "--steps", "4000"]
    process = subprocess.Popen(
        command,
        cwd=HERE,
        stdout=subprocess.DEVNULL,
        # What runs in the background may ignore it from the start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    thread, _ = once_evaluated(
        grid.work_dir, lambda: process.send_signal(signal.SIGINT), runs=2
    )
    thread.join()
    assert process.wait() == 130
    # Each run has its record or can go on.
    assert len(records_in(grid)) + len(written_in(grid.work_dir)) == 2


@pytest.mark.slow
def test_ray_brings_back_runs_whose_worker_is_killed(grid):
    runs = runs_of(dataclasses.replace(grid, **LONG))
    expected = {
        run.path: record["curves"]
        for run, record in run_in_processes(runs, 2, 1, retries=0)
    }

    def kill():
        workers = [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if b"ray::execute_there" in _read(path)
        ]
        os.kill(workers[0], signal.SIGKILL)
        return len(workers)

    thread, killed = once_evaluated(grid.work_dir, kill, runs=2)
    records = dict(run_on_ray(runs, "local", 2, 1, retries=2))
    thread.join()
    assert killed[0] > 1
    got = {run.path: record.get("curves") for run, record in records.items()}
    assert got == expected


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_ray_that_is_not_there_is_said_at_once(grid, address):
    with pytest.raises(ConnectionError, match="nothing answers at"):
        run_grid(dataclasses.replace(grid, ray_address=address))
    assert records_in(grid) == {}


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
