#!/usr/bin/env python3
"""Opens in Hugging Face's transformers what pruning leaves, and compares logits with those computed here: layers of different
widths, layers without attention or MLP, channels that heads do not divide.

    transformers_open.py [--stock] MODEL...

Each MODEL is a folder that both open. A pruned model is opened with trust_remote_code, decoded with a cache, trained for a step, saved,
and opened again by both. With --stock, layers are pruned to equal widths, or whole layers go, and what the engine says that
transformers' own class opens, that class opens, without any code beside it. Exits with 1 where logits differ by more than the
tolerance or a parameter gets no gradient.
"""
import argparse
import json
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
# PyTorch multiplies with experts whose rows are multiples of 16 bytes.
STOCK = {
    "heads and neurons": ["--ratio", "0.25", "--round", "4", "--uniform"],
    "neurons": ["--ratio", "0.1", "--round", "4", "--uniform", "--attention-layers", "none"],
    "experts": ["--ratio", "0.25", "--round", "4", "--uniform", "--units", "experts"],
    "layers": ["--ratio", "0.25", "--mode", "layer", "--block-score", "position"],
}
ENGINE = str(ROOT / "tools/engine")


def engine(*arguments):
    return subprocess.run([ENGINE, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


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


def has_experts(model):
    return any("expert" in key for key in json.loads((model / "config.json").read_text()))


def stock(model, options, folder, ids):
    """The stock class that opened what was pruned and the largest difference, or what the engine says against it."""
    pruned = folder / "pruned"
    arguments = ["prune", model, "--criterion", "l2", "--keep-first", "0", "--keep-last", "0", "--out", pruned, *options]
    said = engine(*arguments).strip().splitlines()[-1]
    if not said.startswith("opens in transformers' "):
        return said, None
    # The faster implementations leave out the bounds of Gemma 2's scores.
    theirs = AutoModelForCausalLM.from_pretrained(pruned, dtype=torch.float32, attn_implementation="eager").eval()
    expected = ours(pruned, ids, folder)
    tokens = torch.tensor([ids])
    with torch.no_grad():
        differences = [difference(expected, theirs(tokens).logits[0]), difference(expected, cached(theirs, tokens))]
    return type(theirs).__name__, max(differences)


def compare_stock(models, tolerance, ids):
    print("| model | what went | opened by | largest difference |")
    print("|---|---|---|--:|")
    failed = False
    for model in models:
        for kind, options in STOCK.items():
            if kind == "experts" and not has_experts(model):
                continue
            with tempfile.TemporaryDirectory() as folder:
                name, largest = stock(model, options, pathlib.Path(folder), ids)
            failed |= largest is not None and not largest <= tolerance
            shown = "" if largest is None else f"{largest:.1e}"
            print(f"| {model.parent.name}/{model.name} | {kind} | {name} | {shown} |", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of logits, of the largest one")
    parser.add_argument("--stock", action="store_true", help="what the stock classes open, without code beside it")
    parser.add_argument("--engine", default=ENGINE, help="the program (default: tools/engine of this checkout)")
    arguments = parser.parse_args()
    globals()["ENGINE"] = arguments.engine
    transformers.logging.disable_progress_bar()
    print(f"transformers {transformers.__version__}, PyTorch {torch.__version__}\n")
    ids = torch.randint(3, 60, (TOKENS,), generator=torch.Generator().manual_seed(1)).tolist()
    if arguments.stock:
        sys.exit(compare_stock(arguments.models, arguments.tolerance, ids))
    print("| model | what differs | class | largest difference | every parameter trains |")
    print("|---|---|---|--:|---|")
    failed = False
    for model in arguments.models:
        for kind, options in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                name, largest, trained = compare(model, options, pathlib.Path(folder), ids)
            failed |= not largest <= arguments.tolerance or not trained
            print(f"| {model.parent.name}/{model.name} | {kind} | {name} | {largest:.1e} | {'yes' if trained else 'no'} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
