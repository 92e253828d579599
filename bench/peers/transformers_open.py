#!/usr/bin/env python3
"""Opens in Hugging Face's transformers what pruning leaves, and compares logits with those computed here: layers of different
widths, layers without attention or MLP, channels that heads do not divide.

    transformers_open.py MODEL...

Each MODEL is a folder that both open. A pruned model is opened with trust_remote_code, decoded with a cache, trained for a step, saved,
and opened again by both. Exits with 1 where logits differ by more than the tolerance or a parameter gets no gradient.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENS = 12
KINDS = {
    "widths": ["--ratio", "0.3", "--keep-last", "1", "--round", "1"],
    "branches": ["--ratio", "0.3", "--units", "attention,mlp", "--block-score", "units", "--keep-last", "0"],
    "channels": ["--ratio", "0.2", "--mode", "channel", "--keep-last", "0", "--round", "1"],
}


def engine(*arguments):
    return subprocess.run(
        [str(ROOT / "tools/engine"), *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def ours(model, ids, folder):
    out = folder / "logits.safetensors"
    engine("logits", model, "--ids", ",".join(map(str, ids)), "--out", out, "--force", "--backend", "reference")
    return load_file(out)["logits"]


def opened(folder):
    return AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True, dtype=torch.float32).eval()


def cached(model, ids):
    """Logits of all tokens, the second half of which comes one by one."""
    half = ids.shape[1] // 2
    step = model(ids[:, :half], use_cache=True)
    rows = [step.logits[0]]
    for i in range(half, ids.shape[1]):
        step = model(ids[:, i : i + 1], past_key_values=step.past_key_values, use_cache=True)
        rows.append(step.logits[0])
    return torch.cat(rows)


def difference(expected, actual):
    return ((expected - actual).abs().max() / expected.abs().max()).item()


def compare(model, options, folder, ids):
    pruned, saved = folder / "pruned", folder / "saved"
    engine("prune", model, "--criterion", "l2", "--keep-first", "0", "--out", pruned, "--force", *options)
    expected = ours(pruned, ids, folder)
    theirs = opened(pruned)
    tokens = torch.tensor([ids])
    with torch.no_grad():
        differences = [difference(expected, theirs(tokens).logits[0]), difference(expected, cached(theirs, tokens))]
    theirs(tokens, labels=tokens).loss.backward()
    trained = all(parameter.grad is not None for parameter in theirs.parameters())
    theirs.save_pretrained(saved)
    with torch.no_grad():
        differences.append(difference(expected, opened(saved)(tokens).logits[0]))
    differences.append(difference(expected, ours(saved, ids, folder)))
    return type(theirs).__name__, max(differences), trained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of logits, of the largest one")
    arguments = parser.parse_args()
    transformers.logging.disable_progress_bar()
    print(f"transformers {transformers.__version__}, PyTorch {torch.__version__}\n")
    print("| model | what differs | class | largest difference | every parameter trains |")
    print("|---|---|---|--:|---|")
    failed = False
    for model in arguments.models:
        for kind, options in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                ids = torch.randint(3, 60, (TOKENS,), generator=torch.Generator().manual_seed(1)).tolist()
                name, largest, trained = compare(model, options, pathlib.Path(folder), ids)
            failed |= not largest <= arguments.tolerance or not trained
            print(f"| {model.parent.name}/{model.name} | {kind} | {name} | {largest:.1e} | {'yes' if trained else 'no'} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
