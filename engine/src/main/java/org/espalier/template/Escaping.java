package org.espalier.template;

/** Texts made safe for HTML. */
final class Escaping {

    private Escaping() {}

    /** A value as a text that needs no escaping any more. */
    static SafeText escaped(Object value) {
        return value instanceof SafeText safe ? safe : new SafeText(escape(Texts.of(value)));
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }
}
