package org.espalier.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds added tokens in a text: from left to right, at each place the longest. */
final class AddedTokenScan {

    private final Map<Character, List<AddedToken>> byFirst = new HashMap<>();

    /** Gets the parts of a text from left to right. */
    interface Sink {

        /** Text between added tokens, at least one character. */
        void text(String part);

        void token(int id);
    }

    AddedTokenScan(Collection<AddedToken> tokens) {
        for (AddedToken token : tokens) {
            byFirst.computeIfAbsent(token.content().charAt(0), _ -> new ArrayList<>())
                    .add(token);
        }
        byFirst.values()
                .forEach(list -> list.sort(
                        Comparator.comparingInt(token -> -token.content().length())));
    }

    void split(String text, Sink sink) {
        int from = 0;
        for (int at = 0; at < text.length(); ) {
            AddedToken token = at(text, at);
            if (token == null) {
                at++;
                continue;
            }
            int start = token.lstrip() ? blanksBefore(text, from, at) : at;
            int end = at + token.content().length();
            if (token.rstrip()) {
                end = blanksBehind(text, end);
            }
            if (start > from) {
                sink.text(text.substring(from, start));
            }
            sink.token(token.id());
            from = end;
            at = end;
        }
        if (from < text.length()) {
            sink.text(text.substring(from));
        }
    }

    private AddedToken at(String text, int at) {
        for (AddedToken token : byFirst.getOrDefault(text.charAt(at), List.of())) {
            String content = token.content();
            if (text.startsWith(content, at)) {
                int end = at + content.length();
                boolean inWord = at > 0 && isWord(text.codePointBefore(at))
                        || end < text.length() && isWord(text.codePointAt(end));
                return token.singleWord() && inWord ? null : token;
            }
        }
        return null;
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
