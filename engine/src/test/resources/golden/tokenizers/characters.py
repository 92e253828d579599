#!/usr/bin/env python3
"""Makes a table of characters as SentencePiece models have one, and what `tokenizers` makes of texts by it.

The table is compatibility composition (NFKC) of some characters and pairs, and nothing in place of a soft hyphen.
"""
import json
import pathlib
import struct
import unicodedata

from tokenizers import normalizers

HERE = pathlib.Path(__file__).parent
TEXTS = ["ＡＢＣ，１２３！", "①②　ﬁne ｱｲｳ", "soft\u00adhyphen", "plain text", "日本語，「」", "", "ﬁ", "e\u0301te\u0301"]


def keys():
    singles = [chr(c) for c in [*range(0xFF01, 0xFF5F), *range(0x2460, 0x2474), *range(0xFB00, 0xFB05), *range(0xFF61, 0xFFA0), 0x3000]]
    pairs = [a + mark for a in "かきくけこさしすせそ" for mark in "\u3099"] + ["e\u0301"] + [a + "ﾞ" for a in "ｶｷｸｹｺ"]
    table = {key: unicodedata.normalize("NFKC", key) for key in singles + pairs}
    table["\u00ad"] = ""
    return {key.encode(): value.encode() for key, value in table.items() if key != value}


def table():
    trie, texts = {}, bytearray()
    for key, value in sorted(keys().items()):
        node = trie
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = len(texts)
        texts += value + b"\0"
    units, used = {}, {0}

    def place(node, at, unit):
        base = next(b for b in range(1, 1 << 20) if all(b ^ label not in used for label in node))
        units[at] = unit | (at ^ base) << 10
        used.update(base ^ label for label in node)
        for label, child in sorted(node.items()):
            if label == 0:
                units[base] = child | 1 << 31
            else:
                place(child, base ^ label, label | (1 << 8 if 0 in child else 0))

    place(trie, 0, 0)
    array = b"".join(struct.pack("<I", units.get(i, 1 << 31)) for i in range(max(units) + 256))
    return struct.pack("<I", len(array)) + array + bytes(texts)


def main():
    blob = table()
    (HERE / "characters.bin").write_bytes(blob)
    theirs = normalizers.Precompiled(blob)
    cases = [{"text": text, "normalised": theirs.normalize_str(text)} for text in TEXTS]
    (HERE / "characters.json").write_text(json.dumps({"cases": cases}, ensure_ascii=False, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
