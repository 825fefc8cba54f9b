"""Sentences a second from an export, beside `transformers`; and a server.

    KERAS_AMP_MODELS=models python -m benchmarks.serving --data-dir data

The same classifier, an encoder with a dense layer, is exported and is built in
PyTorch with the same weights; both take texts and return probabilities, and
cut at the same length. Each has a process of its own; these take turns, on the
same texts, so that what else the machine does falls on all alike. The figures
that count are ratios: the median over rounds of one's texts a second by
another's of the same round. Then `docs/examples/serve.py` serves the export to
clients that each ask one text after another.
"""

import contextlib
import dataclasses
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tyro

from benchmarks.serving_worker import (
    EXPORT,
    GROUP_SIZE,
    MAX_LENGTH,
    PLAIN,
    SORTED,
)
from benchmarks.step_time_backends import ratio
from training.machine import environment, usable_cores
from training.run.record import rounded, write_record, write_text

RESULTS = Path(__file__).with_name("serving.json")
SERVER = Path(__file__).parents[1] / "docs" / "examples" / "serve.py"
ADDRESS = "/v1/models/questions:predict"
LEAST_A_ROUND = 64  # texts
KINDS = {
    EXPORT: "the export",
    PLAIN: "`transformers`",
    SORTED: "`transformers`, sorted by length",
}
HEADING = """# Served sentences a second

Written by `python -m benchmarks.serving`: TREC's test questions in,
probabilities out. Each round asks all the same texts in turn; "the export by
it" is the median ratio of the texts a second of the same round, quartiles in
brackets. "Sorted by length" is how one may ask `transformers` instead, as the
export does of itself."""


@dataclasses.dataclass
class Options:
    """Times an export beside `transformers`, and a server of the export."""

    data_dir: Path = Path("data")
    """Folder of the data sets' files."""
    encoder: str = "all-MiniLM-L6-v2"
    """Of the classifier: a name, or the path of a Hugging Face folder."""
    sizes: tuple[int, ...] = (1, 32, 256)
    """How many texts are asked at a time."""
    threads: tuple[int, ...] = tuple(sorted({1, usable_cores()}))
    """How many threads each may use."""
    rounds: int = 9
    """Timed rounds."""
    clients: int = 32
    """How many ask the server at the same time."""
    requests: int = 20
    """How many texts each of them asks, one after another."""
    output: Path = RESULTS
    """JSON file of the figures; a page is written beside it."""


