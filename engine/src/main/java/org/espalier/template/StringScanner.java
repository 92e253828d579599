package org.espalier.template;

/** Texts in quotes, with the escapes of Python. */
final class StringScanner {

    private StringScanner() {}

    /** The index after the closing quote, or -1 if there is none. */
    static int end(String source, int start) {
        char quote = source.charAt(start);
        for (int i = start + 1; i < source.length(); i++) {
            char c = source.charAt(i);
            if (c == quote) {
                return i + 1;
            }
            if (c == '\\') {
                i++;
            }
        }
        return -1;
    }

    /** What stands between quotes, its escapes replaced by what they mean. */
    static String meaning(String text, int line) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (c == '\\') {
                i = escape(text, i + 1, out, line);
            } else {
                out.append(c);
                i++;
            }
        }
        return out.toString();
    }

    /** Appends what the escape after a backslash means, and says where the text goes on. */
    private static int escape(String text, int at, StringBuilder out, int line) {
        char c = text.charAt(at);
        switch (c) {
            case '\n' -> {}
            case 'a' -> out.append('\u0007');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'v' -> out.append('\u000b');
            case '\\', '\'', '"' -> out.append(c);
            case 'x' -> {
                return hex(text, at + 1, 2, out, line);
            }
            case 'u' -> {
                return hex(text, at + 1, 4, out, line);
            }
            case 'U' -> {
                return hex(text, at + 1, 8, out, line);
            }
            case 'N' -> {
                return named(text, at + 1, out, line);
            }
            default -> {
                return other(text, at, out);
            }
        }
        return at + 1;
    }

    private static int hex(String text, int start, int digits, StringBuilder out, int line) {
        int value = 0;
        for (int i = start; i < start + digits; i++) {
            int digit = i < text.length() && text.charAt(i) < 0x80 ? Character.digit(text.charAt(i), 16) : -1;
            if (digit < 0 || value > Character.MAX_CODE_POINT) {
                throw new TemplateError("an escape in a text is not complete", line);
            }
            value = value * 16 + digit;
        }
        if (!Character.isValidCodePoint(value)) {
            throw new TemplateError("an escape in a text names no character", line);
        }
        out.appendCodePoint(value);
        return start + digits;
    }

    private static int named(String text, int start, StringBuilder out, int line) {
        int end = text.indexOf('}', start);
        if (!text.startsWith("{", start) || end < 0) {
            throw new TemplateError("an escape in a text is not complete", line);
        }
        try {
            out.appendCodePoint(Character.codePointOf(text.substring(start + 1, end)));
        } catch (IllegalArgumentException e) {
            throw new TemplateError("an escape in a text names no character", line);
        }
        return end + 1;
    }

    /** Octal numbers; what else follows a backslash stays as it is. */
    private static int other(String text, int at, StringBuilder out) {
        int end = at;
        int value = 0;
        while (end < text.length() && end < at + 3 && text.charAt(end) >= '0' && text.charAt(end) <= '7') {
            value = value * 8 + text.charAt(end) - '0';
            end++;
        }
        if (end > at) {
            out.append((char) value);
            return end;
        }
        int c = text.codePointAt(at);
        out.append('\\');
        if (c < 0x80) {
            out.appendCodePoint(c);
        } else {
            // Jinja2 has escaped it itself by now, and its backslash follows this one.
            out.append(String.format(c < 0x100 ? "x%02x" : c < 0x10000 ? "u%04x" : "U%08x", c));
        }
        return at + Character.charCount(c);
    }
}
