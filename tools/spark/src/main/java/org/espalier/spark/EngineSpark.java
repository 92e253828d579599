package org.espalier.spark;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.espalier.cli.Main;
import org.espalier.error.Failure;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The program {@code engine-spark}: the commands of {@code engine}, whose pieces the workers of a Spark cluster do, and a sweep
 * over settings.
 */
@Command(
        name = "engine-spark",
        mixinStandardHelpOptions = true,
        description = "Runs a command of engine on a Spark cluster.",
        footer = {
            "",
            "score, prune, compact, eval ppl, eval zero-shot, eval divergence and generate --texts are done in pieces by the",
            "workers, to the same bytes as by engine alone; 'sweep' prunes and trains back by every row of a grid; all other",
            "commands run as in engine. 'tools/engine COMMAND --help' shows their options.",
            "",
            "Examples:",
            "  engine-spark score MODEL --calibration books.txt --out scores.json",
            "  engine-spark --master spark://host:7077 prune MODEL --calibration books.txt --out pruned",
            "  engine-spark sweep MODEL --grid grid.csv --out sweep"
        })
public final class EngineSpark implements Runnable {

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "The cluster, as spark-submit takes it (default: that of spark-submit, else local[*]).")
    private Optional<String> master;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            description = "Into how many parts work is cut at most (default: three for each task that runs at once).")
    private Optional<Integer> partitions;

    @Option(
            names = "--copy-models",
            description = "Copy models to the workers, because these share no file system with this machine.")
    private boolean copyModels;

    @Option(
            names = "--conf",
            paramLabel = "KEY=VALUE",
            description = "A setting of Spark, such as spark.executor.memory=8g; may be repeated.")
    private List<String> settings = List.of();

    @Parameters(paramLabel = "COMMAND", description = "A command of engine with its options, or sweep.", arity = "1..*")
    private List<String> command;

    private final PrintStream out;
    private final PrintStream err;
    private int status;

    EngineSpark(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** Runs a command and ends the JVM with its exit status. */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        System.exit(run(args, out, err));
    }

    /**
     * Runs a command.
     *
     * @return the exit status: 0 done, 1 failure, 2 wrong usage
     */
    static int run(String[] args, PrintStream out, PrintStream err) {
        EngineSpark program = new EngineSpark(out, err);
        int status = program.line(program).setStopAtPositional(true).execute(args);
        return status == ExitCode.OK ? program.status : status;
    }

    private CommandLine line(Object program) {
        return new CommandLine(program)
                .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .setParameterExceptionHandler((e, given) -> {
                    err.println("engine-spark: " + oneLine(e) + "; see --help");
                    return ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    err.println("engine-spark: " + (e instanceof Failure failure ? failure.oneLine() : oneLine(e)));
                    return ExitCode.SOFTWARE;
                });
    }

    private static String oneLine(Exception e) {
        return String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " ");
    }

    @Override
    public void run() {
        try (SparkSessions sessions = SparkSessions.of(master, settings)) {
            status = run(sessions);
        }
    }

    private int run(SparkSessions sessions) {
        if (command.getFirst().equals("sweep")) {
            return line(new Sweep(sessions, out, err))
                    .execute(command.stream().skip(1).toArray(String[]::new));
        }
        return Main.run(
                command.toArray(String[]::new),
                out,
                err,
                Optional.of(compute ->
                        new SparkWorkers(sessions.context(), compute, sessions.choices(partitions, copyModels))));
    }
}