class Worker:
    """A process of `benchmarks.serving_worker`."""

    def __init__(self, kind, folder, threads):
        program = [sys.executable, "-m", "benchmarks.serving_worker"]
        self.process = subprocess.Popen(
            [*program, kind, str(folder), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read("ready")

    def _read(self, expected=None):
        line = self.process.stdout.readline().strip()
        if not line or expected not in (None, line):
            raise RuntimeError(f"a worker ended: {self.process.args}")
        return json.loads(line) if expected is None else line

    def ask(self, line):
        """What it answers to a line."""
        print(line, file=self.process.stdin, flush=True)
        return self._read()

    def close(self):
        """Ends it."""
        with self.process:
            self.process.stdin.close()


def make(folder, texts, encoder):
    """Writes what the workers read, in a process of its own."""
    program = [sys.executable, "-m", "benchmarks.serving_worker"]
    subprocess.run(
        [*program, "make", str(folder), "0"],
        input=json.dumps({"texts": texts, "encoder": str(encoder)}),
        text=True,
        check=True,
    )


def measure(folder, sizes, threads, rounds):
    """List of a dict per size: `rates`, texts a second of kinds and rounds."""
    workers = {kind: Worker(kind, folder, threads) for kind in KINDS}
    measured = []
    for size in sizes:
        # Sorted, few are the same.
        kinds = [kind for kind in KINDS if kind != SORTED or size > GROUP_SIZE]
        count = max(size, LEAST_A_ROUND)
        rates = {kind: [] for kind in kinds}
        for number in range(rounds + 1):
            for kind in kinds:
                asked = f"{size} {number * count} {count}"
                seconds = workers[kind].ask(asked)
                if number:  # The first round warms up.
                    rates[kind].append(count / seconds)
        measured.append({"size": size, "threads": threads, "rates": rates})
    for worker in workers.values():
        worker.close()
    return measured


def answers(folder):
    """Dict from kind to the probabilities of all texts."""
    found = {}
    for kind in KINDS:
        worker = Worker(kind, folder, usable_cores())
        found[kind] = np.array(worker.ask("answers"))
        worker.close()
    return found


@contextlib.contextmanager
def served(model):
    """Port of a server of an export, in processes that end with the block.

    Raises:
        RuntimeError: If it ends before it serves.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryFile("w+") as said:
        server = subprocess.Popen(
            [sys.executable, str(SERVER), str(model), "--port", str(port)],
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            while not _is_healthy(port):
                if server.poll() is not None:
                    said.seek(0)
                    raise RuntimeError(f"no server: {said.read()}")
                time.sleep(0.2)
            yield port
        finally:
            # With the processes that it has started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def connected(port):
    """A connection to a server, to be used with `with`."""
    return contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    )


def _is_healthy(port):
    with connected(port) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False


def post(connection, body):
    """What a server answers.

    Raises:
        RuntimeError: If that is no answer but an error.
    """
    connection.request(
        "POST",
        ADDRESS,
        json.dumps(body),
        {"Content-Type": "application/json"},
    )
    response = connection.getresponse()
    text = response.read().decode()
    if response.status != 200:
        raise RuntimeError(f"{response.status}: {text}")
    return json.loads(text)


def ask_at_once(port, texts, clients, requests):
    """What a server answers many clients, and how long each has waited.

    Args:
        port: Int.
        texts: List of strings; each client begins elsewhere among them.
        clients, requests: Ints, how many clients and how often each asks.

    Returns:
        List of `(index, probabilities, seconds)`, one per request, where index
        is that of the text.
    """
    start_together = threading.Barrier(clients)

    def client(number):
        found = []
        with connected(port) as connection:
            start_together.wait()
            for request in range(requests):
                index = (number * requests + request) % len(texts)
                question = {"instances": [{"sentences": texts[index]}]}
                start = time.perf_counter()
                (answer,) = post(connection, question)["predictions"]
                seconds = time.perf_counter() - start
                found.append((index, answer["probabilities"], seconds))
        return found

    with ThreadPoolExecutor(clients) as pool:
        found = pool.map(client, range(clients))
        return [one for answers in found for one in answers]


def measure_server(folder, texts, expected, options):
    """Texts a second of a server, and the percentiles of its answers' times."""
    with served(folder / "1") as port:
        ask_at_once(port, texts, options.clients, 3)
        start = time.perf_counter()
        found = ask_at_once(port, texts, options.clients, options.requests)
        seconds = time.perf_counter() - start
    apart = [np.abs(expected[i] - one).max() for i, one, _ in found]
    waited = [1e3 * seconds for _, _, seconds in found]
    p50, p99 = np.percentile(waited, [50, 99]).tolist()
    return {
        "clients": options.clients,
        "requests": len(found),
        "texts_a_second": len(found) / seconds,
        "p50_ms": p50,
        "p99_ms": p99,
        "apart": float(max(apart)),
    }


def versions():
    """Dict from package to version."""
    from importlib.metadata import version

    names = ("tensorflow", "keras", "torch", "transformers", "litserve")
    return {name: version(name) for name in names}


def rate(values):
    """Median and quartiles, in words."""
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:.0f} ({low:.0f}–{high:.0f})"


def page(record):
    """The figures as a Markdown page."""
    packages = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    lines = [
        HEADING,
        "",
        f"{record['cpu']}, {record['environment']['cpus']} cores; {packages}. "
        f"A dense layer on {record['encoder']}, at most {record['max_length']} "
        f"word pieces; {record['rounds']} rounds. All answers of all texts are "
        f"within {record['apart']:.0e} of the export's.",
        "",
        "| at a time | threads | | texts a second | the export by it |",
        "|---|---|---|---|---|",
    ]
    for one in record["rates"]:
        ours = one["rates"][EXPORT]
        for kind, values in one["rates"].items():
            times = "" if kind == EXPORT else ratio(ours, values)
            cells = [one["size"], one["threads"], KINDS[kind], rate(values)]
            lines.append(f"| {' | '.join(map(str, [*cells, times]))} |")
    server = record["server"]
    lines += [
        "",
        f"`docs/examples/serve.py` on the same machine as its "
        f"{server['clients']} clients, one text a request: "
        f"{server['requests']} requests, none lost, each within "
        f"{server['apart']:.0e} of what the export answers to its text; "
        f"{server['texts_a_second']:.0f} a second. Half of them were answered "
        f"within {server['p50_ms']:.0f} ms, 99 of 100 within "
        f"{server['p99_ms']:.0f} ms.",
    ]
    return "\n".join(lines) + "\n"


def main():
    """Measures, prints and writes."""
    options = tyro.cli(Options, description=__doc__)
    from benchmarks.step_time import cpu_name
    from training.data.paper import load_paper

    texts = load_paper("trec", options.data_dir).test.texts
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        make(folder, texts, options.encoder)
        found = answers(folder)
        rates = [
            one
            for threads in options.threads
            for one in measure(folder, options.sizes, threads, options.rounds)
        ]
        server = measure_server(folder, texts, found[EXPORT], options)
    record = rounded(
        {
            "encoder": Path(options.encoder).name,
            "max_length": MAX_LENGTH,
            "rounds": options.rounds,
            "apart": max(
                float(np.abs(found[EXPORT] - one).max())
                for one in found.values()
            ),
            "rates": rates,
            "server": server,
            "cpu": cpu_name(),
            "environment": environment(),
            "versions": versions(),
        }
    )
    write_record(options.output, record)
    text = page(record)
    write_text(options.output.with_suffix(".md"), text)
    print(text)


if __name__ == "__main__":
    main()
