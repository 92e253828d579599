package org.espalier.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.Golden;

/** Tokenizers of a few tokens, in each form that one is stored in. */
public final class SmallTokenizer {

    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int BYTE = 6;

    private SmallTokenizer() {}

    /** {@code <unk> <s> </s> a b ab}, with begin and end. */
    public static ObjectNode json() {
        ObjectNode model = TokenizerParts.bpe().put("unk_token", "<unk>");
        ObjectNode vocab = model.putObject("vocab");
        for (String token : List.of("<unk>", "<s>", "</s>", "a", "b", "ab")) {
            vocab.put(token, vocab.size());
        }
        model.putArray("merges").addArray().add("a").add("b");
        ObjectNode json = TokenizerParts.document(model);
        ArrayNode added = (ArrayNode) json.get("added_tokens");
        for (String token : List.of("<unk>", "<s>", "</s>")) {
            added.add(TokenizerParts.addedToken(vocab.get(token).intValue(), token, true));
        }
        json.putObject("decoder").put("type", "Fuse");
        json.set(
                "post_processor",
                TokenizerParts.template(
                        List.of(new TokenizerParts.Special("<s>", 1)), List.of(new TokenizerParts.Special("</s>", 2))));
        return json;
    }

    /** {@code <unk> <s> </s>}, 256 bytes, then {@code _ a b ab} with {@code _} for SentencePiece's space: a BPE model. */
    static byte[] sentencePiece() {
        return sentencePiece(2);
    }

    /** The same as a model of another kind: 1 unigram, 2 BPE. */
    public static byte[] sentencePiece(int kind) {
        List<String> tokens = tokens();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int id = 0; id < tokens.size(); id++) {
            out.writeBytes(field(1, piece(tokens.get(id), score(id), type(id))));
        }
        out.writeBytes(field(2, new byte[] {3 << 3, (byte) kind}));
        return out.toByteArray();
    }

    /**
     * The file of ChatGLM-6B with 256 pieces: what its texts need, ASCII, and the pairs of letters that a text has most.
     *
     * @param kind 1 unigram, 2 BPE
     */
    public static byte[] iceText(String text, int kind) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<String> own = new ArrayList<>(List.of("<n>", "<|tab|>"));
        IntStream.rangeClosed(2, 80).forEach(blank -> own.add("<|blank_" + blank + "|>"));
        List<String> letters = new ArrayList<>(List.of("▁"));
        IntStream.range('!', 127).forEach(letter -> letters.add(Character.toString(letter)));
        List<String> last = List.of("[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>");
        List<String> pairs = new ArrayList<>(pairs(text, 256 - 4 - own.size() - letters.size() - last.size()));
        while (4 + own.size() + letters.size() + pairs.size() + last.size() < 256) {
            pairs.add("<unused_" + (pairs.size() + 1) + ">");
        }
        out.writeBytes(field(1, piece("<unk>", 0, UNKNOWN)));
        for (String token : List.of("<s>", "</s>", "<pad>")) {
            out.writeBytes(field(1, piece(token, 0, CONTROL)));
        }
        own.forEach(token -> out.writeBytes(field(1, piece(token, 0, USER_DEFINED))));
        letters.forEach(letter -> out.writeBytes(field(1, piece(letter, -200, NORMAL))));
        for (int pair = 0; pair < pairs.size(); pair++) {
            out.writeBytes(field(1, piece(pairs.get(pair), -1 - pair, NORMAL)));
        }
        last.forEach(token -> out.writeBytes(field(1, piece(token, 0, CONTROL))));
        out.writeBytes(field(2, new byte[] {3 << 3, (byte) kind}));
        return out.toByteArray();
    }

    /** A SentencePiece model that turns some characters into others. */
    public static byte[] normalised(byte[] model) {
        try {
            byte[] table = Files.readAllBytes(Golden.resource("tokenizers/characters.bin"));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(model);
            out.writeBytes(field(3, field(2, table)));
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The pairs of ASCII letters that a text has most, within words and at their beginnings. */
    private static List<String> pairs(String text, int count) {
        Map<String, Long> pairs = IntStream.range(0, text.length() - 1)
                .mapToObj(i -> text.substring(i, i + 2).replace(' ', '▁'))
                .filter(pair -> pair.matches("[a-z▁][a-z]"))
                .collect(Collectors.groupingBy(pair -> pair, Collectors.counting()));
        return pairs.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(count)
                .map(Map.Entry::getKey)
                .toList();
    }

    static Map<String, Object> gguf() {
        List<String> tokens = tokens();
        float[] scores = new float[tokens.size()];
        int[] types = new int[tokens.size()];
        for (int id = 0; id < scores.length; id++) {
            scores[id] = score(id);
            types[id] = type(id);
        }
        return Map.of(
                "tokenizer.ggml.model",
                "llama",
                "tokenizer.ggml.tokens",
                tokens.toArray(String[]::new),
                "tokenizer.ggml.scores",
                scores,
                "tokenizer.ggml.token_type",
                types,
                "tokenizer.ggml.bos_token_id",
                1L,
                "tokenizer.ggml.eos_token_id",
                2L);
    }

    /** {@code number} with a length and {@code content}. */
    static byte[] field(int number, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(number << 3 | 2);
        for (int rest = content.length; ; rest >>>= 7) {
            out.write(rest < 0x80 ? rest : rest & 0x7F | 0x80);
            if (rest < 0x80) {
                break;
            }
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    static byte[] piece(String text, float score, int type) {
        byte[] name = field(1, text.getBytes(StandardCharsets.UTF_8));
        return ByteBuffer.allocate(name.length + 7)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(name)
                .put((byte) (2 << 3 | 5))
                .putFloat(score)
                .put((byte) (3 << 3))
                .put((byte) type)
                .array();
    }

    private static List<String> tokens() {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format("<0x%02X>", b));
        }
        tokens.addAll(List.of("▁", "a", "b", "ab"));
        return tokens;
    }

    private static float score(int id) {
        return id < 259 ? 0 : 258 - id;
    }

    private static int type(int id) {
        return id == 0 ? UNKNOWN : id < 3 ? CONTROL : id < 259 ? BYTE : NORMAL;
    }
}
