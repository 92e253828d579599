package org.espalier.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Other programs whose choices can be reproduced. */
enum Compat {
    LLM_PRUNER;

    static final class Converter implements ITypeConverter<Compat> {
        @Override
        public Compat convert(String value) {
            if (value.equals("llm-pruner")) {
                return LLM_PRUNER;
            }
            throw new TypeConversionException("'" + value + "' is not known; llm-pruner is");
        }
    }
}
