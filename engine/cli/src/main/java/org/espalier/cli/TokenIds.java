package org.espalier.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.TextFile;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Token ids that a person gives. */
record TokenIds(int[] ids) {

    /**
     * The ids in a JSON array of whole numbers.
     *
     * @throws Failure if the file holds something else, or none
     */
    static TokenIds read(Path file) {
        String text = TextFile.read(file);
        int[] ids;
        try {
            ids = Json.readWholeNumbers(text, int[].class);
        } catch (JsonProcessingException e) {
            throw new Failure("file is not a JSON array of token ids", file.toString(), "write it as [1, 403, 407]", e);
        }
        if (ids == null || ids.length == 0) {
            throw new Failure("file holds no token ids", file.toString(), "write it as [1, 403, 407]");
        }
        return new TokenIds(ids);
    }

    /** Ids on the command line, such as {@code 1,403,407}. */
    static final class Converter implements ITypeConverter<TokenIds> {
        @Override
        public TokenIds convert(String value) {
            try {
                return new TokenIds(Arrays.stream(value.split(",", -1))
                        .mapToInt(id -> Integer.parseInt(id.strip()))
                        .toArray());
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + value + "' is not a list of token ids such as 1,403,407");
            }
        }
    }
}
