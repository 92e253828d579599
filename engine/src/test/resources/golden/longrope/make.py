#!/usr/bin/env python3
"""Logits of a Phi-3 whose texts are longer than the context that its first rotary factors hold for, by transformers in float64.

    make.py MODEL     MODEL is the folder of the tiny Phi-3 whose weights are used; recorded with transformers 5.17

Greedy tokens are those without a cache, where each is what the model's forward pass over the whole text says: with a cache, generate()
goes on with others from the token on at which the factors change.
"""
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, Phi3Config

ORIGINAL = 16
SCALING = {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.1, 1.3, 1.7],
           "long_factor": [1.2, 2.0, 4.0, 7.5], "original_max_position_embeddings": ORIGINAL}


def main():
    folder = pathlib.Path(sys.argv[1])
    config = json.loads((folder / "config.json").read_text())
    config.update(rope_parameters=SCALING, original_max_position_embeddings=ORIGINAL)
    config = Phi3Config(**config)
    model = AutoModelForCausalLM.from_pretrained(folder, config=config, dtype=torch.float64, attn_implementation="eager").eval()
    ids = torch.randint(3, 250, (1, 24), generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        logits = {length: model(ids[:, :length]).logits[0, -1].tolist() for length in (ORIGINAL, ORIGINAL + 1, 24)}
        drawn = model.generate(ids[:, :12], max_new_tokens=12, do_sample=False, eos_token_id=None, pad_token_id=0,
                               use_cache=False)
    recorded = {"rope_parameters": SCALING, "original_max_position_embeddings": ORIGINAL, "ids": ids[0].tolist(),
                "logits": logits, "prompt": 12, "greedy": drawn[0, 12:].tolist()}
    (pathlib.Path(__file__).parent / "phi3.json").write_text(json.dumps(recorded, indent=0))


if __name__ == "__main__":
    main()
