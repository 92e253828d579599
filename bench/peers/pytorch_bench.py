#!/usr/bin/env python3
"""Times prefill and decode of a model in PyTorch, through transformers: batch 1, greedy, key/value cache.

    pytorch_bench.py FOLDER --threads 2 --prompt 512 --generate 128 --repetitions 5
    pytorch_bench.py FOLDER --threads 2 --serve

pp512: one forward pass over 512 tokens that leaves the logits of the last one. tg128: 128 forward passes of one token
each, every token the most likely one after the one before, from a cache that is empty at first. Of the attention
implementations given, the faster one counts for each test; both are reported. Decoding through `model.generate` does
more work a token than the loop here, so it is left out.

--serve answers each line of stdin that names a test (pp512, tg128, any number) with one JSON line, so that a driver can
take turns with another program on a noisy machine. Otherwise one JSON object is printed.
"""
import argparse
import json
import os
import re
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers
from transformers import AutoModelForCausalLM, DynamicCache

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Peer:
    """One loaded model and the attention implementations to choose from."""

    def __init__(self, folder, dtype, attentions):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attentions[0]).eval()
        self.attentions = attentions
        self.chosen = {}
        self.tried = {}

    def ids(self, count):
        """The ids that `engine bench` uses: the multiples of 7919 within the vocabulary."""
        vocabulary = self.model.config.vocab_size
        return torch.tensor([[(7919 * (i + 1)) % vocabulary for i in range(count)]])

    def prefill(self, tokens):
        ids = self.ids(tokens)
        start = time.perf_counter()
        out = self.model(input_ids=ids, past_key_values=DynamicCache(config=self.model.config), use_cache=True,
                         logits_to_keep=1)
        last = out.logits[0, -1].argmax().item()
        return time.perf_counter() - start, last

    def decode(self, tokens):
        ids = self.ids(1)
        cache = DynamicCache(config=self.model.config)
        start = time.perf_counter()
        for _ in range(tokens):
            logits = self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
            ids = logits[:, -1].argmax(-1, keepdim=True)
        last = ids.item()
        return time.perf_counter() - start, last

    def run(self, test):
        kind, tokens = re.fullmatch(r"(pp|tg)([1-9]\d*)", test).groups()
        run = self.prefill if kind == "pp" else self.decode
        if test not in self.chosen:
            self.choose(test, run, int(tokens))
        self.model.set_attn_implementation(self.chosen[test])
        return *run(int(tokens)), int(tokens)

    def choose(self, test, run, tokens):
        """Warms up, and settles on the attention implementation that was fastest in its best of three runs."""
        best = {}
        for attention in self.attentions:
            self.model.set_attn_implementation(attention)
            best[attention] = min(run(tokens)[0] for _ in range(3))
        self.tried[test] = {name: tokens / seconds for name, seconds in best.items()}
        self.chosen[test] = min(best, key=best.get)

    def sample(self, test):
        seconds, last, tokens = self.run(test)
        return {"test": test, "seconds": seconds, "tokens_per_second": tokens / seconds, "last": last,
                "attention": self.chosen[test]}


def serve(peer):
    print(json.dumps({"ready": True, "peer": version()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(peer.sample(line.strip())), flush=True)


def measure(peer, tests, repetitions):
    results = []
    for test in tests:
        samples = [peer.sample(test)["tokens_per_second"] for _ in range(repetitions + 1)][1:]
        results.append({"test": test, "tokens_per_second": statistics.mean(samples),
                        "stddev": statistics.stdev(samples) if repetitions > 1 else 0.0, "samples": samples,
                        "attention": peer.chosen[test], "tried": peer.tried[test]})
    print(json.dumps({"peer": version(), "threads": torch.get_num_threads(), "results": results}, indent=2))


def version():
    return f"PyTorch {torch.__version__}, transformers {transformers.__version__}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="model in Hugging Face form")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prompt", type=int, nargs="*", default=[512])
    parser.add_argument("--generate", type=int, nargs="*", default=[128])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--attention", nargs="+", default=["sdpa", "eager"])
    parser.add_argument("--serve", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.disable_progress_bar()
    with torch.inference_mode():
        peer = Peer(args.folder, DTYPES[args.dtype], args.attention)
        if args.serve:
            serve(peer)
        else:
            measure(peer, [f"pp{n}" for n in args.prompt] + [f"tg{n}" for n in args.generate], args.repetitions)


if __name__ == "__main__":
    main()
