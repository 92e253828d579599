package org.espalier.text;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** Opens a tokenizer as the product does, and uses it. */
public final class TriedTokenizer {

    private static final List<String> TEXTS = List.of(
            "", "ab a  b", "<s>a</s>\n\n\tab 12345", "\u00df\ud83d\ude00 \u2581\ufffd don't A", "a".repeat(3000));
    private static final int MOST_IDS = 300;

    /** Every check is made, and no library asked. */
    private static final TokenCodec NONE = new TokenCodec() {
        @Override
        public int[] encode(String text) {
            return new int[0];
        }

        @Override
        public String decode(int[] ids, boolean skipSpecial) {
            return "";
        }

        @Override
        public void close() {}
    };

    private TriedTokenizer() {}

    /** Makes every check of a tokenizer's folder, and gives it texts without the library. */
    public static void check(Path folder) {
        try (Tokenizer tokenizer = Tokenizer.open(folder, _ -> NONE)) {
            use(tokenizer);
        }
    }

    /** The same with the library, in this process; a tokenizer that needs a process of its own goes without it. */
    public static void run(Path folder) {
        try (Tokenizer tokenizer = Tokenizer.open(folder, json -> json.needsProcess() ? NONE : json.open())) {
            use(tokenizer);
        }
    }

    private static void use(Tokenizer tokenizer) {
        for (String text : TEXTS) {
            tokenizer.decode(tokenizer.encode(text, true), false);
        }
        int[] ids = IntStream.range(-1, Math.min(MOST_IDS, tokenizer.vocabularySize() + 2))
                .toArray();
        tokenizer.decode(ids, true);
        tokenizer.addedBosId();
    }
}
