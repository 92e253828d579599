package org.espalier.cli.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
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

    /** So many times the kills that are wanted, where none came after a save. */
    private static final int MOST = 10;

    private static final long SEED = 17;
    /** What trainings say. */
    private static final String SAID = "said.txt";

    private final Path folder;
    private final Path model;
    private final Trainings trainings;
    private final Random random = new Random(SEED);
    private int kills;
    private int resumed;

    private Interruptions(Path folder, Path model, Trainings trainings) {
        this.folder = folder;
        this.model = model;
        this.trainings = trainings;
    }

    /**
     * What was wrong after so many kills, as many of each kind of training of {@code model}, whose processes live on: each of a
     * second costs ten of starting. A line of each kind is printed.
     *
     * @param folder for all files, which exists
     */
    public static List<String> ofStopped(Path folder, Path model, int kills) throws IOException, InterruptedException {
        try (StoppedTrainings trainings = new StoppedTrainings(folder.resolve("copy"), folder.resolve(SAID))) {
            return new Interruptions(folder, model, trainings).kill(kills);
        }
    }

    public static void main(String[] arguments) throws Exception {
        int wanted = Integer.parseInt(arguments[2]);
        Path folder = Path.of(arguments[0]).toRealPath();
        Interruptions interruptions = new Interruptions(
                folder, Path.of(arguments[1]).toRealPath(), new KilledTrainings(folder.resolve(SAID)));
        List<String> problems = interruptions.kill(wanted);
        problems.forEach(problem -> System.err.println("finding: " + problem));
        System.exit(problems.isEmpty() ? 0 : 1);
    }

    private List<String> kill(int wanted) throws IOException, InterruptedException {
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
        long millis = undisturbed(writer, place);
        Standing whole = Standing.at(place.resolve(writer.out()));
        List<String> problems = new ArrayList<>();
        kills = 0;
        resumed = 0;
        while (isWanted(wanted)) {
            Standing.empty(place);
            int before = kills;
            boolean ended = false;
            long start = System.nanoTime();
            while (kills - before < KILLS_EACH && isWanted(wanted) && !ended) {
                ended = run(writer, place, random.nextLong(millis / 8, millis));
            }
            if (!ended) {
                run(writer, place, Long.MAX_VALUE);
            } else if (kills == before) {
                // It was over before the kill, as one is that is faster than the first.
                millis = Math.min(millis, millisSince(start));
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
        if (resumed == 0) {
            problems.add(writer.name() + " never went on from a state");
        }
        System.out.printf("| %s | %d | %d | %d |%n", writer.name(), kills, resumed, problems.size());
        return problems;
    }

    /** Whether to kill once more: so often, and until one went on from a state, as long as that may still come. */
    private boolean isWanted(int wanted) {
        return kills < wanted || resumed == 0 && kills < MOST * wanted;
    }

    /** Runs it to its end; how long that took. */
    private long undisturbed(Writer writer, Path place) throws IOException, InterruptedException {
        long start = System.nanoTime();
        trainings.run(writer, place, Long.MAX_VALUE);
        return millisSince(start);
    }

    private static long millisSince(long start) {
        return (System.nanoTime() - start) / 1_000_000;
    }

    /** Goes on from a state, if there is one, for so long at most; whether it came to its end. */
    private boolean run(Writer writer, Path place, long millis) throws IOException, InterruptedException {
        Path out = place.resolve(writer.out());
        boolean state = Files.exists(out.resolve(OptimizerFile.NAME));
        if (!state && Files.exists(out)) {
            // It was killed after its end.
            return true;
        }
        resumed += state ? 1 : 0;
        boolean ended = trainings.run(state ? writer.resumed() : writer, place, millis);
        kills += ended ? 0 : 1;
        return ended;
    }
}
