package org.espalier.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.espalier.error.Warnings;
import org.espalier.job.ComputeSettings;
import org.espalier.job.Workers;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Option;

/** The program {@code engine}: reads the command line, runs one command, turns every failure into one line. */
@Command(
        name = "engine",
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Prunes large language models, trains them back and measures what is left.%n"
                + "MODEL is a checkpoint folder (safetensors with config.json) or a .gguf file; nothing is downloaded.",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "'engine COMMAND --help' shows a command's options, with examples.",
            "Results go to stdout, progress and warnings to stderr; exit status: 0 done, 1 failure, 2 wrong usage."
        },
        subcommands = {
            DemoCommand.class,
            InfoCommand.class,
            GroupsCommand.class,
            TokenizeCommand.class,
            GenerateCommand.class,
            ServeCommand.class,
            LogitsCommand.class,
            EvalCommand.class,
            RunCommand.class,
            ScoreCommand.class,
            WidthsCommand.class,
            PlanCommand.class,
            PruneCommand.class,
            CompactCommand.class,
            TuneCommand.class,
            MergeCommand.class,
            ConvertCommand.class,
            QuantizeCommand.class,
            BenchCommand.class,
            ReportCommand.class,
            PretrainCommand.class,
            RandomCommand.class,
            DevicesCommand.class
        })
public final class Main implements Helped {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean version;

    private final Optional<Function<ComputeSettings, Workers>> workers;

    private Main(Optional<Function<ComputeSettings, Workers>> workers) {
        this.workers = workers;
    }

    @Override
    public Optional<Function<ComputeSettings, Workers>> workers() {
        return workers;
    }

    /** Runs one command and ends the JVM with its exit status. */
    public static void main(String[] args) {
        StandardError.restore();
        PrintStream err = utf8(new FileOutputStream(FileDescriptor.err));
        Failures failures = new Failures(err, List.of(args).contains("--verbose"));
        HeapWatch.start(full -> System.exit(Stopping.failing(failures.report(full))));
        System.exit(run(args, utf8(new StandardOutput()), err));
    }

    /**
     * Runs one command.
     *
     * @param out gets the result, nothing else
     * @param err gets progress, warnings, and one line if the command fails
     * @return the exit status: 0 done, 1 failure, 2 wrong usage
     */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        return run(args, out, err, Optional.empty());
    }

    /**
     * As above.
     *
     * @param workers who do the pieces of jobs that compute so
     */
    public static int run(
            String[] args, PrintStream out, PrintStream err, Optional<Function<ComputeSettings, Workers>> workers) {
        Locale.setDefault(Locale.ROOT);
        Warnings.hear(line -> err.println("engine: " + line));
        Failures failures = new Failures(err, List.of(args).contains("--verbose"));
        try {
            int status = commandLine(out, err, failures, workers).execute(args);
            out.flush();
            return status == 0 && out.checkError() ? failures.resultNotWritten() : status;
        } catch (Throwable e) {
            // The last stop of every error, also of those a command cannot expect, such as a full heap.
            return failures.report(e);
        }
    }

    /** The commands and their options. */
    static CommandLine commandLine() {
        return new CommandLine(new Main(Optional.empty()));
    }

    /** The same with all that their help says. */
    static CommandLine documented() {
        return documented(commandLine());
    }

    private static CommandLine documented(CommandLine line) {
        return line.setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF))
                .setUsageHelpWidth(110)
                .setResourceBundle(new Defaults())
                .setHelpFactory(HelpPage::new);
    }

    private static CommandLine commandLine(
            PrintStream out, PrintStream err, Failures failures, Optional<Function<ComputeSettings, Workers>> workers) {
        return documented(new CommandLine(new Main(workers)))
                .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, args) -> failures.usage(e))
                .setExecutionExceptionHandler((e, command, parsed) -> failures.report(e));
    }

    private static PrintStream utf8(OutputStream stream) {
        return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }
}
