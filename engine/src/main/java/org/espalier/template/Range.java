package org.espalier.template;

/** The numbers from {@code start} by steps of {@code step}, {@code size} of them. */
record Range(long start, long stop, long step, int size) {

    /** As in Jinja2's sandbox. */
    private static final long LARGEST = 100_000;

    /**
     * A range.
     *
     * @throws TemplateError if it is too large, or {@code step} is 0
     */
    static Range of(long start, long stop, long step) {
        if (step == 0) {
            throw new TemplateError("the step of a range is 0");
        }
        double size = Math.ceil(((double) stop - start) / step);
        if (size > LARGEST) {
            throw new TemplateError("a range has more than " + LARGEST + " numbers");
        }
        return new Range(start, stop, step, (int) Math.max(0, size));
    }

    long get(int index) {
        return start + index * step;
    }
}
