package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import org.espalier.error.Failure;
import org.espalier.fuzz.Input;
import org.espalier.fuzz.Target;
import org.junit.jupiter.api.Test;

/** The server's part in {@code tools/fuzz}. */
class RequestTargetTest {

    @Test
    void rightRequestsAreUnderstoodAndWrongOnesRefused() throws Exception {
        List<Target> found = ServiceLoader.load(Target.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        assertEquals(List.of("http-request"), found.stream().map(Target::name).toList());
        try (Target target = found.getFirst()) {
            for (Input seed : target.seeds()) {
                target.read(Path.of("unused"), seed);
            }
            Input wrong = Input.of("request.json", "{\"prompt\": 1}");
            assertThrows(Failure.class, () -> target.read(Path.of("unused"), wrong));
        }
    }
}
