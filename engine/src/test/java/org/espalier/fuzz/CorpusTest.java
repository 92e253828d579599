package org.espalier.fuzz;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What is known is read as it should be. */
class CorpusTest {

    private final List<Target> targets = Targets.all();

    @AfterEach
    void close() {
        targets.forEach(Target::close);
    }

    @TestFactory
    Stream<DynamicTest> everyKnownInputIsReadRightly() throws IOException {
        return KnownInputs.tests(targets);
    }
}
