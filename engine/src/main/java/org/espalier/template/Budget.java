package org.espalier.template;

/** What one use of a template may cost, and has cost so far. Whatever is made is counted before it is made. */
final class Budget {

    /** Steps that may be made beside what the size of the input allows: they take less than a second. */
    private static final long FREE_STEPS = 3_000_000;

    /** Enough for templates that look over the whole conversation at every message of it. */
    private static final int STEPS_PER_GIVEN = 64;

    private static final long MOST_NANOSECONDS = 10_000_000_000L;
    private static final int STEPS_BETWEEN_CLOCKS = 1 << 14;
    /** Characters that may be made beside what the size of the input allows. */
    private static final long FREE_CHARACTERS = 32L << 20;

    private static final int CHARACTERS_PER_GIVEN = 256;
    private static final int LARGEST_VALUE = 16 << 20;
    /** What a step may make without costing more than one. */
    private static final int CHARACTERS_PER_STEP = 64;

    private static final int CHARACTERS_PER_ITEM = 16;
    /** Python gives up at values that are nested about that deep. */
    private static final int DEEPEST_VALUE = 300;
    /** Blocks and operators inside each other, over all calls: more would not fit on the stack. */
    private static final int DEEPEST_CALLS = 4000;

    private final int height;
    private final long mostSteps;
    private final long mostCharacters;
    private final long began = System.nanoTime();
    private long steps;
    private long nextClock = STEPS_BETWEEN_CLOCKS;
    private long characters;
    private int depth;

    /**
     * @param height how deep blocks and operators are inside each other in the template
     * @param given  characters of the template and of what it was given
     */
    Budget(int height, long given) {
        this.height = height;
        this.mostSteps = FREE_STEPS + STEPS_PER_GIVEN * given;
        this.mostCharacters = FREE_CHARACTERS + CHARACTERS_PER_GIVEN * given;
    }

    /** Counts some work. */
    void steps(long count) {
        steps += count;
        if (steps > mostSteps) {
            throw new TemplateError("it takes too many steps");
        }
        if (steps >= nextClock) {
            nextClock = steps + STEPS_BETWEEN_CLOCKS;
            if (System.nanoTime() - began > MOST_NANOSECONDS) {
                throw new TemplateError("it takes too long");
            }
        }
    }

    /** Counts characters before they are made, as a text of that size. */
    void characters(long count) {
        characters += count;
        if (count > LARGEST_VALUE || characters > mostCharacters) {
            throw tooMuchText();
        }
        steps(count / CHARACTERS_PER_STEP + 1);
    }

    private static TemplateError tooMuchText() {
        return new TemplateError("it makes too much text");
    }

    /** Refuses a text that has become too long. */
    static void requireShort(CharSequence text) {
        if (text.length() > LARGEST_VALUE) {
            throw tooMuchText();
        }
    }

    /** Refuses values that are nested too deeply to be gone into. */
    static void requireShallow(int depth) {
        if (depth > DEEPEST_VALUE) {
            throw new TemplateError("a value is nested too deeply");
        }
    }

    /** Counts the work of looking for a text in another, character by character at every place in the worst case. */
    void search(String text, String part) {
        long places = text.length();
        steps(places / CHARACTERS_PER_STEP + places * part.length() / (CHARACTERS_PER_STEP * CHARACTERS_PER_STEP));
    }

    /** Counts the work of going over characters. */
    void read(long count) {
        steps(count / CHARACTERS_PER_STEP);
    }

    /** Counts the elements of lists before they are made. */
    void items(long count) {
        if (count > LARGEST_VALUE) {
            throw new TemplateError("it makes too long a list");
        }
        characters(count * CHARACTERS_PER_ITEM);
    }

    /** A text that was made, its characters counted. */
    String counted(String text) {
        characters(text.length());
        return text;
    }

    /** Enters a macro or the like; {@link #leave} must follow. */
    void enter() {
        depth += height;
        if (depth > DEEPEST_CALLS) {
            throw new TemplateError("its macros call each other too deeply");
        }
    }

    void leave() {
        depth -= height;
    }
}
