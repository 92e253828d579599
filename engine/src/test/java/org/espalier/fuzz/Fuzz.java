package org.espalier.fuzz;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;

/** Tries every reader of files with files that are wrong; {@code tools/fuzz} starts it. */
public final class Fuzz {

    private static final int PROGRESS_SECONDS = 10;
    private static final int MOST_WARNING = 12_000;

    private final FuzzOptions options;
    private final Store store;
    private final List<Runner> runners = new ArrayList<>();

    private Fuzz(FuzzOptions options) {
        this.options = options;
        this.store = new Store(options.store());
    }

    /** Arguments are those of {@code tools/fuzz}; exits with 1 if something was found, 2 if they are wrong. */
    public static void main(String[] arguments) throws Exception {
        FuzzOptions options;
        try {
            options = FuzzOptions.parse(List.of(arguments));
        } catch (Failure e) {
            System.err.println("engine: " + e.oneLine());
            System.exit(2);
            return;
        }
        // An abandoned reader must not keep the program.
        System.exit(options.input() == null ? new Fuzz(options).run() : again(options));
    }

    /** One input that was stored, with all that is known of what became of it. */
    private static int again(FuzzOptions options) throws IOException {
        Input input = Input.read(options.input());
        try (Target target = options.targets().getFirst()) {
            Attempt attempt = Attempt.make(target, options.input(), input);
            attempt.refusal().ifPresent(refusal -> System.out.println("refused: " + refusal.oneLine()));
            attempt.finding().ifPresent(finding -> System.out.println(finding.kind() + "\n" + finding.detail()));
            if (attempt.refusal().isEmpty() && attempt.finding().isEmpty()) {
                System.out.println("accepted");
            }
            return attempt.finding().isPresent() ? 1 : 0;
        }
    }

    private int run() throws Exception {
        Warnings.hear(Fuzz::requireLine);
        List<Target> targets = options.targets();
        for (Target target : targets) {
            runners.add(new Runner(
                    target,
                    options.seed(),
                    Runner.Limits.of(options.inputs(), options.patience()),
                    found -> report(target, found)));
        }
        long start = System.nanoTime();
        try (ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor()) {
            ScheduledFuture<?> _ = clock.scheduleAtFixedRate(
                    () -> progress((System.nanoTime() - start) / 1e9),
                    PROGRESS_SECONDS,
                    PROGRESS_SECONDS,
                    TimeUnit.SECONDS);
            for (int i = 0; i < runners.size(); i++) {
                double rest = options.seconds() - (System.nanoTime() - start) / 1e9;
                // What one target leaves is shared by those that follow.
                try (Target target = targets.get(i)) {
                    runners.get(i).run((long) (1e9 * Math.max(0, rest) / (runners.size() - i)));
                }
            }
            clock.shutdownNow();
        }
        System.out.print(options.json() ? json() : FuzzTable.of(runners));
        return runners.stream().anyMatch(runner -> runner.tally().findings() > 0) ? 1 : 0;
    }

    private static void requireLine(String line) {
        if (line.length() > MOST_WARNING || line.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalStateException("a warning of " + line.length() + " characters, or on several lines: "
                    + line.substring(0, Math.min(line.length(), 200)));
        }
    }

    private synchronized void report(Target target, Finding finding) {
        Path stored = store.write(target.name(), finding);
        System.err.printf(
                "finding: %s: %s%n    again: tools/fuzz --target %s --input %s%n",
                target.name(), finding.kind(), target.name(), stored);
    }

    private void progress(double seconds) {
        long inputs = runners.stream().mapToLong(r -> r.tally().inputs()).sum();
        long past = runners.stream().mapToLong(r -> r.tally().past()).sum();
        long findings = runners.stream().mapToLong(r -> r.tally().findings()).sum();
        System.err.printf(
                Locale.ROOT,
                "%.0f s: %,d inputs, %,.0f a second, %.0f %% past the first check, %d findings%n",
                seconds,
                inputs,
                inputs / seconds,
                100.0 * past / Math.max(1, inputs),
                findings);
    }

    private String json() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode all = mapper.createObjectNode().put("seed", options.seed());
        for (Runner runner : runners) {
            Tally tally = runner.tally();
            ObjectNode entry = all.withArray("targets").addObject().put("target", runner.name());
            entry.put("inputs", tally.inputs()).put("seconds", tally.seconds()).put("past_first_check", tally.past());
            entry.put("accepted", tally.accepted()).put("kinds_of_refusals", tally.refusals());
            entry.put("findings", tally.findings());
            tally.smallest().keySet().forEach(entry.putArray("kinds_of_findings")::add);
        }
        return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
    }
}
