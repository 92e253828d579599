package org.espalier.cli.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.espalier.tune.OptimizerFile;

/**
 * Kills trainings at random moments, several times each, and lets {@code --resume} bring them to their end, which must be that
 * of a training that nobody disturbed; {@code tools/interruptions} starts it. Arguments: a folder for all files, the model, how
 * many kills.
 */
public final class Interruptions {

    /** Kills of one training before it may come to its end. */
    private static final int KILLS_EACH = 5;

    private static final long SEED = 17;

    private final Path folder;
    private final Path model;
    private final Random random = new Random(SEED);
    private int kills;
    private int resumed;

    /** Of trainings of {@code model}, in a folder that exists. */
    public Interruptions(Path folder, Path model) {
        this.folder = folder;
        this.model = model;
    }

    public static void main(String[] arguments) throws Exception {
        int wanted = Integer.parseInt(arguments[2]);
        Interruptions interruptions = new Interruptions(
                Path.of(arguments[0]).toRealPath(), Path.of(arguments[1]).toRealPath());
        List<String> problems = interruptions.kill(wanted);
        problems.forEach(problem -> System.err.println("finding: " + problem));
        System.exit(problems.isEmpty() ? 0 : 1);
    }

    /** Kills so many times, as many of each kind of training, prints a line of each kind and returns what was wrong. */
    public List<String> kill(int wanted) throws IOException, InterruptedException {
        Path text = Files.createFile(folder.resolve("text.txt"));
        StringBuilder stories = new StringBuilder();
        for (String who : List.of("dog", "cat", "bird", "girl", "boy", "fox", "bear", "fish")) {
            for (String where : List.of("sea", "tree", "house", "park")) {
                stories.append(
                        "Once upon a time there was a %s. It ran to the %s and came back.\n".formatted(who, where));
            }
        }
        Files.writeString(text, stories);
        String teacher = model.toString();
        List<String> problems = new ArrayList<>();
        System.out.println("| training | kills | resumed | findings |");
        System.out.println("|---|--:|--:|--:|");
        List<Writer> writers = List.of(
                writer("adapters", text),
                writer("adapters and norms", text, "--norms", "--dropout", "0"),
                writer("adapters with lengths", text, "--dora", "--targets", "q_proj,layers.*.mlp.*"),
                writer("all weights", text, "--full"),
                writer("adapters, from a teacher", text, "--teacher", teacher, "--distil-weight", "0.5"));
        for (Writer writer : writers) {
            problems.addAll(kill(writer, Math.ceilDiv(wanted, writers.size())));
        }
        return problems;
    }

    private Writer writer(String name, Path text, String... options) {
        List<String> arguments = new ArrayList<>(List.of("tune", model.toString(), "--data", text.toString()));
        arguments.addAll(List.of("--format", "text", "--epochs", "2", "--batch-size", "4", "--micro-batch-size", "2"));
        arguments.addAll(List.of("--lr", "5e-3", "--eval-every", "3", "--save-every", "1", "--threads", "1"));
        arguments.addAll(List.of(options));
        return new Writer(name, arguments, "out", true, true);
    }

    private List<String> kill(Writer writer, int wanted) throws IOException, InterruptedException {
        Path place = Files.createDirectories(folder.resolve("killed"));
        Standing.empty(place);
        long start = System.nanoTime();
        int status = start(writer, place).waitFor();
        if (status != 0) {
            throw new IllegalStateException(writer.name() + ": the undisturbed training ended with " + status);
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        Standing whole = Standing.at(place.resolve(writer.out()));
        List<String> problems = new ArrayList<>();
        kills = 0;
        resumed = 0;
        while (kills < wanted) {
            Standing.empty(place);
            int before = kills;
            boolean ended = false;
            while (kills - before < KILLS_EACH && kills < wanted && !ended) {
                ended = run(writer, place, random.nextLong(millis / 8, millis));
            }
            if (!ended) {
                run(writer, place, Long.MAX_VALUE);
            }
            Standing now = Standing.at(place.resolve(writer.out()));
            if (!now.equals(whole)) {
                problems.add("%s, after %d kills: there stands %s, not the end of a training that nobody disturbed"
                        .formatted(writer.name(), kills, now.files().keySet()));
            }
            try (Stream<Path> left = Files.list(place)) {
                left.filter(path -> !path.endsWith(writer.out()))
                        .forEach(path -> problems.add(writer.name() + " leaves " + path));
            }
        }
        System.out.printf("| %s | %d | %d | %d |%n", writer.name(), kills, resumed, problems.size());
        return problems;
    }

    /** Goes on from a state, if there is one, for so long at most; whether it came to its end. */
    private boolean run(Writer writer, Path place, long millis) throws IOException, InterruptedException {
        Path out = place.resolve(writer.out());
        boolean state = Files.exists(out.resolve(OptimizerFile.NAME));
        if (!state && Files.exists(out)) {
            // It was killed after its end.
            return true;
        }
        Process process = start(state ? writer.resumed() : writer, place);
        resumed += state ? 1 : 0;
        if (process.waitFor(millis, TimeUnit.MILLISECONDS)) {
            if (process.exitValue() != 0) {
                throw new IllegalStateException(writer.name() + " ended with " + process.exitValue());
            }
            return true;
        }
        // SIGKILL.
        process.destroyForcibly().waitFor();
        kills++;
        return false;
    }

    private Process start(Writer writer, Path place) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Despalier.device=cpu",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.espalier.cli.Main"));
        command.addAll(List.of(writer.commandLine(place, false)));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(folder.resolve("said.txt").toFile())
                .start();
    }
}
