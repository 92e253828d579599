package org.espalier.model;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Names that people give for several: parts between dots, in which {@code *} stands for anything within one. */
public final class NamePattern {

    private NamePattern() {}

    /** Finds names that end in these parts. */
    static Pattern ofEnds(String parts) {
        return Pattern.compile("(.*\\.)?" + expression(parts));
    }

    /** Finds names that have these parts anywhere, one after the other. */
    public static Pattern ofParts(String parts) {
        return Pattern.compile("(.*\\.)?" + expression(parts) + "(\\..*)?");
    }

    private static String expression(String parts) {
        return Stream.of(parts.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining("[^.]*"));
    }
}
