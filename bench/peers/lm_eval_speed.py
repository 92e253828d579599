#!/usr/bin/env python3
"""Times `engine eval zero-shot` beside lm-evaluation-harness with PyTorch, task by task in turns, and prints a Markdown table.

    lm_eval_speed.py MODEL --data-dir DATA --limit 200 --threads 2 --batch 8

Both read the same records of DATA/TASK/*.jsonl and compute in float32 on the same processor. The engine's time is that of the
whole command, start and loading of the model included; the harness' model and list of tasks are loaded once, before, and do not count.
Its requests are sorted by length and padded into batches of --batch, as it does by itself. --rounds repeats it all.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import lm_eval_serve as harness

ROOT = pathlib.Path(__file__).resolve().parents[2]


def engine(arguments, task):
    with tempfile.TemporaryDirectory() as folder:
        command = [str(ROOT / "tools/engine"), "eval", "zero-shot", arguments.model, "--data-dir", arguments.data_dir,
                   "--tasks", task, "--limit", str(arguments.limit), "--threads", str(arguments.threads),
                   "--samples", folder + "/answers.jsonl"]
        start = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - start


class Peer:
    """The harness with its model and its list of tasks."""

    def __init__(self, arguments):
        import torch
        from lm_eval.models.huggingface import HFLM
        from lm_eval.tasks import TaskManager

        torch.set_num_threads(arguments.threads)
        self.limit = arguments.limit
        self.model = HFLM(pretrained=arguments.model, dtype="float32", device="cpu", batch_size=arguments.batch)
        self.tasks = TaskManager()

    def evaluate(self, task):
        import lm_eval

        start = time.monotonic()
        lm_eval.simple_evaluate(model=self.model, tasks=[task], task_manager=self.tasks, num_fewshot=0, limit=self.limit,
                                bootstrap_iters=0)
        return time.monotonic() - start


def row(task, ours, theirs):
    ratios = [b / a for a, b in zip(ours, theirs)]
    return (f"| {task} | {statistics.median(ours):.1f} | {statistics.median(theirs):.1f} "
            f"| **{statistics.median(ratios):.2f}** | {min(ratios):.2f} – {max(ratios):.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of a checkpoint that both open")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--tasks", default=",".join(harness.TASKS))
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    tasks = arguments.tasks.split(",")
    harness.leave_out_what_is_missing()
    harness.replace_loading(arguments.data_dir, arguments.limit)
    peer = Peer(arguments)
    ours, theirs = {task: [] for task in tasks}, {task: [] for task in tasks}
    print("| task | engine, s | lm-eval, s | ratio | lowest and highest ratio |\n|---|--:|--:|--:|--:|", flush=True)
    for _ in range(arguments.rounds):
        for task in tasks:
            ours[task].append(engine(arguments, task))
            theirs[task].append(peer.evaluate(task))
            print(row(task, ours[task], theirs[task]), flush=True)
    together = [[sum(times) for times in zip(*seconds.values())] for seconds in (ours, theirs)]
    print(row("all", *together))


if __name__ == "__main__":
    main()
