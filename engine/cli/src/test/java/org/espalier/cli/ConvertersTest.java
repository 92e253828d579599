package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ConvertersTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "800, 800",
        "800b, 800",
        "1k, 1024",
        "800k, 819200",
        "800K, 819200",
        "800m, 838860800",
        "6g, 6442450944",
        "6gb, 6442450944",
        "6G, 6442450944",
        "6GB, 6442450944",
        "6t, 6597069766656",
        "6Tb, 6597069766656",
        "999999t, 1099510528264372224",
        "8388607t, 9223370937343148032",
        "137438953472, 137438953472"
    })
    void sizeInBytes(String size, long bytes) {
        assertEquals(bytes, new Converters.Bytes().convert(size));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "k",
                "b",
                "-5m",
                "1.5g",
                "6 g",
                "6p",
                "6kk",
                "6bk",
                "much",
                "0x10",
                "8388608t",
                "9999999999999999999"
            })
    void otherThingsAreNoSize(String size) {
        assertThrows(TypeConversionException.class, () -> new Converters.Bytes().convert(size));
    }

    @Test
    void aNumberOutsideIsToldItsBounds() {
        String share = assertThrows(TypeConversionException.class, () -> new Converters.Share().convert("NaN"))
                .getMessage();
        assertEquals("'NaN' is not a number from 0, at most 0.95", share);
    }
}
