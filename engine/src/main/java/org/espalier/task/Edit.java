package org.espalier.task;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.espalier.error.Failure;

/**
 * A replacement that a task's file asks for in every text. The expression is a person's own and may step back without end:
 * how often it looks at a character is bounded.
 */
final class Edit {

    private static final int LONGEST = 2000;
    /** Characters of an edited text. */
    private static final int LONGEST_TEXT = 16 << 20;
    /** How often groups inside each other may be asked to repeat, also where they match nothing. */
    private static final long MOST_REPETITIONS = 10_000;
    /** Looks at characters that are free, and further ones for each of the text: together far less than a second. */
    private static final long FREE_LOOKS = 20_000_000;

    private static final int LOOKS_PER_CHARACTER = 200;
    private static final Pattern REPEATED = Pattern.compile("\\)\\{(\\d++)(?:,(\\d*+))?");

    private final Pattern pattern;
    private final String replacement;

    private Edit(String expression, String replacement) {
        this.pattern = compile(expression);
        this.replacement = replacement;
    }

    /**
     * Edits of expressions and texts in turns.
     *
     * @throws IllegalArgumentException if one is no expression, or too large
     */
    static List<Edit> of(List<String> pairs) {
        List<Edit> edits = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i += 2) {
            edits.add(new Edit(pairs.get(i), pairs.get(i + 1)));
        }
        return edits;
    }

    private static Pattern compile(String expression) {
        if (expression.length() > LONGEST) {
            throw new IllegalArgumentException("an edit has " + expression.length() + " characters, at most " + LONGEST
                    + " of an expression are possible");
        }
        if (repetitions(expression) > MOST_REPETITIONS) {
            throw new IllegalArgumentException(
                    "the groups of the edit '" + expression + "' repeat more than " + MOST_REPETITIONS + " times");
        }
        try {
            return Pattern.compile(expression);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "the edit '" + expression + "' is no expression: " + e.getDescription(), e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("the edit '" + expression + "' is nested too deeply", e);
        }
    }

    /** As if all groups that say how often they repeat were inside each other. */
    private static double repetitions(String expression) {
        double product = 1;
        Matcher matcher = REPEATED.matcher(expression);
        while (matcher.find()) {
            String most = matcher.group(2) == null || matcher.group(2).isEmpty() ? matcher.group(1) : matcher.group(2);
            product *= Math.max(1, Double.parseDouble(most));
        }
        return product;
    }

    /**
     * The text with every match replaced.
     *
     * @throws Failure if that cannot be done, or takes too long
     */
    String in(String text, String place) {
        StringBuilder edited = new StringBuilder();
        try {
            Matcher matcher = pattern.matcher(new Watched(text));
            while (matcher.find()) {
                matcher.appendReplacement(edited, replacement);
                if (edited.length() > LONGEST_TEXT) {
                    throw impossible("in this text: it becomes too long", place, null);
                }
            }
            return matcher.appendTail(edited).toString();
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw impossible("by '" + replacement + "': " + e.getMessage(), place, e);
        } catch (StackOverflowError e) {
            throw impossible("in a text as long as this", place, e);
        } catch (TooManyLooks e) {
            throw impossible("in this text: it steps back again and again", place, e);
        }
    }

    private Failure impossible(String how, String place, Throwable cause) {
        return new Failure("the edit '" + pattern + "' cannot be made " + how, place, "correct the task's file", cause);
    }

    private static final class TooManyLooks extends RuntimeException {

        private static final long serialVersionUID = 1L;

        TooManyLooks() {
            super("too many steps", null, false, false);
        }
    }

    /** A text that counts how often it is looked at. */
    private static final class Watched implements CharSequence {

        private final String text;
        private long left;

        Watched(String text) {
            this.text = text;
            this.left = FREE_LOOKS + (long) LOOKS_PER_CHARACTER * text.length();
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw new TooManyLooks();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
