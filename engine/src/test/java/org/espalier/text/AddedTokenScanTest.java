package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Added tokens are found as by looking for each at every place, in work that grows with the text alone. */
class AddedTokenScanTest {

    private static final String LETTERS = "aab <😀";

    private final Random random = new Random(14);

    @Test
    void theLongestAtEveryPlaceFromLeftToRight() {
        for (int round = 0; round < 400; round++) {
            List<AddedToken> tokens = tokens(1 + random.nextInt(8));
            AddedTokenScan scan = new AddedTokenScan(tokens);
            for (int i = 0; i < 20; i++) {
                String text = text(random.nextInt(40));
                assertEquals(naive(tokens, text), split(scan, text), text + " " + tokens);
            }
        }
    }

    /** However many tokens begin alike, and however long they are. */
    @Test
    void theStepsAreThoseOfTheText() {
        long few = steps(10, 20_000);
        assertTrue(few <= 3 * 20_000, few + " steps");
        assertEquals((double) few, (double) steps(1000, 20_000), 0.1 * few);
        assertEquals(2.0 * few, (double) steps(10, 40_000), 0.1 * few);
    }

    /** Looks for what follows a part of a token, in a text of nothing but beginnings of tokens. */
    private static long steps(int tokens, int length) {
        long[] steps = {0};
        List<String> texts = IntStream.range(1, tokens + 1)
                .mapToObj(i -> "a".repeat(i) + "b")
                .toList();
        TokenAutomaton automaton = new TokenAutomaton(texts) {
            @Override
            int edge(int state, char character) {
                steps[0]++;
                return super.edge(state, character);
            }
        };
        steps[0] = 0;
        // Every other place ends the longest token that there may be.
        String text = ("b" + "a".repeat(tokens + 1)).repeat(length / (tokens + 2) + 1);
        automaton.search(text.substring(0, length), (place, token) -> {});
        return steps[0];
    }

    private List<AddedToken> tokens(int count) {
        TreeSet<String> texts = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            texts.add(text(1 + random.nextInt(5)));
        }
        List<AddedToken> tokens = new ArrayList<>();
        for (String text : texts) {
            tokens.add(new AddedToken(
                    text,
                    tokens.size(),
                    random.nextInt(4) == 0,
                    random.nextInt(4) == 0,
                    random.nextInt(4) == 0,
                    false,
                    true));
        }
        return tokens;
    }

    private String text(int length) {
        int[] letters = LETTERS.codePoints().toArray();
        StringBuilder text = new StringBuilder();
        random.ints(length, 0, letters.length).forEach(i -> text.appendCodePoint(letters[i]));
        return text.toString();
    }

    private static List<String> split(AddedTokenScan scan, String text) {
        List<String> parts = new ArrayList<>();
        scan.split(text, new AddedTokenScan.Sink() {
            @Override
            public void text(String part) {
                parts.add("'" + part + "'");
            }

            @Override
            public void token(int id) {
                parts.add(Integer.toString(id));
            }
        });
        return parts;
    }

    private static List<String> naive(List<AddedToken> tokens, String text) {
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < text.length(); ) {
            int place = at;
            AddedToken token = tokens.stream()
                    .filter(t -> text.startsWith(t.content(), place))
                    .max(Comparator.comparingInt(t -> t.content().length()))
                    .orElse(null);
            if (token == null
                    || token.singleWord()
                            && inWord(text, at, at + token.content().length())) {
                at++;
                continue;
            }
            int start = at;
            while (token.lstrip() && start > from && text.charAt(start - 1) == ' ') {
                start--;
            }
            int end = at + token.content().length();
            while (token.rstrip() && end < text.length() && text.charAt(end) == ' ') {
                end++;
            }
            if (start > from) {
                parts.add("'" + text.substring(from, start) + "'");
            }
            parts.add(Integer.toString(token.id()));
            from = end;
            at = end;
        }
        if (from < text.length()) {
            parts.add("'" + text.substring(from) + "'");
        }
        return parts;
    }

    private static boolean inWord(String text, int start, int end) {
        return start > 0 && Character.isLetter(text.codePointBefore(start))
                || end < text.length() && Character.isLetter(text.codePointAt(end));
    }
}
