package org.espalier.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Texts that begin alike, as a tree: what they share stands once. Its nodes are in an order in which each can be computed in
 * neighbouring rows of a cache: after its parent, over whatever else followed that before.
 *
 * @param nodes in that order
 * @param rows  tokens of the longest way from the root to a leaf
 */
record PrefixTree(List<Node> nodes, int rows) {

    /** Tokens that texts must share at least to stand in one tree, if they have as many. */
    private static final int LEAST_SHARED = 16;

    /** Texts of one tree at most: trees are computed side by side, the nodes of one only one after the other. */
    private static final int MOST_TEXTS = 64;

    /**
     * What some texts share that they do not share with others.
     *
     * @param past      tokens before it
     * @param ids       tokens to read
     * @param questions about what should follow some of them
     */
    record Node(int past, int[] ids, List<Question> questions) {}

    /**
     * Asks for one token.
     *
     * @param place  after which token of the node
     * @param target which token
     * @param texts  which texts, by their number, go on with it there
     */
    record Question(int place, int target, List<Integer> texts) {}

    /**
     * Trees of all texts. Neighbours in the order of their tokens stand in one tree if they begin alike.
     *
     * @param shared whether what texts begin with may be computed once; else each stands alone
     */
    static List<PrefixTree> of(List<Continuation> texts, boolean shared) {
        List<Integer> order = IntStream.range(0, texts.size())
                .boxed()
                .sorted((a, b) -> compare(texts.get(a), texts.get(b)))
                .toList();
        List<PrefixTree> trees = new ArrayList<>();
        int start = 0;
        while (start < order.size()) {
            Continuation root = texts.get(order.get(start));
            int end = start + 1;
            while (shared
                    && end < order.size()
                    && end - start < MOST_TEXTS
                    && beginAlike(root, texts.get(order.get(end)))) {
                end++;
            }
            trees.add(new Builder(texts, order.subList(start, end)).tree());
            start = end;
        }
        return trees;
    }

    private static int compare(Continuation a, Continuation b) {
        return Arrays.compare(a.ids(), 0, a.read(), b.ids(), 0, b.read());
    }

    private static boolean beginAlike(Continuation a, Continuation b) {
        return shared(a, b) >= Math.min(LEAST_SHARED, (Math.min(a.read(), b.read()) + 1) / 2);
    }

    /** Tokens that both read first. */
    private static int shared(Continuation a, Continuation b) {
        int different = Arrays.mismatch(a.ids(), 0, a.read(), b.ids(), 0, b.read());
        return different < 0 ? a.read() : different;
    }

    private static final class Builder {

        private final List<Continuation> texts;
        private final List<Integer> order;
        private final List<Node> nodes = new ArrayList<>();

        /** @param order numbers of the texts of this tree, sorted by their tokens */
        Builder(List<Continuation> texts, List<Integer> order) {
            this.texts = texts;
            this.order = order;
        }

        PrefixTree tree() {
            add(0, order.size(), 0);
            return new PrefixTree(
                    nodes,
                    order.stream().mapToInt(t -> texts.get(t).read()).max().orElseThrow());
        }

        /** What comes after {@code past} tokens in texts {@code start} (included) to {@code end} (excluded) of the order. */
        private void add(int start, int end, int past) {
            Continuation first = text(start);
            int shared = shared(first, text(end - 1));
            if (shared > past) {
                nodes.add(new Node(
                        past, Arrays.copyOfRange(first.ids(), past, shared), questions(start, end, past, shared)));
            }
            int next = start;
            while (next < end && text(next).read() == shared) {
                next++;
            }
            while (next < end) {
                int branch = next;
                int id = text(branch).ids()[shared];
                while (next < end && text(next).ids()[shared] == id) {
                    next++;
                }
                add(branch, next, shared);
            }
        }

        private Continuation text(int place) {
            return texts.get(order.get(place));
        }

        private List<Question> questions(int start, int end, int past, int shared) {
            Map<Long, Question> questions = new LinkedHashMap<>();
            for (int t = start; t < end; t++) {
                Continuation text = text(t);
                for (int at = Math.max(past, text.first() - 1); at < shared; at++) {
                    int place = at - past;
                    int target = text.ids()[at + 1];
                    questions
                            .computeIfAbsent(
                                    (long) place << 32 | target, key -> new Question(place, target, new ArrayList<>()))
                            .texts()
                            .add(order.get(t));
                }
            }
            return List.copyOf(questions.values());
        }
    }
}
