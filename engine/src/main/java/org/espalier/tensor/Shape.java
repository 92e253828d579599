package org.espalier.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The extents of a row-major tensor, outermost first. */
public final class Shape {

    private final long[] dims;

    private Shape(long[] dims) {
        this.dims = dims;
    }

    /**
     * A shape of these extents.
     *
     * @throws IllegalArgumentException if an extent is negative
     * @throws ArithmeticException      if the product of the extents overflows
     */
    public static Shape of(long... dims) {
        long elements = 1;
        for (long dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("negative extent in " + Arrays.toString(dims));
            }
            elements = Math.multiplyExact(elements, dim);
        }
        return new Shape(dims.clone());
    }

    /** How many axes there are; 0 for a single number. */
    public int rank() {
        return dims.length;
    }

    /** The extent of axis {@code axis}; negative axes count from the end. */
    public long dim(int axis) {
        return dims[axis < 0 ? dims.length + axis : axis];
    }

    /** As {@link #dim(int)}, for extents that must fit an int. */
    public int extent(int axis) {
        return Math.toIntExact(dim(axis));
    }

    /** The product of all extents; 1 without axes. */
    public long elements() {
        long elements = 1;
        for (long dim : dims) {
            elements *= dim;
        }
        return elements;
    }

    /** The product of all extents but the last: 1 for rank 1. */
    public int rows() {
        return dims.length == 0 ? 1 : Math.toIntExact(dim(-1) == 0 ? 0 : elements() / dim(-1));
    }

    /** The last extent. */
    public int columns() {
        return dims.length == 0 ? 1 : extent(-1);
    }

    /** A copy of the extents, outermost first. */
    public long[] toArray() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** For example {@code [128, 9, 64]}. */
    @Override
    public String toString() {
        return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
