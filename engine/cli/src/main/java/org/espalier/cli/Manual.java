package org.espalier.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.AutoComplete;
import picocli.CommandLine;

/**
 * Writes what belongs to an installed program beside it: a manual page for every command, with the text of its help, and the
 * completion of commands and options for bash.
 */
public final class Manual {

    private static final String SECTION = "1";

    private Manual() {}

    /**
     * Writes them.
     *
     * @param arguments a folder that is filled with {@code man/man1} and {@code bash-completion/completions}
     * @throws IOException if they cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(arguments[0]);
        Path pages = Files.createDirectories(folder.resolve("man/man" + SECTION));
        CommandLine engine = Main.documented();
        write(pages, engine);
        Path completions = Files.createDirectories(folder.resolve("bash-completion/completions"));
        String name = engine.getCommandName();
        Files.writeString(completions.resolve(name), AutoComplete.bash(name, engine));
    }

    private static void write(Path pages, CommandLine command) throws IOException {
        String name = command.getCommandSpec().qualifiedName("-");
        Files.writeString(pages.resolve(name + "." + SECTION), page(command, name));
        for (CommandLine sub : command.getSubcommands().values()) {
            write(pages, sub);
        }
    }

    /** The help as a manual page: line by line as it is, but for what the formatter would take for its own. */
    private static String page(CommandLine command, String name) {
        String summary = String.join(
                " ",
                command.getCommandSpec()
                        .usageMessage()
                        .description()[0]
                        .replace("%n", " ")
                        .lines()
                        .toList());
        String help = command.getUsageMessage(CommandLine.Help.Ansi.OFF)
                .lines()
                .map(Manual::escaped)
                .collect(Collectors.joining("\n"));
        return """
                .TH "%s" "%s" "" "engine %s" ""
                .SH NAME
                %s \\- %s
                .SH DESCRIPTION
                .nf
                %s
                .fi
                """.formatted(
                name.toUpperCase(Locale.ROOT), SECTION, Version.number(), escaped(name), escaped(summary), help);
    }

    private static String escaped(String line) {
        String text = line.replace("\\", "\\e").replace("-", "\\-");
        return text.startsWith(".") || text.startsWith("'") ? "\\&" + text : text;
    }
}
