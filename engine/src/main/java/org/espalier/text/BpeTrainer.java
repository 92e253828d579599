package org.espalier.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.file.Json;

/**
 * Trains a small byte-level BPE vocabulary (Sennrich et al. 2016; byte alphabet of GPT-2): starting from 256 bytes, the most
 * frequent pair of neighbours within a word becomes a token, until there are enough. Ties go to the pair that sorts first,
 * so that the same texts give the same tokenizer.
 */
public final class BpeTrainer {

    /** The token that begins a text, id 0. */
    public static final String BEGIN = "<s>";
    /** The token that ends a text, id 1. */
    public static final String END = "</s>";

    /**
     * How GPT-2 cuts text into words before merging; ByteLevel pre-tokenizers do the same. Nothing goes back further than
     * the one character that the look ahead asks for.
     */
    private static final Pattern WORD =
            Pattern.compile("'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s+(?!\\S)|\\s++");

    /** Characters that are merged together at most: a merge goes over every word that it touches. */
    private static final int LONGEST_WORD = 64;

    private final List<String> tokens = new ArrayList<>(List.of(BEGIN, END));
    private final List<String> merges = new ArrayList<>();

    private BpeTrainer() {}

    /** A tokenizer of {@code vocabulary} tokens, the two special ones included, or fewer if the texts have no more pairs. */
    public static BpeTrainer train(Iterable<String> texts, int vocabulary) {
        BpeTrainer trainer = new BpeTrainer();
        for (int b = 0; b < 256; b++) {
            trainer.tokens.add(symbol(b));
        }
        if (vocabulary < trainer.tokens.size()) {
            throw new IllegalArgumentException(
                    "a byte-level vocabulary has at least " + trainer.tokens.size() + " tokens");
        }
        BpeMerges words = new BpeMerges(trainer.tokens.subList(2, 2 + 256), words(texts));
        while (trainer.tokens.size() < vocabulary) {
            long pair = words.mostFrequent();
            if (pair == BpeMerges.NONE) {
                break;
            }
            trainer.merges.add(words.text(pair));
            trainer.tokens.add(words.merge(pair));
        }
        return trainer;
    }

    /** The tokenizer as a Hugging Face {@code tokenizer.json}; texts begin with {@link #BEGIN}. */
    public ObjectNode tokenizerJson() {
        ObjectNode model = TokenizerParts.bpe();
        ObjectNode json = TokenizerParts.document(model);
        ArrayNode added = (ArrayNode) json.get("added_tokens");
        for (int id = 0; id < 2; id++) {
            added.add(TokenizerParts.addedToken(id, tokens.get(id), true));
        }
        json.set("pre_tokenizer", TokenizerParts.byteLevel(false, true));
        template(json.putObject("post_processor"));
        json.set("decoder", TokenizerParts.byteLevel(false, true));
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        ArrayNode order = model.putArray("merges");
        merges.forEach(order::add);
        return json;
    }

    /** What belongs beside it as {@code tokenizer_config.json}. */
    public ObjectNode tokenizerConfig(int longest) {
        return Json.object()
                .put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("bos_token", BEGIN)
                .put("eos_token", END)
                .put("add_bos_token", true)
                .put("clean_up_tokenization_spaces", false)
                .put("model_max_length", longest);
    }

    /** Tokens known. */
    public int size() {
        return tokens.size();
    }

    /** Every word of the texts and how often it occurs, in the order of their letters. */
    private static SequencedMap<String, Long> words(Iterable<String> texts) {
        TreeMap<String, Long> counts = new TreeMap<>();
        for (String text : texts) {
            Matcher words = WORD.matcher(text);
            while (words.find()) {
                int start = words.start();
                while (start < words.end()) {
                    int end = partEnd(text, start, words.end());
                    counts.merge(text.substring(start, end), 1L, Long::sum);
                    start = end;
                }
            }
        }
        return counts;
    }

    /** Where the part of a word that begins at {@code start} ends: between two characters, never within one. */
    private static int partEnd(String text, int start, int wordEnd) {
        int end = Math.min(wordEnd, start + LONGEST_WORD);
        return end < wordEnd && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end;
    }

    /** GPT-2 writes bytes that are no visible characters as the characters from 256 on, in order. */
    private static String symbol(int b) {
        if (visible(b)) {
            return Character.toString(b);
        }
        int hidden = 0;
        for (int before = 0; before < b; before++) {
            hidden += visible(before) ? 0 : 1;
        }
        return Character.toString(256 + hidden);
    }

    private static boolean visible(int b) {
        return b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae && b <= 0xff;
    }

    private static void template(ObjectNode node) {
        node.put("type", "TemplateProcessing");
        ArrayNode single = node.putArray("single");
        single.addObject().putObject("SpecialToken").put("id", BEGIN).put("type_id", 0);
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        ArrayNode pair = node.putArray("pair");
        pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        ObjectNode begin = node.putObject("special_tokens").putObject(BEGIN).put("id", BEGIN);
        begin.putArray("ids").add(0);
        begin.putArray("tokens").add(BEGIN);
    }
}
