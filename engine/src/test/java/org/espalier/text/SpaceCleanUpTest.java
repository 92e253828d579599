package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code clean_up_tokenization_spaces}: the expected texts are those of transformers 5.17.0 on the same two files. */
class SpaceCleanUpTest {

    private static final List<String> WORDS = List.of(
            "<unk>", "a", "▁.", "▁?", "▁!", "▁,", "▁'", "▁b", "▁n't", "▁'m", "▁'s", "▁'ve", "▁'re", "▁;", "▁.5", "▁");
    private static final int[] ALL = {1, 2, 7, 3, 7, 4, 7, 5, 7, 6, 7, 8, 7, 9, 7, 10, 7, 11, 7, 12, 7, 13, 14, 15, 2};

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "Unigram | {}                                                | @PLAIN",
                "Unigram | {~clean_up_tokenization_spaces~: false}           | @PLAIN",
                "Unigram | {~clean_up_tokenization_spaces~: null}            | @PLAIN",
                "Unigram | {~clean_up_tokenization_spaces~: true}            | @CLEAN",
                "BPE     | {~clean_up_tokenization_spaces~: true}            | @PLAIN",
                "BPE     | {~clean_up_tokenization_spaces~: true, "
                        + "~clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output~: true} | @CLEAN",
            })
    void asTransformersDoes(String kind, String config, String expected) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), document(kind).toString());
        Files.writeString(folder.resolve("tokenizer_config.json"), config.replace('~', '"'));
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertEquals(text(expected), tokenizer.decode(ALL, true));
            assertArrayEquals(new int[] {1, 2}, tokenizer.encode("a .", false), "ids stay");
        }
    }

    private static String text(String name) {
        return name.equals("@CLEAN")
                ? "a. b? b! b, b'bn't b'm b's b've b're b ;.5 ."
                : "a . b ? b ! b , b ' b n't b 'm b 's b 've b 're b ; .5  .";
    }

    @Test
    void whatIsNeitherTrueNorFalseIsRefused() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), document("Unigram").toString());
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"clean_up_tokenization_spaces\": \"yes\"}");
        assertThrows(Failure.class, () -> Tokenizer.open(folder).close());
    }

    /** The words above; BPE merges nothing but what makes the second of them. */
    private static ObjectNode document(String kind) {
        ObjectNode model = TokenizerParts.typed(kind);
        if (kind.equals("BPE")) {
            model.put("unk_token", "<unk>");
            ObjectNode vocab = model.putObject("vocab");
            WORDS.forEach(word -> vocab.put(word, vocab.size()));
            vocab.put(".", vocab.size());
            model.putArray("merges").add("▁ .");
        } else {
            model.put("unk_id", 0);
            ArrayNode vocab = model.putArray("vocab");
            WORDS.forEach(word -> vocab.addArray().add(word).add(-1.0));
        }
        ObjectNode document = TokenizerParts.document(model);
        document.putObject("pre_tokenizer")
                .put("type", "Metaspace")
                .put("replacement", "▁")
                .put("prepend_scheme", "never")
                .put("split", true);
        document.putObject("decoder")
                .put("type", "Metaspace")
                .put("replacement", "▁")
                .put("prepend_scheme", "never")
                .put("split", true);
        return document;
    }
}
