package org.espalier.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells a page for people that this program wrote from one of the same name that somebody else did. */
public final class OwnText {

    /** The name that pages on models have. */
    public static final String README = "README.md";

    /** How such a page begins: a comment in Markdown. */
    public static final String MARK = "<!-- Written by Espalier, which may replace it. -->\n";

    private OwnText() {}

    /** Whether a file begins with {@link #MARK}. */
    static boolean isOwn(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MARK.length()), StandardCharsets.UTF_8).equals(MARK);
        }
    }
}
