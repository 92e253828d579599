package org.espalier.text;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.error.Failure;

/**
 * Regular expressions of tokenizers. Those of published models are listed: they take time in proportion to the text, and no
 * more than a fixed number of steps back for each character. Others run in a process of their own.
 */
final class Expressions {

    private static final int LONGEST = 2000;
    private static final int DEEPEST = 30;

    private static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String OTHERS = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" + SPACES;
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String START = "[^\\r\\n\\p{L}\\p{N}]?";

    /** LLaMA-3's, and with a place for how numbers are cut. */
    private static final String UNCASED = CONTRACTIONS + "|" + START + "\\p{L}+|%s" + OTHERS;

    static final String LLAMA3 = UNCASED.formatted("\\p{N}{1,3}");
    static final String QWEN2 = UNCASED.formatted("\\p{N}");
    /** A capital begins a word. */
    static final String TEKKEN = START + UPPER + "*" + LOWER + "+|" + START + UPPER + "+" + LOWER
            + "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACES;

    private static final String GPT4O = START + UPPER + "*" + LOWER + "+" + CONTRACTIONS + "?|" + START + UPPER + "+"
            + LOWER + "*" + CONTRACTIONS + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACES;
    private static final String QWEN35 =
            CONTRACTIONS + "|" + START + "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" + SPACES;
    private static final String GPT2_REST = "| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String DEEPSEEK_WORDS = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" + SPACES;

    /** None of them goes on from a letter to a space. */
    private static final Set<String> OF_WORDS = Set.of(
            LLAMA3,
            QWEN2,
            TEKKEN,
            GPT4O,
            QWEN35,
            "'s|'t|'re|'ve|'m|'ll|'d" + GPT2_REST,
            "'(?:[sdmt]|ll|ve|re)" + GPT2_REST,
            DEEPSEEK_WORDS,
            // The same with the line breaks themselves, as some files have it.
            DEEPSEEK_WORDS.replace("\\r", "\r").replace("\\n", "\n"),
            " ?[^(\\s|[.,!?…。，、।۔،])]+");

    /** Cuts of numbers, lines and scripts that go before those of words. */
    private static final Set<String> FURTHER = Set.of(
            "\\p{N}",
            "\\p{N}{1,3}",
            "\\p{N}+",
            "\\d",
            "\\d{1,3}",
            "[0-9]",
            "[0-9][0-9][0-9]",
            "[0-9]{1,3}",
            "[\\r\\n]",
            "[\r\n]",
            "\\s?\\p{L}+",
            "\\s?\\p{P}+",
            "[一-龥぀-ゟ゠-ヿ]+",
            "[一-龥ࠀ-一가-퟿]+",
            "\\s+",
            " +",
            " {2,}");

    private Expressions() {}

    static boolean isKnown(String expression) {
        return OF_WORDS.contains(expression) || FURTHER.contains(expression);
    }

    /** Whether every letter followed by a space ends what the expression found, whatever follows. */
    static boolean endsWords(String expression) {
        return OF_WORDS.contains(expression);
    }

    /** Every known one. */
    static Set<String> known() {
        return Stream.concat(OF_WORDS.stream(), FURTHER.stream()).collect(Collectors.toUnmodifiableSet());
    }

    /** @throws Failure if an expression is longer or nested deeper than any that a tokenizer needs */
    static void requireBounded(String expression, String place) {
        int depth = 0;
        int deepest = 0;
        for (int i = 0; i < expression.length(); i++) {
            char c = expression.charAt(i);
            depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
            deepest = Math.max(deepest, depth);
        }
        if (expression.length() > LONGEST || deepest > DEEPEST) {
            throw new Failure(
                    "not a usable tokenizer: an expression has " + expression.length() + " characters, nested "
                            + deepest + " deep, and " + LONGEST + " and " + DEEPEST + " are possible",
                    place,
                    "use a model with another tokenizer");
        }
    }
}
