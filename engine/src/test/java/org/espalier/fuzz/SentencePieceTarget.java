package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.text.SmallTokenizer;
import org.espalier.text.TriedTokenizer;

/** A tokenizer.model of SentencePiece, without the library. */
final class SentencePieceTarget implements Target {

    private static final String FILE = "tokenizer.model";
    private static final int UNIGRAM = 1;
    private static final int BPE = 2;

    @Override
    public String name() {
        return "sentencepiece";
    }

    @Override
    public List<Input> seeds() {
        String settings = """
                {"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": true, "add_eos_token": false, "legacy": true,
                 "tokenizer_class": "LlamaTokenizer"}""";
        return List.of(
                Input.of(FILE, SmallTokenizer.sentencePiece(BPE)).with(TokenizerSeeds.CONFIG, settings),
                Input.of(FILE, SmallTokenizer.sentencePiece(UNIGRAM)).with(TokenizerSeeds.CONFIG, settings));
    }

    /** Whether the first field is a piece that lies in the file. */
    @Override
    public boolean passesFirstCheck(Input input) {
        return beginsWithAPiece(input.file(FILE)) && FirstChecks.isJsonObject(input, TokenizerSeeds.CONFIG);
    }

    static boolean beginsWithAPiece(byte[] file) {
        return file.length > 2 && file[0] == (1 << 3 | 2) && file[1] >= 0 && file[1] <= file.length - 2;
    }

    @Override
    public void read(Path folder, Input input) {
        TriedTokenizer.check(folder);
    }
}
