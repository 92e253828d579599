package org.espalier.cli.serve;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.file.TextFile;

/** Keys of which a request must carry one; compared in a time that says nothing of how much of one is right. */
public final class ApiKeys {

    private static final String SCHEME = "Bearer ";

    private final List<byte[]> keys;

    private ApiKeys(List<byte[]> keys) {
        this.keys = keys;
    }

    /** Everybody may use the server. */
    public static ApiKeys none() {
        return new ApiKeys(List.of());
    }

    /**
     * The keys of a file, one a line.
     *
     * @throws Failure if it cannot be read or holds none
     */
    public static ApiKeys read(Path file) {
        List<byte[]> keys = TextFile.read(file)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .map(line -> line.getBytes(StandardCharsets.UTF_8))
                .toList();
        if (keys.isEmpty()) {
            throw new Failure("there is no API key", file.toString(), "write one on a line of its own");
        }
        return new ApiKeys(keys);
    }

    /** Whether no key is asked for. */
    public boolean open() {
        return keys.isEmpty();
    }

    /** Whether a request with this header {@code Authorization} may be answered. */
    boolean allow(Optional<String> authorization) {
        if (open()) {
            return true;
        }
        byte[] given = authorization
                .filter(header -> header.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
                .map(header -> header.substring(SCHEME.length()).strip())
                .orElse("")
                .getBytes(StandardCharsets.UTF_8);
        boolean allowed = false;
        for (byte[] key : keys) {
            allowed |= MessageDigest.isEqual(key, given);
        }
        return allowed;
    }
}
