package org.espalier.cli;

import java.util.function.IntPredicate;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Layers from {@code first} to {@code last}, both included, counted from 0; none if {@code last} is before {@code first}.
 */
record LayerRange(int first, int last) implements IntPredicate {

    @Override
    public boolean test(int layer) {
        return layer >= first && layer <= last;
    }

    /** Reads {@code 4-27}, {@code 5} or {@code none}. */
    static final class Converter implements ITypeConverter<LayerRange> {
        @Override
        public LayerRange convert(String value) {
            if (value.equals("none")) {
                return new LayerRange(0, -1);
            }
            if (!value.matches("\\d{1,4}(-\\d{1,4})?")) {
                throw new TypeConversionException("'" + value + "' is not a range of layers such as 4-27, or none");
            }
            String[] ends = value.split("-");
            LayerRange range = new LayerRange(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]));
            if (range.last < range.first) {
                throw new TypeConversionException("'" + value + "' ends before it begins");
            }
            return range;
        }
    }
}
