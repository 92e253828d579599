package org.espalier.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file with texts to learn from or to calibrate on.
 *
 * @param path  the file
 * @param share of the tokens, above 0 and at most 1; a single file needs none
 */
public record DataFile(Path path, OptionalDouble share) {

    private static final Pattern SHARED = Pattern.compile("(.+):([^:/]*)", Pattern.DOTALL);
    private static final Pattern NUMBER = Pattern.compile("[-+]?\\d*\\.?\\d*([eE][-+]?\\d+)?");

    public DataFile {
        if (share.isPresent() && !(share.getAsDouble() > 0 && share.getAsDouble() <= 1)) {
            throw new IllegalArgumentException("share of " + path + " is " + share.getAsDouble());
        }
    }

    /** A file without a share. */
    public static DataFile of(Path path) {
        return new DataFile(path, OptionalDouble.empty());
    }

    /** A file that gives a share of the tokens. */
    public static DataFile of(Path path, double share) {
        return new DataFile(path, OptionalDouble.of(share));
    }

    /**
     * Reads {@code FILE} or {@code FILE:SHARE}. What is there as a file is that file, whatever its name ends in.
     *
     * @throws IllegalArgumentException that says what is wrong with the share
     */
    public static DataFile parse(String text) {
        Matcher shared = SHARED.matcher(text);
        if (Files.exists(Path.of(text)) || !shared.matches()) {
            return of(Path.of(text));
        }
        Path path = Path.of(shared.group(1));
        String number = shared.group(2);
        if (!NUMBER.matcher(number).matches()) {
            if (Files.exists(path)) {
                throw noShare(number, path);
            }
            return of(Path.of(text));
        }
        try {
            double share = Double.parseDouble(number);
            if (share > 0 && share <= 1) {
                return of(path, share);
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw noShare(number, path);
    }

    private static IllegalArgumentException noShare(String number, Path path) {
        return new IllegalArgumentException(
                "'" + number + "' is no share of " + path.getFileName() + ": a number above 0, at most 1");
    }
}
