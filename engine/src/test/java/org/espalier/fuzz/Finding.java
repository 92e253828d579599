package org.espalier.fuzz;

/**
 * Something that must not happen.
 *
 * @param kind   in a few words, by which findings of one cause are known: what was thrown and where
 * @param detail for a person
 * @param input  that led to it
 */
record Finding(String kind, String detail, Input input) {

    private static final String OWN = Finding.class.getPackageName() + ".";

    /** What a reader threw. */
    static Finding thrown(Throwable thrown, Input input) {
        StringBuilder detail = new StringBuilder(String.valueOf(thrown));
        for (StackTraceElement frame : thrown.getStackTrace()) {
            detail.append("\n    at ").append(frame);
            if (detail.length() > 8000) {
                break;
            }
        }
        return new Finding(
                thrown.getClass().getSimpleName() + " in " + place(thrown.getStackTrace()), detail.toString(), input);
    }

    /** The product's method that was running. */
    static String place(StackTraceElement[] frames) {
        for (StackTraceElement frame : frames) {
            if (frame.getClassName().startsWith("org.espalier.")
                    && !frame.getClassName().startsWith(OWN)) {
                return frame.getClassName().substring("org.espalier.".length()) + "." + frame.getMethodName();
            }
        }
        return "an unknown place";
    }
}
