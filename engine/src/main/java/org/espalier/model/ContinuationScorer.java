package org.espalier.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.model.PrefixTree.Node;
import org.espalier.model.PrefixTree.Question;
import org.espalier.model.SharedCache.Answers;
import org.espalier.model.SharedCache.Part;

/**
 * How likely a model finds the ends of texts. What several texts begin with is computed once, and tokens of many texts are
 * computed together, without padding: the time is bound by the tokens that differ.
 */
public final class ContinuationScorer implements AutoCloseable {

    /** Tokens computed at once: enough for fast matrix products. */
    private static final int BATCH_TOKENS = LossBatches.BATCH_TOKENS;

    /** Rows of a cache, unless one text is longer: enough for batches from trees of every form. */
    private static final int CACHE_ROWS = 16 * BATCH_TOKENS;

    /** Most numbers of logits that are there at once, unless one token has more. */
    private static final int MOST_LOGITS = 1 << 24;

    private final Model model;
    private final long memory;
    private SharedCache cache;

    /**
     * @param memory bytes that the cache may take, if it holds the longest text then
     */
    public ContinuationScorer(Model model, long memory) {
        this.model = model;
        this.memory = memory;
    }

    /**
     * The likelihood of each text's end. It depends on the other texts only as far as the order of float32 sums does; the
     * same texts in the same order give the same bytes.
     *
     * @return not finite where the model gives no finite logits
     * @throws org.espalier.error.Failure if a text is longer than the model's context, or a token is not in its vocabulary
     */
    public List<Likelihood> likelihoods(List<Continuation> texts) {
        texts.forEach(text -> Scorer.check(model.config(), text.ids(), text.read()));
        List<PrefixTree> trees = PrefixTree.of(texts, beginningsHold(texts));
        open(trees.stream().mapToInt(PrefixTree::rows).max().orElse(0));
        Round round = new Round(texts.size(), trees);
        while (round.goOn()) {
            round.step();
        }
        return round.likelihoods();
    }

    /** Whether what texts begin with is computed alike in all of them. */
    private boolean beginningsHold(List<Continuation> texts) {
        return !model.config().readsPromptsWhole()
                && texts.stream().allMatch(text -> text.read() <= model.config().steadyContext());
    }

    private void open(int longest) {
        if (cache != null && cache.rows() >= longest) {
            return;
        }
        close();
        long affordable = memory / Math.max(1, SharedCache.bytes(model, 1));
        cache = new SharedCache(model, Math.max(longest, (int) Math.min(CACHE_ROWS, affordable)));
    }

    @Override
    public void close() {
        if (cache != null) {
            cache.close();
            cache = null;
        }
    }

    /** A tree that has rows of the cache. */
    private static final class Growing {

        private final PrefixTree tree;
        private final int row;
        private int next;

        Growing(PrefixTree tree, int row) {
            this.tree = tree;
            this.row = row;
        }

        Node node() {
            return tree.nodes().get(next);
        }

        boolean isDone() {
            return next == tree.nodes().size();
        }

        Part part() {
            Node node = node();
            return new Part(
                    row,
                    node.past(),
                    node.ids(),
                    node.questions().stream().mapToInt(Question::place).toArray(),
                    node.questions().stream().mapToInt(Question::target).toArray());
        }
    }

    /** All texts of one call. */
    private final class Round {

        private final Deque<PrefixTree> waiting;
        private final List<Growing> growing = new ArrayList<>();
        private final FreeRows free = new FreeRows(cache.rows());
        private final int mostQuestions =
                Math.max(1, MOST_LOGITS / model.config().vocab());
        private final double[] sums;
        private final boolean[] greedy;

        Round(int texts, List<PrefixTree> trees) {
            waiting = new ArrayDeque<>(trees);
            sums = new double[texts];
            greedy = new boolean[texts];
            Arrays.fill(greedy, true);
        }

        boolean goOn() {
            return !waiting.isEmpty() || !growing.isEmpty();
        }

        /** Computes the next nodes of as many trees as go together. */
        void step() {
            admit();
            List<Growing> together = together();
            Answers answers = cache.run(together.stream().map(Growing::part).toList());
            int answer = 0;
            for (Growing tree : together) {
                for (Question question : tree.node().questions()) {
                    add(question, answers.loss(answer), answers.best(answer) == question.target());
                    answer++;
                }
                tree.next++;
            }
            Iterator<Growing> all = growing.iterator();
            while (all.hasNext()) {
                Growing tree = all.next();
                if (tree.isDone()) {
                    free.giveBack(tree.row, tree.tree.rows());
                    all.remove();
                }
            }
        }

        private void admit() {
            while (!waiting.isEmpty()) {
                OptionalInt row = free.take(waiting.getFirst().rows());
                if (row.isEmpty()) {
                    return;
                }
                growing.add(new Growing(waiting.removeFirst(), row.getAsInt()));
            }
        }

        private List<Growing> together() {
            List<Growing> together = new ArrayList<>();
            int tokens = 0;
            int questions = 0;
            for (Growing tree : growing) {
                Node node = tree.node();
                boolean fits = tokens + node.ids().length <= BATCH_TOKENS
                        && questions + node.questions().size() <= mostQuestions;
                if (together.isEmpty() || fits) {
                    together.add(tree);
                    tokens += node.ids().length;
                    questions += node.questions().size();
                }
            }
            return together;
        }

        private void add(Question question, double loss, boolean best) {
            for (int text : question.texts()) {
                sums[text] -= loss;
                greedy[text] &= best;
            }
        }

        List<Likelihood> likelihoods() {
            List<Likelihood> likelihoods = new ArrayList<>();
            for (int text = 0; text < sums.length; text++) {
                likelihoods.add(new Likelihood(sums[text], greedy[text]));
            }
            return likelihoods;
        }
    }
}
