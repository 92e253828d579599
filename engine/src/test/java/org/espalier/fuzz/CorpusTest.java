package org.espalier.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Of what is tried first, the first input is right, the others get past the first check, and every one that once went wrong is
 * read or refused as it should be. */
class CorpusTest {

    private final List<Target> targets = Targets.all();

    @AfterEach
    void close() {
        targets.forEach(Target::close);
    }

    @TestFactory
    Stream<DynamicTest> everyKnownInputIsReadRightly() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Target target : targets) {
            List<Input> seeds = target.seeds();
            assertTrue(!seeds.isEmpty(), target.name());
            for (Input input : seeds) {
                tests.add(DynamicTest.dynamicTest(target.name() + ", first", () -> {
                    Attempt attempt = attempt(target, input);
                    assertTrue(target.passesFirstCheck(input));
                    if (input == seeds.getFirst()) {
                        assertEquals(
                                "",
                                attempt.refusal()
                                        .map(refusal -> refusal.oneLine())
                                        .orElse(""));
                    }
                }));
            }
            for (Input input : Corpus.of(target.name())) {
                tests.add(DynamicTest.dynamicTest(target.name() + ", kept", () -> attempt(target, input)));
            }
        }
        return tests.stream();
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
