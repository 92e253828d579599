package org.espalier.text;

import java.util.List;
import java.util.function.Function;

/**
 * Takes the spaces before punctuation and parts of words out of decoded text, as transformers 5.17 does where
 * {@code clean_up_tokenization_spaces} is true. It leaves BPE's texts alone, which have their own spaces, unless the
 * longer key asks for them as well.
 */
record SpaceCleanUp(TokenCodec codec) implements TokenCodec {

    static final String KEY = "clean_up_tokenization_spaces";
    static final String ALSO_BPE = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output";

    /** Each with what takes its place, in the order in which they are applied. */
    private static final List<List<String>> REPLACEMENTS = List.of(
            List.of(" .", "."),
            List.of(" ?", "?"),
            List.of(" !", "!"),
            List.of(" ,", ","),
            List.of(" ' ", "'"),
            List.of(" n't", "n't"),
            List.of(" 'm", "'m"),
            List.of(" 's", "'s"),
            List.of(" 've", "'ve"),
            List.of(" 're", "'re"));

    /** What opens a tokenizer's library so that it cleans up where {@code config}, a {@code tokenizer_config.json}, says so. */
    static Function<TokenizerJson, TokenCodec> around(
            Function<TokenizerJson, TokenCodec> library, SettingsFile config) {
        boolean cleans = config.flag(KEY).orElse(false);
        boolean alsoBpe = config.flag(ALSO_BPE).orElse(false);
        return json -> {
            boolean bpe = json.written().path("model").path("type").asText().equals("BPE");
            TokenCodec codec = library.apply(json);
            return cleans && (alsoBpe || !bpe) ? new SpaceCleanUp(codec) : codec;
        };
    }

    @Override
    public int[] encode(String text) {
        return codec.encode(text);
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        String text = codec.decode(ids, skipSpecial);
        for (List<String> replacement : REPLACEMENTS) {
            text = text.replace(replacement.getFirst(), replacement.getLast());
        }
        return text;
    }

    @Override
    public void close() {
        codec.close();
    }
}
