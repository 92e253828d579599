package org.espalier.tune;

import java.util.function.Consumer;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;

/** What happens to records that nothing can be learnt from: the first one ends the work, or all are left out and counted. */
public final class BrokenRecords implements Consumer<Failure> {

    private static final int NAMED = 5;

    private final boolean skipped;
    private int count;

    private BrokenRecords(boolean skipped) {
        this.skipped = skipped;
    }

    /** The first one ends the work. */
    public static BrokenRecords refused() {
        return new BrokenRecords(false);
    }

    /** They are left out; the first few are named by warnings. */
    public static BrokenRecords skipped() {
        return new BrokenRecords(true);
    }

    /** Whether they are left out. */
    boolean areSkipped() {
        return skipped;
    }

    /** @throws Failure what is wrong with a record, unless such are left out */
    @Override
    public void accept(Failure broken) {
        if (!skipped) {
            throw new Failure(
                    broken.problem(),
                    broken.place(),
                    broken.advice() + ", or leave such records out with --skip-broken",
                    broken);
        }
        if (count++ < NAMED) {
            Warnings.say(new Failure("left out: " + broken.problem(), broken.place(), broken.advice()));
        }
    }

    /** Says how many were left out, if any were. */
    void summarise(String where) {
        if (count > 0) {
            Warnings.say(new Failure(
                    count == 1 ? "1 broken record was left out" : count + " broken records were left out",
                    where,
                    count > NAMED
                            ? "correct them; the first " + NAMED + " are named above"
                            : "correct what is named above"));
        }
    }

    /** How many were left out. */
    public int count() {
        return count;
    }
}
