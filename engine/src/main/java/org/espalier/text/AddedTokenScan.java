package org.espalier.text;

import java.util.Collection;
import java.util.List;
import org.agrona.collections.IntArrayList;

/** Finds added tokens in a text: from left to right, at each place the longest. */
final class AddedTokenScan {

    private final List<AddedToken> tokens;
    private final TokenAutomaton automaton;

    /** Gets the parts of a text from left to right. */
    interface Sink {

        /** Text between added tokens, at least one character. */
        void text(String part);

        void token(int id);
    }

    AddedTokenScan(Collection<AddedToken> tokens) {
        this.tokens = List.copyOf(tokens);
        this.automaton =
                new TokenAutomaton(tokens.stream().map(AddedToken::content).toList());
    }

    void split(String text, Sink sink) {
        IntArrayList places = new IntArrayList();
        IntArrayList found = new IntArrayList();
        automaton.search(text, (place, token) -> {
            places.addInt(place);
            found.addInt(token);
        });
        int from = 0;
        for (int i = places.size() - 1; i >= 0; i--) {
            int at = places.getInt(i);
            AddedToken token = tokens.get(found.getInt(i));
            int end = at + token.content().length();
            if (at < from || token.singleWord() && isInWord(text, at, end)) {
                continue;
            }
            int start = token.lstrip() ? blanksBefore(text, from, at) : at;
            if (token.rstrip()) {
                end = blanksBehind(text, end);
            }
            if (start > from) {
                sink.text(text.substring(from, start));
            }
            sink.token(token.id());
            from = end;
        }
        if (from < text.length()) {
            sink.text(text.substring(from));
        }
    }

    private static boolean isInWord(String text, int start, int end) {
        return start > 0 && isWord(text.codePointBefore(start)) || end < text.length() && isWord(text.codePointAt(end));
    }

    private static boolean isWord(int character) {
        return Character.isLetterOrDigit(character) || character == '_';
    }

    private static int blanksBefore(String text, int from, int at) {
        int start = at;
        while (start > from && isBlank(text.charAt(start - 1))) {
            start--;
        }
        return start;
    }

    private static int blanksBehind(String text, int at) {
        int end = at;
        while (end < text.length() && isBlank(text.charAt(end))) {
            end++;
        }
        return end;
    }

    private static boolean isBlank(char character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character);
    }
}
