"""Scores a preset on HyperQueue: a task for each chunk, each a `neartop worker` that reads its chunk and writes its part.

    python3 on_hyperqueue.py PRESET CHUNKS [SERVER_DIR]
    neartop merge PRESET parts/*.jsonl

Without SERVER_DIR, the directory of a running server (`hq server start`), a server and a worker are started here for as
long as it takes. Needs `pip install hyperqueue`. NEARTOP names the program, on a path that all workers have.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from hyperqueue import Client, Job
from hyperqueue.cluster import LocalCluster, WorkerConfig


def main():
    preset, chunks, server = sys.argv[1], sys.argv[2], sys.argv[3:]
    neartop = os.environ.get("NEARTOP", "neartop")
    listed = subprocess.run(
        [neartop, "worker", preset, "--list-chunks", chunks], check=True, stdout=subprocess.PIPE, text=True
    )
    # A chunk may take several lines.
    lines = {}
    for line in listed.stdout.splitlines():
        lines.setdefault(json.loads(line)["chunk"], []).append(line + "\n")
    parts = Path("parts").resolve()
    parts.mkdir(exist_ok=True)
    job = Job(max_fails=None, default_workdir=Path.cwd(), name="neartop")
    for number, chunk in lines.items():
        job.program(
            [neartop, "worker", preset, "--jobs", "1"],
            stdin="".join(chunk).encode(),
            stdout=parts / f"{number}.jsonl",
            stderr=parts / f"{number}.err",
        )
    if server:
        run(Client(server[0]), job)
    else:
        with LocalCluster(worker_config=WorkerConfig()) as cluster:
            run(cluster.client(), job)


def run(client, job):
    submitted = client.submit(job)
    client.wait_for_jobs([submitted])


if __name__ == "__main__":
    main()
