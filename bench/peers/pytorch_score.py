#!/usr/bin/env python3
"""Times the forward and backward pass that gradient-based scoring needs, in PyTorch, through transformers.

    pytorch_score.py FOLDER --threads 2 --serve

Each line of stdin names a test such as score10x64 or prune10x64: one batch of 10 sequences of 64 tokens, the mean loss of their next
tokens, and the gradient of every weight, as LLM-Pruner computes it; nothing is scored. The answer is one line of JSON. Of
the attention implementations given, the faster one in a trial counts.
"""
import argparse
import json
import os
import re
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers
from transformers import AutoModelForCausalLM

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Peer:
    """One loaded model and the attention implementations to choose from."""

    def __init__(self, folder, dtype, attentions):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attentions[0]).eval()
        self.attentions = attentions
        self.chosen = None

    def ids(self, sequences, tokens):
        """The ids that the engine's server uses: the multiples of 7919 within the vocabulary."""
        vocabulary = self.model.config.vocab_size
        return torch.tensor([(7919 * (i + 1)) % vocabulary for i in range(sequences * tokens)]).view(sequences, tokens)

    def gradients(self, ids):
        self.model.zero_grad(set_to_none=True)
        start = time.perf_counter()
        loss = self.model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        return time.perf_counter() - start, loss.item()

    def sample(self, test):
        sequences, tokens = map(int, re.fullmatch(r"(?:score|prune)([1-9]\d*)x([1-9]\d*)", test).groups())
        ids = self.ids(sequences, tokens)
        if self.chosen is None:
            best = {}
            for attention in self.attentions:
                self.model.set_attn_implementation(attention)
                best[attention] = min(self.gradients(ids)[0] for _ in range(2))
            self.chosen = min(best, key=best.get)
            self.model.set_attn_implementation(self.chosen)
        seconds, loss = self.gradients(ids)
        return {"test": test, "seconds": seconds, "tokens_per_second": sequences * tokens / seconds, "last": loss,
                "attention": self.chosen}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="model in Hugging Face form")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--attention", nargs="+", default=["sdpa", "eager"])
    parser.add_argument("--serve", action="store_true", required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.disable_progress_bar()
    peer = Peer(args.folder, DTYPES[args.dtype], args.attention)
    print(json.dumps({"ready": True, "peer": f"PyTorch {torch.__version__}, transformers {transformers.__version__}"}),
          flush=True)
    for line in sys.stdin:
        print(json.dumps(peer.sample(line.strip())), flush=True)


if __name__ == "__main__":
    main()
