package org.espalier.tune;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How a training went so far.
 *
 * @param updates in order
 * @param looks   at held-out samples, in order; the first is from before training
 */
public record History(List<Update> updates, List<Look> looks) {

    /** Looks of which each is worse than the one before, while training losses fall, before that is told. */
    private static final int WORSE_LOOKS = 2;

    public History {
        updates = List.copyOf(updates);
        looks = List.copyOf(looks);
    }

    /** Trained on. */
    long tokens() {
        return updates.isEmpty() ? 0 : updates.getLast().tokens();
    }

    /** Spent on updates. */
    double seconds() {
        return updates.stream().mapToDouble(Update::seconds).sum();
    }

    /** The look at which the loss was lowest, the first of such; empty if there was none. */
    public Optional<Look> best() {
        return looks.stream().min(Comparator.comparingDouble(Look::loss));
    }

    /** Looks since the best one. */
    int looksSinceBest() {
        return best().map(best -> looks.size() - 1 - looks.indexOf(best)).orElse(0);
    }

    /** Whether the last looks were each worse than the one before while the losses of training fell between them. */
    boolean learnsByHeart() {
        if (looks.size() <= WORSE_LOOKS) {
            return false;
        }
        List<Look> last = looks.subList(looks.size() - 1 - WORSE_LOOKS, looks.size());
        for (int i = 1; i < last.size(); i++) {
            if (last.get(i).loss() <= last.get(i - 1).loss()) {
                return false;
            }
        }
        for (int i = 2; i < last.size(); i++) {
            if (trained(last.get(i - 1), last.get(i)) >= trained(last.get(i - 2), last.get(i - 1))) {
                return false;
            }
        }
        return true;
    }

    /** Mean loss of the updates between two looks. */
    private double trained(Look from, Look to) {
        return updates.subList(from.step(), to.step()).stream()
                .mapToDouble(Update::loss)
                .average()
                .orElseThrow();
    }
}
