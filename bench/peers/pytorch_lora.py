#!/usr/bin/env python3
"""Times updates of LoRA adapters in PyTorch with PEFT, on request: see pytorch_bench.py.

    pytorch_lora.py FOLDER --threads 2 --serve

Each line of stdin names a test such as lora4x128: a batch of 4 sequences of 128 tokens, forward, backward, clipping at 1
and one AdamW step, on adapters of rank 8 and alpha 16 with dropout 0.05 beside q, k, v, o, gate, up and down. No padding;
every token but a sequence's first counts. Of the attention implementations given, the faster one counts.
"""
import argparse
import json
import os
import re
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import peft
import torch
import transformers
from transformers import AutoModelForCausalLM

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
TRIALS = 3


class Peer:
    """One model with adapters, its optimiser, and the attention implementations to choose from."""

    def __init__(self, folder, dtype, attentions):
        base = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attentions[0])
        base.config.use_cache = False
        config = peft.LoraConfig(r=8, lora_alpha=16, lora_dropout=0.05, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
        torch.manual_seed(42)
        self.model = peft.get_peft_model(base, config).train()
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=3e-4, weight_decay=0.0, fused=True)
        self.attentions = attentions
        self.chosen = {}

    def ids(self, sequences, length):
        """The ids that the engine's side uses: the multiples of 7919 within the vocabulary."""
        vocabulary = self.model.config.vocab_size
        return torch.tensor([(7919 * (i + 1)) % vocabulary for i in range(sequences * length)]).view(sequences, length)

    def update(self, ids):
        start = time.perf_counter()
        loss = self.model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        value = loss.item()
        return time.perf_counter() - start, value

    def use(self, attention):
        self.model.get_base_model().set_attn_implementation(attention)

    def choose(self, test, ids):
        best = {}
        for attention in self.attentions:
            self.use(attention)
            best[attention] = min(self.update(ids)[0] for _ in range(TRIALS))
        self.chosen[test] = min(best, key=best.get)

    def sample(self, test):
        sequences, length = map(int, re.fullmatch(r"lora([1-9]\d*)x([1-9]\d*)", test).groups())
        ids = self.ids(sequences, length)
        if test not in self.chosen:
            self.choose(test, ids)
        self.use(self.chosen[test])
        seconds, loss = self.update(ids)
        return {"test": test, "seconds": seconds, "tokens_per_second": sequences * length / seconds, "loss": loss,
                "attention": self.chosen[test]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="model in Hugging Face form")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="of the model; adapters are float32")
    parser.add_argument("--attention", nargs="+", default=["sdpa", "eager"])
    parser.add_argument("--serve", action="store_true", required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.disable_progress_bar()
    peer = Peer(args.folder, DTYPES[args.dtype], args.attention)
    print(json.dumps({"ready": True, "peer": f"PyTorch {torch.__version__}, transformers {transformers.__version__}, "
                                             f"PEFT {peft.__version__}"}), flush=True)
    for line in sys.stdin:
        print(json.dumps(peer.sample(line.strip())), flush=True)


if __name__ == "__main__":
    main()
