package org.espalier.cli.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.espalier.faults.Disk;

/**
 * Lets every system call of every command that writes fail in turn, or ends the program there; {@code tools/faults} starts
 * it. Arguments: what to do, a folder for all files, the model, the commands or "all", and for kills the program that watches
 * and how many.
 */
public final class Faults {

    private static final String TEXT = "Once upon a time there was a dog. It ran to the sea and came back.\n".repeat(8);

    private final Path inputs;
    private final Path kept;
    private final Path watched;
    private final Path model;
    private final List<Writer> writers;
    private final Disk disk;
    private int found;

    private Faults(Path folder, Path model, String commands) throws IOException {
        inputs = Files.createDirectories(folder.resolve("inputs"));
        kept = Files.createDirectories(folder.resolve("kept"));
        watched = Files.createDirectories(folder.resolve("watched"));
        this.model = model;
        this.writers = Writer.all(model, inputs).stream()
                .filter(writer ->
                        commands.equals("all") || List.of(commands.split(",")).contains(writer.name()))
                .toList();
        this.disk = new Disk(watched, folder.resolve("log"));
    }

    public static void main(String[] arguments) throws Exception {
        Faults faults = new Faults(
                Path.of(arguments[1]).toRealPath(), Path.of(arguments[2]).toRealPath(), arguments[3]);
        switch (arguments[0]) {
            case "inputs" -> faults.makeInputs();
            case "faults" -> faults.failEveryCall();
            case "kills" -> faults.killAtCalls(Path.of(arguments[4]), Integer.parseInt(arguments[5]));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.exit(faults.found == 0 ? 0 : 1);
    }

    private void find(String problem) {
        found++;
        System.err.println("finding: " + problem);
    }

    private void makeInputs() throws IOException {
        Files.writeString(inputs.resolve("text.txt"), TEXT);
        for (Writer writer : Writer.inputs(model, inputs)) {
            Writer.Ran ran = writer.run(inputs, true);
            if (ran.status() != 0) {
                throw new IllegalStateException(writer.name() + ": " + ran.err());
            }
        }
    }

    private void failEveryCall() {
        System.out.println("| command | calls | faults | refused | done all the same | swept by the next | findings |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|");
        Counts all = new Counts();
        for (Writer writer : writers) {
            disk.mend();
            Trial trial = new Trial(writer, watched, kept);
            Counts counts = new Counts();
            for (boolean replaces : new boolean[] {false, true}) {
                for (Disk.Kind kind : Disk.Kind.values()) {
                    if (kind.exchanges() || replaces && writer.folder()) {
                        failEveryCall(trial, replaces, kind, counts);
                    }
                }
            }
            System.out.println(counts.row(writer.name()));
            all.add(counts);
        }
        System.out.println(all.row("all"));
    }

    private void failEveryCall(Trial trial, boolean replaces, Disk.Kind kind, Counts counts) {
        boolean hit = true;
        for (int number = 1; hit; number++) {
            disk.mend();
            trial.prepare(replaces);
            disk.fail(kind, number);
            Writer.Ran ran = trial.writer().run(watched, replaces);
            List<Disk.Call> calls = disk.calls();
            List<Disk.Call> failed = calls.stream().filter(Disk.Call::failed).toList();
            disk.mend();
            hit = !failed.isEmpty();
            List<String> problems = new ArrayList<>(trial.problems(ran, replaces));
            if (hit) {
                boolean left = trial.leftSomething();
                if (left) {
                    problems.addAll(trial.problemsOfTheNext());
                }
                counts.fault(ran.status(), left, problems.size());
            } else if (calls.size() >= number) {
                problems.add("it did not fail: " + calls.get(number - 1));
            } else {
                counts.calls = Math.max(counts.calls, calls.size());
            }
            String where = "%s, %s, %s, %s: "
                    .formatted(
                            trial.writer().name(),
                            replaces ? "replaces" : "new",
                            kind,
                            hit ? failed.getFirst() : "no fault");
            problems.forEach(problem -> find(where + problem + "; it said " + ran.lastLine()));
        }
    }

    private void killAtCalls(Path watcher, int kills) throws IOException, InterruptedException {
        System.out.println(
                "| command | calls | kills | output as before | new output | swept by the next | findings |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|");
        Counts all = new Counts();
        for (Writer writer : writers) {
            Counts counts = new Counts();
            Trial trial = new Trial(writer, watched, kept);
            for (boolean replaces : new boolean[] {false, true}) {
                kill(trial, replaces, watcher, Math.ceilDiv(kills, 2 * writers.size()), counts);
            }
            System.out.println(counts.row(writer.name()));
            all.add(counts);
        }
        System.out.println(all.row("all"));
    }

    /** At calls that lie evenly between the first and the last. */
    private void kill(Trial trial, boolean replaces, Path watcher, int kills, Counts counts)
            throws IOException, InterruptedException {
        trial.prepare(replaces);
        start(trial.writer(), replaces, watcher, 0);
        int calls = disk.calls().size();
        counts.calls = Math.max(counts.calls, calls);
        for (int i = 0; i < kills; i++) {
            long number = 1 + (long) i * (calls - 1) / Math.max(1, kills - 1);
            trial.prepare(replaces);
            int status = start(trial.writer(), replaces, watcher, number);
            List<String> problems = new ArrayList<>(trial.problemsOfKilled(replaces));
            if (status != 128 + 9) {
                problems.add("it was not killed, but ended with " + status);
            }
            boolean left = trial.leftSomething();
            boolean written = trial.isWritten();
            problems.addAll(trial.problemsOfTheNext());
            counts.fault(written ? 0 : 1, left, problems.size());
            String where = "%s, %s, killed at %s: "
                    .formatted(
                            trial.writer().name(),
                            replaces ? "replaces" : "new",
                            disk.calls().getLast());
            problems.forEach(problem -> find(where + problem));
        }
    }

    private int start(Writer writer, boolean replaces, Path watcher, long number)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(watcher.toString(), watched.toString(), disk.log().toString(), Long.toString(number)));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Despalier.device=cpu",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.espalier.cli.Main"));
        command.addAll(List.of(writer.commandLine(watched, replaces)));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    /** What is counted of a command. */
    private static final class Counts {

        private long calls;
        private long faults;
        private long refused;
        private long done;
        private long swept;
        private long findings;

        void fault(int status, boolean left, int problems) {
            faults++;
            refused += status == 0 ? 0 : 1;
            done += status == 0 ? 1 : 0;
            swept += left ? 1 : 0;
            findings += problems;
        }

        void add(Counts other) {
            calls += other.calls;
            faults += other.faults;
            refused += other.refused;
            done += other.done;
            swept += other.swept;
            findings += other.findings;
        }

        String row(String name) {
            return String.format(
                    Locale.ROOT,
                    "| %s | %,d | %,d | %,d | %,d | %,d | %,d |",
                    name,
                    calls,
                    faults,
                    refused,
                    done,
                    swept,
                    findings);
        }
    }
}
