package org.espalier.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FuzzOptionsTest {

    @Test
    void targetsAreChosenByName() {
        FuzzOptions options = FuzzOptions.parse(
                List.of("--target", "gguf,plan", "--minutes", "0.5", "--seed", "7", "--patience", "90"));
        assertEquals(
                List.of("gguf", "plan"),
                options.targets().stream().map(Target::name).toList());
        assertEquals(30, options.seconds());
        assertEquals(7, options.seed());
        assertEquals(90, options.patience());
        assertEquals(30, FuzzOptions.parse(List.of()).patience());
    }

    @Test
    void everyTargetHasANameOfItsOwn() {
        List<String> names = Targets.all().stream().map(Target::name).toList();
        assertEquals(names.stream().distinct().toList(), names);
    }

    @ParameterizedTest
    @CsvSource({
        "--minutes, needs a value",
        "--minutes x, not a number",
        "--minutes 0, not a positive number",
        "--inputs NaN, not a positive number",
        "--target nothing, use some of",
        "--input folder, needs --target",
        "--other x, is not known"
    })
    void whatIsWrongIsNamed(String arguments, String expected) {
        Failure failure =
                assertThrows(Failure.class, () -> FuzzOptions.parse(List.of(arguments.split(" "))), arguments);
        assertTrue(failure.oneLine().contains(expected), failure.oneLine());
    }
}
