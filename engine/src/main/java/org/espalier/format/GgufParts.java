package org.espalier.format;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.error.Failure;

/**
 * A model in several GGUF files, as llama.cpp's {@code gguf-split} makes them: {@code NAME-00001-of-00003.gguf} has the
 * metadata and the first tensors, the others have the rest.
 */
final class GgufParts {

    private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    private GgufParts() {}

    /**
     * Opens a file and, if it is the first of several, the others.
     *
     * @throws Failure if one of them is missing or is another part than its name says
     */
    static GgufFile open(Path path) {
        GgufFile first = GgufFile.open(path);
        try {
            int count = first.partCount();
            if (count > 1) {
                openOthers(first, count);
            }
            return first;
        } catch (RuntimeException | Error e) {
            first.close();
            throw e;
        }
    }

    /** Whether a file is a part other than the first, by its name. */
    static boolean isContinuation(Path path) {
        Matcher name = NAME.matcher(path.getFileName().toString());
        return name.matches() && Integer.parseInt(name.group(2)) > 1;
    }

    private static void openOthers(GgufFile first, int count) {
        Matcher name = NAME.matcher(first.path().getFileName().toString());
        if (!name.matches() || Integer.parseInt(name.group(3)) != count) {
            throw new Failure(
                    "is the first of " + count + " parts of a model, which its name does not say",
                    first.path().toString(),
                    String.format(Locale.ROOT, "call the parts NAME-00001-of-%05d.gguf and so on", count));
        }
        for (int number = 1; number < count; number++) {
            Path path = first.path()
                    .resolveSibling(
                            String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", name.group(1), number + 1, count));
            if (!Files.exists(path)) {
                throw new Failure(
                        "part " + (number + 1) + " of " + count + " of the model is not there",
                        path.toString(),
                        "fetch the missing file");
            }
            add(first, path, number);
        }
    }

    private static void add(GgufFile first, Path path, int number) {
        GgufFile part = GgufFile.openPart(path);
        first.add(part);
        if (part.partNumber() != number) {
            throw new Failure(
                    "says that it is part " + (part.partNumber() + 1L) + " of a model",
                    path.toString(),
                    "fetch the parts again");
        }
    }
}
