package org.espalier.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.DynamicTest;

/**
 * Tests of what is tried first: the first input is right, the others get past the first check, and every one that once went
 * wrong is read or refused as it should be.
 */
public final class KnownInputs {

    private KnownInputs() {}

    /** A test of each input of some targets, which the caller closes. */
    public static Stream<DynamicTest> tests(List<Target> targets) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Target target : targets) {
            List<Input> seeds = target.seeds();
            assertFalse(seeds.isEmpty(), target.name());
            for (Input input : seeds) {
                tests.add(DynamicTest.dynamicTest(
                        target.name() + ", first", () -> seed(target, input, input == seeds.getFirst())));
            }
            for (Input input : Corpus.of(target.name())) {
                tests.add(DynamicTest.dynamicTest(target.name() + ", kept", () -> attempt(target, input)));
            }
        }
        return tests.stream();
    }

    private static void seed(Target target, Input input, boolean right) throws IOException {
        Attempt attempt = attempt(target, input);
        assertTrue(target.passesFirstCheck(input));
        if (right) {
            assertEquals("", attempt.refusal().map(Failure::oneLine).orElse(""));
        }
    }

    private static Attempt attempt(Target target, Input input) throws IOException {
        try (Scratch scratch = new Scratch()) {
            input.writeInto(scratch.folder());
            Attempt attempt = Attempt.make(target, scratch.folder(), input);
            assertEquals(
                    "",
                    attempt.finding()
                            .map(finding -> finding.kind() + "\n" + finding.detail())
                            .orElse(""));
            return attempt;
        }
    }
}
