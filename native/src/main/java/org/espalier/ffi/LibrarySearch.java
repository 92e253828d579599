package org.espalier.ffi;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Looks for a shared library in one place after another. */
final class LibrarySearch {

    private LibrarySearch() {}

    /**
     * The first library that opens and has a function that shows that it is the right one.
     *
     * @param given      the only place to look when a person names one
     * @param candidates names, which the dynamic linker looks for, and paths, in order; paths that do not exist are
     *                   passed over, and their folders named together
     * @param function   the function that it must have
     */
    static Library first(Optional<String> given, List<String> candidates, String function) {
        List<String> reasons = new ArrayList<>();
        Set<String> without = new LinkedHashSet<>();
        for (String candidate : given.map(List::of).orElse(candidates)) {
            if (given.isEmpty() && candidate.contains("/") && !Files.exists(Path.of(candidate))) {
                without.add(String.valueOf(Path.of(candidate).getParent()));
                continue;
            }
            switch (Library.open(candidate)) {
                case Library.Absent absent -> reasons.addAll(absent.reasons());
                case Library.Loaded library
                when library.symbols().find(function).isPresent() -> {
                    return library;
                }
                case Library.Loaded library -> reasons.add(library.name() + ": has no function " + function);
            }
        }
        if (!without.isEmpty()) {
            reasons.add("none in " + String.join(", ", without));
        }
        return new Library.Absent(reasons);
    }

    /** Every name in every folder, all folders for the first name first. */
    static Stream<String> paths(List<String> names, List<Path> folders) {
        return names.stream()
                .flatMap(name ->
                        folders.stream().map(folder -> folder.resolve(name).toString()));
    }

    /** The folders in {@code parent} whose names match a glob pattern, the last in the alphabet first. */
    static List<Path> folders(Path parent, String pattern) {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, pattern)) {
            entries.forEach(found::add);
        } catch (IOException e) {
            // A folder that cannot be read is as good as an empty one: a search reports what it tried.
            return List.of();
        }
        found.sort(Comparator.reverseOrder());
        return found;
    }
}
