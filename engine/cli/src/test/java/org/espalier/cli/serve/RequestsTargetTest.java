package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.cli.serve.HeardReply.Answered;
import org.espalier.error.Failure;
import org.espalier.fuzz.FoundElsewhere;
import org.espalier.fuzz.KnownInputs;
import org.espalier.fuzz.Target;
import org.espalier.fuzz.Targets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Requests that are known are answered as they should be; and what no client may get is found. */
class RequestsTargetTest {

    private final Target target = new RequestsTarget();

    @AfterEach
    void close() {
        target.close();
    }

    @TestFactory
    Stream<DynamicTest> everyKnownRequestIsAnsweredRightly() throws IOException {
        return KnownInputs.tests(List.of(target));
    }

    @Test
    void itIsOneOfAllTargets() {
        List<String> names = Targets.all().stream().map(Target::name).toList();
        assertTrue(names.contains("requests"), names::toString);
        assertEquals(names.stream().distinct().toList(), names);
    }

    private static void judge(int status, String body) throws Exception {
        RequestsTarget.judge(new OfflineServer.Connection(List.of(new Answered(status, body)), true));
    }

    private static String error(String message) {
        return "{\"error\": {\"message\": \"" + message + "\", \"param\": null, \"code\": \"c\"}}";
    }

    @Test
    void anAnswerThatNoClientMayGetIsFound() {
        assertThrows(FoundElsewhere.class, () -> judge(500, error("internal error: x.Y: z")));
        assertThrows(FoundElsewhere.class, () -> judge(503, error("overloaded")));
        assertThrows(FoundElsewhere.class, () -> judge(400, error("two\\nlines")));
        assertThrows(FoundElsewhere.class, () -> judge(400, error("x".repeat(20_000))));
        assertThrows(FoundElsewhere.class, () -> RequestsTarget.judge(new OfflineServer.Connection(List.of(), false)));
        assertEquals(
                "no", assertThrows(Failure.class, () -> judge(400, error("no"))).problem());
        assertDoesNotThrow(() -> judge(200, "{}"));
    }
}
