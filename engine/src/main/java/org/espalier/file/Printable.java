package org.espalier.file;

/** Names from files as they may stand in a message: one line, of a bounded length. */
public final class Printable {

    private static final int LONGEST = 80;

    private Printable() {}

    /** {@code name} in quotes, control characters escaped, cut after 80 characters. */
    public static String quoted(String name) {
        StringBuilder out = new StringBuilder("'");
        for (int i = 0; i < Math.min(name.length(), LONGEST); i++) {
            char c = name.charAt(i);
            if (Character.isISOControl(c)
                    || Character.getType(c) == Character.LINE_SEPARATOR
                    || Character.getType(c) == Character.PARAGRAPH_SEPARATOR) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append(name.length() > LONGEST ? "…'" : "'").toString();
    }
}
