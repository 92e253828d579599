#!/usr/bin/env python3
"""Times updates of LoRA adapters or of all weights in PyTorch with PEFT, on request: see pytorch_bench.py.

    pytorch_update.py FOLDER --threads 2 --serve

Each line of stdin names a test such as lora4x128: a batch of 4 sequences of 128 tokens, forward, backward, clipping at 1
and one AdamW step, on adapters of rank 8 and alpha 16 with dropout 0.05 beside q, k, v, o, gate, up and down. full4x128
updates all weights. taught-lora4x128 and taught-full4x128 learn the predictions of a second copy of the model: the mean
divergence from them after every token. No padding; without a teacher every token but a sequence's first counts. Of the
attention implementations given, the faster one counts.
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


class Training:
    """A model of which adapters or all weights are trained, and its optimiser."""

    def __init__(self, folder, dtype, attention, full):
        self.base = load(folder, dtype, attention)
        torch.manual_seed(42)
        self.model = self.base if full else peft.get_peft_model(self.base, peft.LoraConfig(
            r=8, lora_alpha=16, lora_dropout=0.05, target_modules=PROJECTIONS, task_type="CAUSAL_LM"))
        self.model.train()
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=3e-4, weight_decay=0.0, fused=True)


def load(folder, dtype, attention):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention)
    model.config.use_cache = False
    return model


class Peer:
    """What is trained, the model that it learns from, and the attention implementations to choose from."""

    def __init__(self, folder, dtype, attentions):
        self.folder, self.dtype, self.attentions = folder, dtype, attentions
        self.trainings = {}
        self.teacher = None
        self.chosen = {}

    def training(self, full):
        if full not in self.trainings:
            self.trainings[full] = Training(self.folder, self.dtype, self.attentions[0], full)
        return self.trainings[full]

    def open_teacher(self):
        if self.teacher is None:
            self.teacher = load(self.folder, self.dtype, self.attentions[0]).eval()

    def ids(self, sequences, length, training):
        """The ids that the engine's side uses: the multiples of 7919 within the vocabulary."""
        vocabulary = training.base.config.vocab_size
        return torch.tensor([(7919 * (i + 1)) % vocabulary for i in range(sequences * length)]).view(sequences, length)

    def loss(self, training, taught, ids):
        if not taught:
            return training.model(input_ids=ids, labels=ids).loss
        with torch.no_grad():
            wanted = torch.log_softmax(self.teacher(input_ids=ids).logits.float(), -1).flatten(0, 1)
        given = torch.log_softmax(training.model(input_ids=ids).logits.float(), -1).flatten(0, 1)
        return torch.nn.functional.kl_div(given, wanted, reduction="batchmean", log_target=True)

    def update(self, training, taught, ids):
        start = time.perf_counter()
        loss = self.loss(training, taught, ids)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(training.trained, 1.0)
        training.optimizer.step()
        training.optimizer.zero_grad(set_to_none=True)
        value = loss.item()
        return time.perf_counter() - start, value

    def use(self, training, attention):
        training.base.set_attn_implementation(attention)
        if self.teacher is not None:
            self.teacher.set_attn_implementation(attention)

    def choose(self, test, *work):
        best = {}
        for attention in self.attentions:
            self.use(work[0], attention)
            best[attention] = min(self.update(*work)[0] for _ in range(TRIALS))
        self.chosen[test] = min(best, key=best.get)

    def sample(self, test):
        taught, kind, sequences, length = re.fullmatch(
            r"(taught-)?(lora|full)([1-9]\d*)x([1-9]\d*)", test).groups()
        training = self.training(kind == "full")
        if taught:
            self.open_teacher()
        work = training, bool(taught), self.ids(int(sequences), int(length), training)
        if test not in self.chosen:
            self.choose(test, *work)
        self.use(training, self.chosen[test])
        seconds, loss = self.update(*work)
        return {"test": test, "seconds": seconds, "tokens_per_second": int(sequences) * int(length) / seconds,
                "loss": loss, "attention": self.chosen[test]}


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
