package org.espalier.cli;

import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The name of a backend. */
final class BackendName implements ITypeConverter<String> {

    @Override
    public String convert(String value) {
        if (!Set.of("cpu", "reference", "cuda").contains(value)) {
            throw new TypeConversionException("'" + value + "' is not cpu, reference or cuda");
        }
        return value;
    }
}
