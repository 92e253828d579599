package org.espalier.spark;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.espalier.cli.Main;
import org.espalier.error.Failure;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code engine-spark sweep}: prunes and trains back by every row of a grid, one run a task. */
@Command(
        name = "engine-spark sweep",
        mixinStandardHelpOptions = true,
        description = {
            "Does 'engine run MODEL' once for each row of a grid, with the options of its columns and those after --.",
            "Leaves a folder for each run, results.parquet, and report.html, which compares them. Workers write into the same",
            "folder, so it lies on a file system that they share."
        },
        footer = {
            "",
            "Example, with a grid.csv of three lines, 'ratio,criterion', '0.2,param_second' and '0.3,wanda':",
            "  engine-spark sweep MODEL --grid grid.csv --out sweep -- --calibration books.txt --ppl-data wiki.test.raw"
        })
final class Sweep implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "MODEL", description = "A checkpoint folder or a .gguf file.")
    private Path model;

    @Option(
            names = "--grid",
            required = true,
            paramLabel = "F",
            description = "CSV: a header with options of 'engine run' without their dashes, and a row a run.")
    private Path grid;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "A folder that is not there yet.")
    private Path out;

    @Parameters(index = "1..*", paramLabel = "OPTION", description = "Options that all runs have.")
    private List<String> common = List.of();

    private final SparkSessions sessions;
    private final PrintStream stdout;
    private final PrintStream stderr;

    Sweep(SparkSessions sessions, PrintStream stdout, PrintStream stderr) {
        this.sessions = sessions;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    @Override
    public Integer call() {
        requireFiles();
        List<Row> rows = sessions.session()
                .read()
                .option("header", true)
                .csv(grid.toAbsolutePath().toString())
                .collectAsList();
        if (rows.isEmpty()) {
            throw new Failure("there is no run", grid.toString(), "write a row of settings for each");
        }
        List<String> settings = List.of(rows.getFirst().schema().fieldNames());
        createFolder();
        List<Run.Done> done = done(runs(settings, rows));
        new SweepTable(settings, rows, done)
                .in(sessions.session())
                .coalesce(1)
                .write()
                .mode(SaveMode.ErrorIfExists)
                .parquet(out.toAbsolutePath().resolve("results.parquet").toString());
        report(done);
        List<Run.Done> failed = done.stream().filter(run -> run.status() != 0).toList();
        failed.forEach(
                run -> stderr.println("engine-spark: run " + run.run().number() + ": " + lastLine(run.errors())));
        stdout.println("%d of %d runs done; wrote %s".formatted(done.size() - failed.size(), done.size(), out));
        return failed.isEmpty() ? 0 : 1;
    }

    private void requireFiles() {
        if (!Files.isRegularFile(grid)) {
            throw new Failure("there is no such file", "--grid " + grid, "write a CSV file there");
        }
        if (Files.exists(out)) {
            throw new Failure("it is there already", "--out " + out, "name a folder that is not");
        }
    }

    private void createFolder() {
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Run> runs(List<String> settings, List<Row> rows) {
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            String folder =
                    out.toAbsolutePath().resolve("run-%04d".formatted(i + 1)).toString();
            List<String> arguments =
                    new ArrayList<>(List.of("run", model.toAbsolutePath().toString()));
            for (int column = 0; column < settings.size(); column++) {
                // An empty field leaves the option out.
                if (rows.get(i).get(column) != null) {
                    arguments.add("--" + settings.get(column));
                    arguments.add(rows.get(i).getString(column));
                }
            }
            arguments.addAll(common);
            arguments.addAll(List.of("--out", folder, "--json"));
            runs.add(new Run(i + 1, List.copyOf(arguments), folder));
        }
        return runs;
    }

    private List<Run.Done> done(List<Run> runs) {
        List<Run.Done> done = new ArrayList<>();
        new InOrder<Run.Done>(run -> {
                    done.add(run);
                    stderr.println("engine-spark: %d of %d runs".formatted(done.size(), runs.size()));
                })
                .run("sweep", sessions.context().parallelize(runs, runs.size()).map(Run::done));
        return done;
    }

    private void report(List<Run.Done> done) {
        List<String> folders = done.stream()
                .filter(run -> run.status() == 0)
                .map(run -> run.run().folder())
                .toList();
        if (!folders.isEmpty()) {
            String[] arguments = Stream.of(
                            Stream.of("report"),
                            folders.stream(),
                            Stream.of("--out", out.resolve("report.html").toString()))
                    .flatMap(parts -> parts)
                    .toArray(String[]::new);
            Main.run(arguments, new PrintStream(PrintStream.nullOutputStream()), stderr);
        }
    }

    private static String lastLine(String text) {
        return text.lines().reduce((before, line) -> line).orElse("no reason given");
    }
}
