package org.espalier.tensor;

/**
 * A row-major view of a buffer. It owns nothing.
 *
 * @param buffer where the numbers are
 * @param offset first byte inside the buffer
 * @param type   how they are stored
 * @param shape  extents, outermost first
 */
public record Tensor(Buffer buffer, long offset, DType type, Shape shape) {

    public Tensor {
        long bytes = type.bytes(shape.elements());
        if (offset < 0 || offset > buffer.bytes() || bytes > buffer.bytes() - offset) {
            throw new IllegalArgumentException(type + " " + shape + " at byte " + offset + " does not fit a buffer of "
                    + buffer.bytes() + " bytes");
        }
        if (!type.plain() && shape.columns() % type.blockElements() != 0) {
            throw new IllegalArgumentException("rows of " + shape + " are not whole blocks of " + type);
        }
    }

    /** The whole of a buffer that holds exactly this. */
    public static Tensor of(Buffer buffer, DType type, Shape shape) {
        return new Tensor(buffer, 0, type, shape);
    }

    /** Bytes of all numbers, which lie in the buffer from {@link #offset()} on. */
    public long bytes() {
        return type.bytes(shape.elements());
    }

    /** Bytes of one row, a row being everything under the last axis. */
    public long rowBytes() {
        return type.bytes(shape.columns());
    }

    /** Whether a byte of this is a byte of the other: of the same buffer, other views of its memory aside. */
    public boolean overlaps(Tensor other) {
        return buffer == other.buffer
                && offset < other.offset + other.bytes()
                && other.offset < offset + bytes()
                && bytes() > 0
                && other.bytes() > 0;
    }

    /** The same numbers under other extents. */
    public Tensor reshape(Shape other) {
        if (other.elements() != shape.elements()) {
            throw new IllegalArgumentException("cannot view " + shape + " as " + other);
        }
        return new Tensor(buffer, offset, type, other);
    }

    /** Entries {@code start} (included) to {@code end} (excluded) of the first axis. */
    public Tensor slice(long start, long end) {
        long[] dims = shape.toArray();
        if (start < 0 || end < start || end > dims[0]) {
            throw new IllegalArgumentException("no entries " + start + " to " + end + " in " + shape);
        }
        long entry = dims[0] == 0 ? 0 : bytes() / dims[0];
        dims[0] = end - start;
        return new Tensor(buffer, offset + start * entry, type, Shape.of(dims));
    }
}
