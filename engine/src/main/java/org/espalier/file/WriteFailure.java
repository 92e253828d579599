package org.espalier.file;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Locale;
import org.espalier.error.Failure;

/** What to say when something could not be written. */
public final class WriteFailure {

    private WriteFailure() {}

    /** The failure to make an output last that stands in its place already, whole. */
    static Failure ofFlushing(IOException e, Path target) {
        return new Failure(
                "was written, but may not be on the disk yet: " + reason(e),
                target.toString(),
                "run 'sync', or write it again: it could be lost if the machine stopped now",
                e);
    }

    /** The failure to write {@code target}; what stood there before is unchanged. */
    public static Failure of(IOException e, Path target) {
        return new Failure(
                "cannot be written: " + reason(e),
                target.toString(),
                "make room or name another place; what stood there is unchanged",
                e);
    }

    private static String reason(IOException e) {
        if (!(e instanceof FileSystemException detailed)) {
            return e.getMessage();
        }
        String name = e.getClass().getSimpleName().replace("Exception", "");
        return detailed.getReason() != null
                ? detailed.getReason()
                : name.replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
    }
}
