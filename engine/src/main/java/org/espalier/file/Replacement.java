package org.espalier.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.error.Printable;

/** What an output may stand in the place of: a folder of this program's own, and never what is read meanwhile. */
public final class Replacement {

    /** What is made of a model or a run and put beside it: no model is read from it. */
    private static final Set<String> DERIVED = Set.of("plan.json", "scores.json");

    private static final List<String> DRAWN = List.of(".html", ".md", ".svg");

    private Replacement() {}

    /**
     * Refuses a place whose replacement would remove an input.
     *
     * @param target where something may stand already
     * @param inputs files and folders that are read
     * @throws Failure if one of them is {@code target} or lies in it, or {@code target} is a file that one consists of
     */
    public static void requireApart(Path target, Collection<Path> inputs) {
        if (!Files.exists(target)) {
            return;
        }
        try {
            Path real = target.toRealPath();
            for (Path input : inputs) {
                for (Path place : places(input)) {
                    if (place.startsWith(real) || isPart(real, place)) {
                        throw new Failure(
                                "the output would replace an input, " + Printable.quoted(input.toString()),
                                target.toString(),
                                "name another place for the output");
                    }
                }
            }
        } catch (IOException e) {
            throw WriteFailure.of(e, target);
        } catch (UncheckedIOException e) {
            throw WriteFailure.of(e.getCause(), target);
        }
    }

    /**
     * Refuses to replace a folder in which something lies that this program does not write.
     *
     * @throws Failure that names what lies there
     */
    public static void requireOwn(Path target) {
        try {
            Optional<Path> stranger = Files.isDirectory(target) ? OwnFolder.stranger(target) : Optional.empty();
            if (stranger.isPresent()) {
                throw new Failure(
                        "the folder holds something that this program did not write, "
                                + Printable.quoted(
                                        target.relativize(stranger.get()).toString()),
                        target.toString(),
                        "name another place, or remove the folder yourself");
            }
        } catch (IOException e) {
            throw WriteFailure.of(e, target);
        }
    }

    /** An input as it is named, as it really lies, and where the links in its folder lead: parts of models are often links. */
    private static List<Path> places(Path input) throws IOException {
        List<Path> places = new ArrayList<>(List.of(input.toAbsolutePath().normalize()));
        if (!Files.exists(input)) {
            return places;
        }
        places.add(input.toRealPath());
        Path parent = input.toAbsolutePath().normalize().getParent();
        if (parent != null) {
            places.add(parent.toRealPath()
                    .resolve(input.toAbsolutePath().normalize().getFileName()));
        }
        if (Files.isDirectory(input)) {
            try (Stream<Path> entries = Files.list(input)) {
                for (Path link : entries.filter(Files::isSymbolicLink).toList()) {
                    if (Files.exists(link)) {
                        places.add(link.toRealPath());
                    }
                }
            }
        }
        return places;
    }

    /** Whether a file lies in a folder that is read, and may be read itself. */
    private static boolean isPart(Path file, Path folder) {
        String name = file.getFileName() == null ? "" : file.getFileName().toString();
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && folder.equals(file.getParent())
                && !DERIVED.contains(name)
                && DRAWN.stream().noneMatch(name::endsWith);
    }
}
