#!/usr/bin/env python3
"""Compares logits of adapters here and in Hugging Face's PEFT, of every kind that both know: ours opened there; PEFT's opened,
merged and trained further here, and what came of that opened there.

    peft_adapters.py MODEL --data TEXT

MODEL is a folder that both open, TEXT a file to train on for a few updates. PEFT's own adapters are made at random. Exits with 1 where
logits differ by more than the tolerance, or where an adapter changes nothing.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENS = 16


def engine(*arguments):
    subprocess.run([str(ROOT / "tools/engine"), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def ours(folder, ids, model, *options):
    out = folder / "logits.safetensors"
    engine("logits", model, "--ids", ",".join(map(str, ids)), "--out", out, "--force", *options)
    return next(iter(load_file(out).values()))


def base(model):
    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0]


# What `engine tune` is asked for, and the same of PEFT.
KINDS = {
    "LoRA": ([], {}),
    "LoRA of some projections and norms": (
        ["--targets", "q_proj,layers.*.mlp.down_proj", "--norms"],
        {"target_modules": ["q_proj", "down_proj"], "modules_to_save": ["input_layernorm", "model.norm"]}),
    "rsLoRA": (["--rslora"], {"use_rslora": True}),
    "DoRA": (["--dora"], {"use_dora": True}),
}

# Of a model with experts, whose projections transformers hold together, expert by expert in one parameter.
TOGETHER = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
KINDS_OF_EXPERTS = {
    "LoRA of everything, routers among it": (["--targets", "gate,*_proj,experts.*.*"], {}),
    "LoRA of attention and experts": ([], {"target_modules": ["q_proj", "o_proj"], "target_parameters": TOGETHER}),
    "LoRA of what experts end with": ([], {"target_modules": [], "target_parameters": TOGETHER[1:]}),
    "rsLoRA of experts, gates of another rank": (
        ["--rslora"], {"use_rslora": True, "target_modules": [], "target_parameters": TOGETHER,
                       "rank_pattern": {r".*\.gate_up_proj": 6}, "alpha_pattern": {r".*\.gate_up_proj": 20}}),
}


def random_adapter(model, folder, options):
    torch.manual_seed(1)
    config = LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": "all-linear", "task_type": "CAUSAL_LM"} | options)
    adapted = get_peft_model(base(model), config).eval()
    with torch.no_grad():
        for weight in adapted.parameters():
            if weight.requires_grad:
                weight.add_(0.02 * torch.randn_like(weight))
    adapted.save_pretrained(folder)
    return adapted


def tune(model, data, out, *options):
    engine("tune", model, "--data", data, "--out", out, "--max-samples", 32, "--cutoff", 64, "--batch-size", 8,
           "--lr", "5e-3", "--held-out", 0, *options)


def in_peft(model, adapter, ids):
    return logits(PeftModel.from_pretrained(base(model), adapter).eval(), ids)


def kinds(model):
    experts = any(".experts." in name for name, _ in base(model).named_parameters())
    return KINDS_OF_EXPERTS if experts else KINDS


def refusals_of_dora(model, data, folder):
    """What both say of lengths of rows beside experts, which neither has."""
    line = subprocess.run(
        [str(ROOT / "tools/engine"), "tune", model, "--data", data, "--out", str(folder / "dora"), "--dora"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert line.returncode == 1, "the engine does not refuse it"
    yield "here", line.stderr.strip().splitlines()[-1]
    try:
        get_peft_model(base(model), LoraConfig(use_dora=True, target_modules=[], target_parameters=TOGETHER))
        raise AssertionError("PEFT does not refuse it")
    except ValueError as refused:
        yield "PEFT", str(refused)


def compared(options, model, data, folder, ids):
    """Furthest logit of each comparison, and how far both adapters move logits."""
    ours_options, theirs_options = options
    mine, peft, merged, further = (folder / name for name in ("mine", "peft", "merged", "further"))
    tune(model, data, mine, *ours_options)
    theirs = logits(random_adapter(model, peft, theirs_options), ids)
    engine("merge", model, peft, "--out", merged, "--dtype", "f32")
    tune(model, data, further, "--adapter", peft)
    plain = logits(base(model), ids)
    here = ours(folder, ids, model, "--adapter", mine)
    trained = ours(folder, ids, model, "--adapter", further)
    distances = {
        "ours, in PEFT": here - in_peft(model, mine, ids),
        "PEFT's, here": theirs - ours(folder, ids, model, "--adapter", peft),
        "PEFT's, merged here": theirs - ours(folder, ids, merged),
        "PEFT's, trained further here, in PEFT": trained - in_peft(model, further, ids),
    }
    changes = {"ours": here - plain, "PEFT's": theirs - plain, "further": trained - theirs}
    return ({name: d.abs().max().item() for name, d in distances.items()},
            {name: c.abs().max().item() for name, c in changes.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", required=True)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    vocab = base(arguments.model).config.vocab_size
    ids = [(7919 * (i + 1)) % vocab for i in range(TOKENS)]
    failed = False
    found = kinds(arguments.model)
    for kind, options in found.items():
        with tempfile.TemporaryDirectory() as name:
            distances, changes = compared(options, arguments.model, arguments.data, pathlib.Path(name), ids)
        for pair, distance in distances.items():
            print(f"{kind}: {pair}: furthest logit {distance:.1e}")
        print(f"{kind}: logits change by up to " + ", ".join(f"{c:.2f} ({who})" for who, c in changes.items()))
        failed |= max(distances.values()) > arguments.tolerance or min(changes.values()) < 100 * arguments.tolerance
    if found is KINDS_OF_EXPERTS:
        with tempfile.TemporaryDirectory() as name:
            for who, words in refusals_of_dora(arguments.model, arguments.data, pathlib.Path(name)):
                print(f"DoRA of experts, {who}: {words}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
