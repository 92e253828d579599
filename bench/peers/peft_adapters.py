#!/usr/bin/env python3
"""Compares logits of adapters here and in Hugging Face's PEFT: one of ours opened there, one of PEFT's opened and merged here.

    peft_adapters.py MODEL --adapter FOLDER

MODEL is a folder that both open, FOLDER what `engine tune MODEL --norms --out FOLDER` wrote. PEFT's own adapter is made at random,
with norm weights beside it (modules_to_save). Exits with 1 where logits differ by more than the tolerance.
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


def random_adapter(model, folder):
    torch.manual_seed(1)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"],
                        modules_to_save=["input_layernorm", "model.norm"], task_type="CAUSAL_LM")
    adapted = get_peft_model(base(model), config).eval()
    with torch.no_grad():
        for weight in adapted.parameters():
            if weight.requires_grad:
                weight.add_(0.05 * torch.randn_like(weight))
    adapted.save_pretrained(folder)
    return adapted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    plain = base(arguments.model)
    ids = [(7919 * (i + 1)) % plain.config.vocab_size for i in range(TOKENS)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        there = logits(PeftModel.from_pretrained(base(arguments.model), arguments.adapter).eval(), ids)
        theirs = logits(random_adapter(arguments.model, folder / "peft"), ids)
        engine("merge", arguments.model, folder / "peft", "--out", folder / "merged", "--dtype", "f32")
        furthest = {
            "ours, in PEFT": (there - ours(folder, ids, arguments.model, "--adapter", arguments.adapter)).abs().max(),
            "PEFT's, here": (theirs - ours(folder, ids, arguments.model, "--adapter", folder / "peft")).abs().max(),
            "PEFT's, merged here": (theirs - ours(folder, ids, folder / "merged")).abs().max(),
        }
        changed = (theirs - logits(plain, ids)).abs().max()
    for what, distance in furthest.items():
        print(f"{what}: furthest logit {distance:.1e}")
    print(f"PEFT's adapter changes logits by up to {changed:.2f}")
    sys.exit(any(distance > arguments.tolerance for distance in furthest.values()))


if __name__ == "__main__":
    main()
