package org.espalier.file;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Locale;
import org.espalier.error.Failure;

/** What to say when something could not be written. */
public final class WriteFailure {

    private WriteFailure() {}

    /** The failure to write {@code target}; what stood there before is unchanged. */
    public static Failure of(IOException e, Path target) {
        String reason = e.getMessage();
        if (e instanceof FileSystemException detailed) {
            String name = e.getClass().getSimpleName().replace("Exception", "");
            reason = detailed.getReason() != null
                    ? detailed.getReason()
                    : name.replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
        }
        return new Failure(
                "cannot be written: " + reason,
                target.toString(),
                "make room or name another place; what stood there is unchanged",
                e);
    }
}
