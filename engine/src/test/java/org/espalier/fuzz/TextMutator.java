package org.espalier.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

/** Changes words and lines of a text; now and then its bytes. */
final class TextMutator implements Mutator {

    private static final String[] PIECES = {
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "<|endoftext|>\n",
        " = Title = \n",
        ",",
        "\t",
        "{\"text\": \"x\"}\n",
        "text,label\n",
        "<html>",
        "\u0085",
        "\u000b",
        "\u000c"
    };
    private static final int LONGEST_PART = 200;

    private final Mutator bytes = new ByteMutator();

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        if (random.nextInt(6) == 0) {
            return bytes.mutate(content, other, random);
        }
        String text = new String(content, StandardCharsets.UTF_8);
        for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
            text = edit(text, new String(other, StandardCharsets.UTF_8), random);
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String edit(String text, String other, RandomGenerator random) {
        int at = random.nextInt(text.length() + 1);
        int end = Math.min(text.length(), at + random.nextInt(LONGEST_PART));
        String part = text.substring(at, end);
        return switch (random.nextInt(6)) {
            case 0 -> text.substring(0, at) + text.substring(end);
            case 1 -> text.substring(0, end) + part.repeat(random.nextInt(20)) + text.substring(end);
            case 2 -> text.substring(0, at) + OddValues.text(random) + text.substring(at);
            case 3 -> text.substring(0, at) + other.substring(Math.min(at, other.length()));
            default -> text.substring(0, at) + PIECES[random.nextInt(PIECES.length)] + text.substring(at);
        };
    }
}
