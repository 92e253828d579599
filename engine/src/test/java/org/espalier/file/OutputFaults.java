package org.espalier.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.espalier.faults.Disk;

/**
 * Writes a folder and a file while each system call in turn fails, in a process that {@code tools/lib/faults.c} watches.
 * Prints what must not be, then how many calls failed. Arguments: the folder that is watched, the log.
 */
final class OutputFaults {

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final String WRITTEN = "was written";
    private static final String ASIDE = "; the next run puts it back";

    private final Disk disk;
    private final Path target;
    private final boolean folder;
    private final boolean replaces;
    private int faults;

    private OutputFaults(Disk disk, boolean folder, boolean replaces) {
        this.disk = disk;
        this.target = disk.folder().resolve("out");
        this.folder = folder;
        this.replaces = replaces;
    }

    public static void main(String[] arguments) throws IOException {
        Disk disk = new Disk(Path.of(arguments[0]), Path.of(arguments[1]));
        int faults = 0;
        for (Disk.Kind kind : Disk.Kind.values()) {
            for (boolean folder : new boolean[] {false, true}) {
                for (boolean replaces : new boolean[] {false, true}) {
                    OutputFaults all = new OutputFaults(disk, folder, replaces);
                    all.failEveryCall(kind);
                    faults += all.faults;
                }
            }
        }
        System.out.println(faults);
    }

    private void failEveryCall(Disk.Kind kind) throws IOException {
        boolean hit = true;
        for (int number = 1; hit; number++) {
            disk.mend();
            if (replaces) {
                write(1);
            }
            disk.fail(kind, number);
            String said = write(2);
            List<Disk.Call> calls = disk.calls();
            Optional<Disk.Call> failed =
                    calls.stream().filter(Disk.Call::failed).findFirst();
            disk.mend();
            hit = failed.isPresent();
            faults += hit ? 1 : 0;
            if (!hit && calls.size() >= number) {
                System.out.println("call " + number + " did not fail: " + calls.get(number - 1));
            }
            check(said, "%s, %s, %s, %s: %s".formatted(folder, replaces, kind, failed, said));
        }
    }

    private void check(String said, String where) throws IOException {
        int now = standing();
        boolean aside = replaces && now == 0 && said.endsWith(ASIDE);
        int expected = said.isEmpty() || said.contains(WRITTEN) ? 2 : replaces ? 1 : 0;
        if (now != expected && !aside) {
            System.out.println(where + ": there stands " + now + " instead of " + expected);
        }
        if (isOpen()) {
            System.out.println(where + ": a file is still open");
        }
        String next = write(3);
        if (!next.isEmpty()
                || standing() != 3
                || !TestFiles.names(disk.folder()).equals(List.of("out"))) {
            System.out.println(where + ": then " + next + " " + TestFiles.names(disk.folder()));
        }
        remove();
    }

    /** What was said of it; nothing where it was done. */
    private String write(int generation) {
        try {
            if (folder) {
                Output.writeFolder(target, true, path -> OutputChild.fillFolder(path, generation));
            } else {
                Output.writeFile(target, true, path -> Files.write(path, OutputChild.generation(generation)));
            }
            return "";
        } catch (Failure failure) {
            return failure.oneLine();
        }
    }

    /** The generation that stands there; 0 for nothing, −1 for part of one. */
    private int standing() throws IOException {
        if (!Files.exists(target)) {
            return 0;
        }
        List<Path> files =
                folder ? List.of(target.resolve("config.json"), target.resolve("model.safetensors")) : List.of(target);
        for (int generation = 1; generation <= 3; generation++) {
            if (isWhole(files, generation)) {
                return generation;
            }
        }
        return -1;
    }

    private static boolean isWhole(List<Path> files, int generation) throws IOException {
        for (Path file : files) {
            if (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), OutputChild.generation(generation))) {
                return false;
            }
        }
        return true;
    }

    private void remove() throws IOException {
        if (folder) {
            Files.delete(target.resolve("config.json"));
            Files.delete(target.resolve("model.safetensors"));
        }
        Files.delete(target);
    }

    private boolean isOpen() throws IOException {
        try (Stream<Path> all = Files.list(DESCRIPTORS)) {
            return all.filter(Files::isSymbolicLink).anyMatch(this::leadsInside);
        }
    }

    private boolean leadsInside(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).startsWith(disk.folder());
        } catch (IOException e) {
            // That of the list itself is closed by now.
            return false;
        }
    }
}
