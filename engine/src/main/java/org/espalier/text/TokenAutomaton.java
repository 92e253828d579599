package org.espalier.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.agrona.collections.Long2LongHashMap;

/**
 * Finds the longest of many texts that begins at each place of another, in one go over it: A. V. Aho and M. J. Corasick,
 * "Efficient string matching", 1975. It reads everything from the end, so that where a text is complete is where it begins.
 * The work grows with the text, not with how many others there are or how long they are.
 */
class TokenAutomaton {

    static final int NONE = -1;

    private static final int ROOT = 0;

    /** What has been read and may become a text: its last character, and what was read before that. */
    private record State(int parent, char last, int depth) {}

    /** The state behind a state and a character, of those that are part of a text. */
    private final Long2LongHashMap edges = new Long2LongHashMap(NONE);
    /** By state: that of the longest end of what was read which is another state. */
    private final int[] shorter;
    /** By state: the longest text that what was read ends with. */
    private final int[] complete;

    /** Gets what is found, from the end of a text to its beginning. */
    interface Sink {

        /** The longest that begins at {@code place} is number {@code text}. */
        void found(int place, int text);
    }

    /** @param texts of at least one character; of equal ones the first is found */
    TokenAutomaton(List<String> texts) {
        List<State> states = new ArrayList<>(List.of(new State(NONE, '\0', 0)));
        int[] ends = new int[texts.size()];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = add(texts.get(i), states);
        }
        shorter = new int[states.size()];
        complete = new int[states.size()];
        Arrays.fill(complete, NONE);
        for (int i = ends.length - 1; i >= 0; i--) {
            complete[ends[i]] = i;
        }
        link(states);
    }

    private int add(String text, List<State> states) {
        int state = ROOT;
        for (int i = text.length() - 1; i >= 0; i--) {
            char character = text.charAt(i);
            int following = edge(state, character);
            if (following == NONE) {
                following = states.size();
                edges.put(key(state, character), following);
                states.add(new State(state, character, text.length() - i));
            }
            state = following;
        }
        return state;
    }

    /** Shorter states first: those of longer ones are made of them. */
    private void link(List<State> states) {
        Integer[] byDepth = new Integer[states.size()];
        Arrays.setAll(byDepth, i -> i);
        Arrays.sort(byDepth, Comparator.comparingInt(i -> states.get(i).depth()));
        for (int number : byDepth) {
            State state = states.get(number);
            if (state.depth() > 1) {
                shorter[number] = next(shorter[state.parent()], state.last());
            }
            if (complete[number] == NONE) {
                complete[number] = complete[shorter[number]];
            }
        }
    }

    private static long key(int state, char character) {
        return (long) state << Character.SIZE | character;
    }

    /** The state behind a state and a character, or {@link #NONE}. */
    int edge(int state, char character) {
        return (int) edges.get(key(state, character));
    }

    /** The longest end of what was read that may become a text. */
    private int next(int before, char character) {
        int state = before;
        int following = edge(state, character);
        while (following == NONE && state != ROOT) {
            state = shorter[state];
            following = edge(state, character);
        }
        return following == NONE ? ROOT : following;
    }

    void search(String text, Sink sink) {
        int state = ROOT;
        for (int place = text.length() - 1; place >= 0; place--) {
            state = next(state, text.charAt(place));
            if (complete[state] != NONE) {
                sink.found(place, complete[state]);
            }
        }
    }
}
