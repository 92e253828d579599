package org.espalier.cli.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.TestFiles;
import org.espalier.ffi.NativeMemory;
import org.espalier.tune.OptimizerFile;

/** A command, where it writes, and what must be true of that place after each run, whatever went wrong in it. */
final class Trial {

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final String FAILURE = "engine: .+ \\(.+\\): .+";
    /** Says that what failed came after the output was in its place. */
    private static final String WRITTEN = "was written";
    /** Says that what stood there is kept beside its place. */
    private static final String ASIDE = "; the next run puts it back";

    private final Writer writer;
    private final Path folder;
    private final Path earlier;
    private final Standing whole;
    private final Set<Path> open;

    /**
     * Runs the command once, undisturbed.
     *
     * @param folder that it writes into, and nobody else
     * @param kept   a place for another output
     */
    Trial(Writer writer, Path folder, Path kept) {
        this.writer = writer;
        this.folder = folder;
        Path mine = kept.resolve(writer.name().replace(' ', '-'));
        this.earlier = mine.resolve(writer.out());
        Standing.empty(folder);
        requireDone(writer.run(folder, false));
        this.whole = Standing.at(place());
        this.open = descriptors();
        if (!Files.exists(earlier)) {
            create(mine);
            Standing.copy(place(), earlier);
            Standing.mark(earlier);
        }
    }

    Writer writer() {
        return writer;
    }

    /** Puts an earlier output there, or nothing. */
    void prepare(boolean replaces) {
        Standing.empty(folder);
        if (replaces) {
            Standing.copy(earlier, place());
        }
    }

    /** What must not be after a run that nobody ended: it did what it should, or failed in one line and changed nothing. */
    List<String> problems(Writer.Ran ran, boolean replaced) {
        List<String> problems = new ArrayList<>();
        Standing now = Standing.at(place());
        Standing before = replaced ? Standing.at(earlier) : Standing.NOTHING;
        boolean aside = ran.lastLine().endsWith(ASIDE) && now.equals(Standing.NOTHING);
        boolean written = ran.status() == 0 || ran.lastLine().contains(WRITTEN);
        if (ran.status() > 1) {
            problems.add("exit status " + ran.status());
        }
        if (!aside && !(ran.status() == 1 && isState()) && !now.equals(written ? whole : before)) {
            problems.add("exit status " + ran.status() + ", but there stands " + describe(now) + " instead of "
                    + (written ? "the whole output" : "what stood there before"));
        }
        if (ran.status() == 1 && !ran.lastLine().matches(FAILURE)) {
            problems.add("the last line is '" + ran.lastLine() + "'");
        }
        ran.err()
                .lines()
                .filter(line -> !line.startsWith("engine: "))
                .findFirst()
                .ifPresent(line -> problems.add("a line that is none of the program's: '" + line + "'"));
        leaks().ifPresent(problems::add);
        return problems;
    }

    /** What must not be after a run that was killed: part of an output. */
    List<String> problemsOfKilled(boolean replaced) {
        Standing now = Standing.at(place());
        Standing before = replaced ? Standing.at(earlier) : Standing.NOTHING;
        // What is kept beside the place is put back by the next run.
        boolean aside = replaced
                && now.equals(Standing.NOTHING)
                && !TestFiles.names(folder).isEmpty();
        return now.equals(whole) || now.equals(before) || isState() || aside
                ? List.of()
                : List.of("there stands " + describe(now));
    }

    /** Whether what stands there is a state of the training, which the next run goes on from. */
    private boolean isState() {
        return writer.saves() && Files.exists(place().resolve(OptimizerFile.NAME));
    }

    /** Whether there is something for the next run to remove, or to go on from. */
    boolean leftSomething() {
        return isState() || liesBeside();
    }

    private boolean liesBeside() {
        return TestFiles.names(folder).stream().anyMatch(name -> !name.equals(writer.out()));
    }

    /** Whether the new output stands in its place. */
    boolean isWritten() {
        return Standing.at(place()).equals(whole);
    }

    /** The next run makes the output, also out of a state, and removes what others left. */
    List<String> problemsOfTheNext() {
        Writer.Ran ran = (isState() ? writer.resumed() : writer).run(folder, true);
        List<String> problems = new ArrayList<>();
        if (ran.status() != 0 || !isWritten()) {
            problems.add("the next run: " + ran.lastLine() + ", and there stands " + describe(Standing.at(place())));
        }
        if (liesBeside()) {
            problems.add("the next run leaves " + TestFiles.names(folder));
        }
        return problems;
    }

    private Path place() {
        return folder.resolve(writer.out());
    }

    private String describe(Standing now) {
        if (now.equals(Standing.NOTHING)) {
            return "nothing";
        }
        return now.equals(whole)
                ? "the whole output"
                : now.equals(Standing.at(earlier))
                        ? "what stood there before"
                        : "part of it: " + now.files().keySet();
    }

    /** Memory and descriptors of files that a run left behind. */
    private Optional<String> leaks() {
        List<String> memory = NativeMemory.outstanding();
        if (!memory.isEmpty()) {
            return Optional.of("memory is left: " + memory);
        }
        Set<Path> now = descriptors();
        now.removeAll(open);
        // Each is found once.
        open.addAll(now);
        return now.stream().findFirst().map(path -> "still open: " + path);
    }

    /** The files that are open, of those that commands may write. */
    private Set<Path> descriptors() {
        try (Stream<Path> all = Files.list(DESCRIPTORS)) {
            return all.map(Trial::target)
                    .filter(path -> path.startsWith(folder))
                    .collect(Collectors.toCollection(HashSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor);
        } catch (IOException e) {
            // That of the list itself is closed by now.
            return descriptor;
        }
    }

    private static void create(Path folder) {
        try {
            Files.createDirectory(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireDone(Writer.Ran ran) {
        if (ran.status() != 0) {
            throw new IllegalStateException("the undisturbed run failed: " + ran.err());
        }
    }
}
