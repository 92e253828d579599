#!/usr/bin/env python3
"""Asks a running engine serve the questions of lm-evaluation-harness, by the harness itself, and compares the answers.

    lm_eval_serve.py --url http://127.0.0.1:8080 --tokenizer FOLDER --data-dir DATA --limit 200 --out answers.jsonl
    lm_eval_serve.py ... --against F.jsonl

The harness (lm-eval 0.4.13, its tasks, prompts, tokenisation, requests and scoring) is what is installed; only the loading of
data is replaced, by the records of DATA/TASK/*.jsonl in file order, and libraries that it imports but does not need here may be
missing. --against names what 'engine eval zero-shot --samples' wrote, or a file of the same form: the choices must be the same
except where the two best differ by less than the tolerance, and no log-likelihood may differ by more. With --concurrent above 1
requests come together, with --batch above 1 each carries several prompts.
"""
import argparse
import gzip
import importlib.util
import json
import os
import sys
import time
import types
import unittest.mock
import urllib.request

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("OPENAI_API_KEY", "none")

TASKS = {
    "boolq": ("aps/super_glue", "boolq", "validation"),
    "piqa": ("baber/piqa", None, "validation"),
    "hellaswag": ("Rowan/hellaswag", None, "validation"),
    "winogrande": ("allenai/winogrande", "winogrande_xl", "validation"),
    "arc_easy": ("allenai/ai2_arc", "ARC-Easy", "test"),
    "arc_challenge": ("allenai/ai2_arc", "ARC-Challenge", "test"),
    "openbookqa": ("allenai/openbookqa", "main", "test"),
}
# Imported by the harness for tasks and outputs that are not used here.
NOT_NEEDED = ["evaluate", "rouge_score", "pytablewriter", "sqlitedict", "word2number", "sacrebleu", "sklearn", "jsonlines"]


def leave_out_what_is_missing():
    for name in NOT_NEEDED:
        if importlib.util.find_spec(name) is None:
            module = types.ModuleType(name)
            module.__path__ = []
            module.__getattr__ = lambda attribute: unittest.mock.MagicMock()
            sys.modules[name] = module


def field_names(task, record):
    """A record as the harness' data sets have it."""
    if task == "boolq":
        return {**record, "label": int(record["answer"]), "idx": 0}
    if task in ("arc_easy", "arc_challenge", "openbookqa"):
        question = record["question"]
        choices = {key: [choice[key] for choice in question["choices"]] for key in ("text", "label")}
        stem = "question_stem" if task == "openbookqa" else "question"
        return {stem: question["stem"], "choices": choices, "answerKey": record["answerKey"]}
    if task == "hellaswag":
        return {**record, "label": str(record["label"])}
    return record


def replace_loading(data_dir, limit):
    import datasets

    def load(path, name=None, **_):
        task, split = next((t, s) for t, (p, n, s) in TASKS.items() if (p, n) == (path, name))
        with open(os.path.join(data_dir, task, split + ".jsonl"), encoding="utf-8") as lines:
            records = [field_names(task, json.loads(line)) for _, line in zip(range(limit), lines)]
        asked = datasets.Dataset.from_list(records)
        # Others are looked at, but without examples in the prompt nothing is read of them.
        return datasets.DatasetDict({name: asked for name in ("train", "validation", "test")})

    datasets.load_dataset = load


def served_model(url):
    with urllib.request.urlopen(url + "/v1/models") as answer:
        return json.load(answer)["data"][0]


def evaluate(arguments):
    leave_out_what_is_missing()
    replace_loading(arguments.data_dir, arguments.limit)
    import lm_eval

    model = served_model(arguments.url)
    return lm_eval.simple_evaluate(
        model="local-completions",
        model_args={
            "model": model["id"],
            "base_url": arguments.url + "/v1/completions",
            "tokenizer": arguments.tokenizer,
            "tokenizer_backend": "huggingface",
            "max_length": model["max_model_len"],
            "num_concurrent": arguments.concurrent,
            "batch_size": arguments.batch,
            "timeout": 3600,
        },
        tasks=arguments.tasks.split(","),
        num_fewshot=0,
        limit=arguments.limit,
        bootstrap_iters=0,
        log_samples=True,
    )


def answers(results):
    for task, samples in results["samples"].items():
        for sample in sorted(samples, key=lambda sample: sample["doc_id"]):
            yield {
                "task": task,
                "index": sample["doc_id"],
                "logprobs": [response[0] for response in sample["filtered_resps"]],
                "acc": sample["acc"],
            }


def read_lines(path):
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield (record["task"], record["index"]), record.get("logprobs", record.get("ll"))


def compare(given, path, tolerance):
    """Prints what differs; returns whether anything does beyond the tolerance."""
    expected = dict(read_lines(path))
    furthest, flipped, missing, near = 0, [], 0, []
    for answer in given:
        key = (answer["task"], answer["index"])
        if key not in expected:
            missing += 1
            continue
        other = expected[key]
        furthest = max(furthest, *(abs(a - b) for a, b in zip(answer["logprobs"], other)))
        if argmax(answer["logprobs"]) != argmax(other):
            first, second = sorted(other, reverse=True)[:2]
            (near if first - second <= tolerance else flipped).append(key)
    print(f"{len(given)} questions, furthest log-likelihood {furthest:.2e}, other choices {flipped or 'none'}, "
          f"within the tolerance of each other {near or 'none'}, not found {missing}")
    return furthest > tolerance or bool(flipped) or missing > 0


def argmax(values):
    return max(range(len(values)), key=values.__getitem__)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--tokenizer", required=True, help="folder of the model's tokenizer")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--concurrent", type=int, default=1)
    parser.add_argument("--out")
    parser.add_argument("--against")
    parser.add_argument("--tolerance", type=float, default=5e-3)
    arguments = parser.parse_args()
    start = time.monotonic()
    results = evaluate(arguments)
    print(f"{time.monotonic() - start:.1f} s")
    for task, figures in results["results"].items():
        print(task, {name: round(value, 6) for name, value in figures.items() if isinstance(value, float)})
    given = list(answers(results))
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(answer) + "\n" for answer in given)
    if arguments.against and compare(given, arguments.against, arguments.tolerance):
        sys.exit(1)


if __name__ == "__main__":
    main()
