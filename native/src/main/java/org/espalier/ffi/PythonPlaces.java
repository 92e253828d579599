package org.espalier.ffi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where Python environments have packages: the active one and the user's, those whose {@code python3} is on the PATH (which
 * is all that many containers and job schedulers set up), the usual ones of containers, and the system's.
 */
final class PythonPlaces {

    private static final List<String> ACTIVE = List.of("VIRTUAL_ENV", "CONDA_PREFIX");
    private static final List<String> PROGRAMS = List.of("python3", "python");
    private static final List<String> OF_CONTAINERS = List.of("opt/venv", "opt/conda", "usr/local", "usr");
    private static final Pattern SEPARATOR = Pattern.compile(Pattern.quote(System.getProperty("path.separator")));

    private final Map<String, String> environment;
    private final Path root;

    /**
     * @param environment the process' variables
     * @param root        of the file system
     */
    PythonPlaces(Map<String, String> environment, Path root) {
        this.environment = environment;
        this.root = root;
    }

    /** Folders of packages, in the order in which they are looked at. */
    Stream<Path> packages() {
        return prefixes()
                .flatMap(prefix -> Stream.of("lib", "lib64").map(prefix::resolve))
                .flatMap(lib -> LibrarySearch.folders(lib, "python3*").stream())
                .flatMap(python -> Stream.of("site-packages", "dist-packages").map(python::resolve));
    }

    /** Folders in which environments have libraries that are no package's, as conda does. */
    Stream<Path> libraries() {
        return Stream.concat(paths("CONDA_PREFIX"), Stream.concat(ofPrograms(), Stream.of(root.resolve("opt/conda"))))
                .map(prefix -> prefix.resolve("lib"))
                .distinct();
    }

    private Stream<Path> prefixes() {
        return Stream.of(
                        ACTIVE.stream().flatMap(this::paths),
                        ofPrograms(),
                        paths("HOME").map(home -> home.resolve(".local")),
                        OF_CONTAINERS.stream().map(root::resolve))
                .flatMap(places -> places)
                .distinct();
    }

    /** What stands above the folder of each program on the PATH, and above what the program is a link to. */
    private Stream<Path> ofPrograms() {
        String path = environment.getOrDefault("PATH", "");
        return SEPARATOR
                .splitAsStream(path)
                .flatMap(PythonPlaces::path)
                .flatMap(folder -> PROGRAMS.stream().map(folder::resolve))
                .filter(Files::isExecutable)
                .flatMap(program -> Stream.concat(Stream.of(program), linked(program)))
                .map(program -> program.toAbsolutePath().getParent().getParent())
                .filter(prefix -> prefix != null)
                .distinct();
    }

    private static Stream<Path> linked(Path program) {
        try {
            return Stream.of(program.toRealPath());
        } catch (IOException e) {
            // A link that leads nowhere any more is as good as none.
            return Stream.empty();
        }
    }

    private Stream<Path> paths(String variable) {
        return Stream.ofNullable(environment.get(variable)).flatMap(PythonPlaces::path);
    }

    private static Stream<Path> path(String text) {
        try {
            return text.isBlank() ? Stream.empty() : Stream.of(Path.of(text));
        } catch (InvalidPathException e) {
            // Nothing that the system would find either.
            return Stream.empty();
        }
    }
}
