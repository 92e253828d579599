#!/usr/bin/env python3
"""Makes small tokenizers with the pipelines of published ones, and the ids that Hugging Face's libraries give.

    make.py TEXT      TEXT is what the vocabularies are trained on; recorded with this repository's README.md

Pipelines as in the published files: BLOOM's splits words by an expression of its own before bytes, Gemma's is one piece of text
with bytes to fall back on and runs of spaces, line feeds and marks as added tokens, Phi-3's is LLaMA's with added tokens that
take the space behind them. Ids and texts are those of `tokenizers`; `transformers` opens each folder and must give the same.
"""
import json
import pathlib
import sys
import tempfile

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
TEXTS = [
    "Hello world",
    " a leading space, and two  spaces,   three",
    "line\nfeeds\n\n\nand\ttabs \t x",
    "naïve café – “quoted” … 日本語、中文。हिन्दी।",
    "emoji 👩‍🚀 and \u0301combining",
    "x = 3.14159 * (y[0] - 2) // code_with_underscores",
    "don't you're we'll  it's",
    "<s>special</s> in <unk> a text <pad>",
    "<start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n",
    "<|user|>\nWhy?<|end|>\n<|assistant|>  Because.<|end|> <|endoftext|>",
    "▁already▁there <0x41> <0xE2>",
    "",
    " ",
    "trailing space ",
    "<b>bold</b><table><tr>",
]


def added(token, number, special, rstrip=False):
    return {"id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": rstrip,
            "normalized": False, "special": special}


def trained(text, pre_tokenizer, alphabet, size, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(text.splitlines(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return sorted(model["vocab"], key=model["vocab"].get), model["merges"]


def document(vocabulary, merges, **sections):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
             "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    model.update(sections.pop("model", {}))
    model.update(vocab={token: i for i, token in enumerate(vocabulary)}, merges=merges)
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": None, **sections, "model": model}


def bloom(text):
    levels = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = r" ?[^(\s|[.,!?…。，、।۔،])]+"
    split = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), "isolated"), levels])
    pieces, merges = trained(text, split, pre_tokenizers.ByteLevel.alphabet(), 500)
    special = ["<unk>", "<s>", "</s>", "<pad>"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return document(
        special + pieces, merges,
        added_tokens=[added(token, i, True) for i, token in enumerate(special)],
        pre_tokenizer={"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": words}, "behavior": "Isolated", "invert": False}, byte_level]},
        post_processor={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": False},
        decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False},
    ), {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "padding_side": "left"}


def sentence_pieces(text):
    blanks = pre_tokenizers.Metaspace(prepend_scheme="always")
    return trained(text, blanks, [], 500)


def gemma(text):
    pieces, merges = sentence_pieces(text)
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]", "<start_of_turn>", "<end_of_turn>"]
    marks = ["\n", "\n\n", "\n\n\n", "▁▁", "▁▁▁", "▁▁▁▁", "<table>", "<tr>", "<b>", "</b>"]
    all_bytes = [f"<0x{b:02X}>" for b in range(256)]
    vocabulary = special + marks + all_bytes + [piece for piece in pieces if piece not in marks]
    return document(
        vocabulary, merges,
        model={"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
        added_tokens=[added(token, i, True) for i, token in enumerate(special)]
        + [added(token, len(special) + i, False) for i, token in enumerate(marks)],
        normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        pre_tokenizer={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        post_processor={"type": "TemplateProcessing",
                        "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                        "pair": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                                 {"SpecialToken": {"id": "<bos>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
                        "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}}},
        decoder={"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
    ), {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}


def phi3(text):
    pieces, merges = sentence_pieces(text)
    special = ["<unk>", "<s>", "</s>"]
    vocabulary = special + [f"<0x{b:02X}>" for b in range(256)] + pieces
    further = ["<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|system|>", "<|end|>", "<|user|>"]
    return document(
        vocabulary, merges,
        model={"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
        added_tokens=[added(token, i, i != 2, i == 2) for i, token in enumerate(special)]
        + [added(token, len(vocabulary) + i, True, i > 0) for i, token in enumerate(further)],
        normalizer={"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        post_processor={"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}],
                        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                        "special_tokens": {}},
        decoder={"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    ), {"bos_token": "<s>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<unk>",
        "add_bos_token": False, "add_eos_token": False}


def record(name, content, config):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1), encoding="utf-8")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    with tempfile.TemporaryDirectory() as copy:
        (pathlib.Path(copy) / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
        (pathlib.Path(copy) / "tokenizer_config.json").write_text(json.dumps(config))
        theirs = PreTrainedTokenizerFast.from_pretrained(copy)
    cases = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        assert theirs(text)["input_ids"] == ids, (name, text)
        cases.append({
            "text": text,
            "ids": ids,
            "plain": tokenizer.encode(text, add_special_tokens=False).ids,
            "decoded": tokenizer.decode(ids, skip_special_tokens=False),
            "without_special": tokenizer.decode(ids, skip_special_tokens=True),
        })
    (folder / "cases.json").write_text(json.dumps({"cases": cases}, ensure_ascii=False, indent=0), encoding="utf-8")


def main():
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    for make in (bloom, gemma, phi3):
        record(make.__name__, *make(text))


if __name__ == "__main__":
    main()
