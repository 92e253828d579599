package org.espalier.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Changes a template: pieces that parse are put between others, expressions replaced, words and tags moved. */
final class TemplateMutator implements Mutator {

    private static final Pattern PARTS = Pattern.compile("(?s)\\{[{%#].*?[}%#]\\}|[^{]+|\\{");
    private static final Pattern WORDS = Pattern.compile("[A-Za-z_]+|[0-9.]+|'[^']*'|\\s+|.", Pattern.DOTALL);
    private static final int DEEPEST = 3;
    private static final int LARGEST = 20_000;

    private final Mutator text = new TextMutator();

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        if (content.length > LARGEST || random.nextInt(24) == 0) {
            return text.mutate(content.length > LARGEST ? new byte[0] : content, other, random);
        }
        TemplateGrammar grammar = new TemplateGrammar(random);
        List<String> parts = parts(PARTS, content);
        for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
            edit(parts, grammar, other, random);
        }
        return String.join("", parts).getBytes(StandardCharsets.UTF_8);
    }

    private static void edit(List<String> parts, TemplateGrammar grammar, byte[] other, RandomGenerator random) {
        int at = random.nextInt(parts.size() + 1);
        if (at == parts.size()) {
            parts.add(grammar.piece(DEEPEST));
            return;
        }
        String part = parts.get(at);
        switch (random.nextInt(16)) {
            case 0 -> parts.set(at, words(part, random));
            case 1 -> parts.add(at, "{{ " + grammar.expression(5) + " }}");
            case 2 -> {
                List<String> theirs = parts(PARTS, other);
                parts.add(at, theirs.isEmpty() ? "" : theirs.get(random.nextInt(theirs.size())));
            }
            case 3 -> parts.set(at, inside(part, grammar));
            case 4 -> parts.set(at, part.startsWith("{%") ? part : "");
            default -> parts.add(at, grammar.piece(DEEPEST));
        }
    }

    /** Another expression in an output; others stay. */
    private static String inside(String part, TemplateGrammar grammar) {
        return part.startsWith("{{") ? "{{ " + grammar.expression(4) + " }}" : part;
    }

    /** A word of a tag left out, moved or doubled. */
    private static String words(String part, RandomGenerator random) {
        List<String> words = parts(WORDS, part.getBytes(StandardCharsets.UTF_8));
        if (words.isEmpty()) {
            return part;
        }
        int at = random.nextInt(words.size());
        switch (random.nextInt(3)) {
            case 0 -> words.remove(at);
            case 1 -> words.add(at, words.get(random.nextInt(words.size())));
            default -> words.set(at, words.get(random.nextInt(words.size())));
        }
        return String.join("", words);
    }

    private static List<String> parts(Pattern pattern, byte[] content) {
        List<String> parts = new ArrayList<>();
        Matcher matcher = pattern.matcher(new String(content, StandardCharsets.UTF_8));
        while (matcher.find()) {
            parts.add(matcher.group());
        }
        return parts;
    }
}
