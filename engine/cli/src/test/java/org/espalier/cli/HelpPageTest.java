package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class HelpPageTest {

    private static final Pattern HEADING = Pattern.compile("([A-Z].*):");
    private static final Pattern OPTION = Pattern.compile(" {2}(?:-h, | {4})(--(?:\\[no-])?[a-z-]+)(?:[= ].*)?");
    private static final int MOST_IN_A_SECTION = 13;

    @Test
    void pruneShowsTheCommonOptionsFirst() {
        Map<String, List<String>> sections = sections("prune");
        assertEquals(
                List.of(
                        "Common options",
                        "What may go",
                        "How much goes",
                        "How units are scored",
                        "Calibration texts",
                        "How what is left makes up for what is gone",
                        "Devices, threads and memory",
                        "General options"),
                List.copyOf(sections.keySet()));
        assertEquals(
                List.of("--out", "--ratio", "--calibration", "--dtype", "--force"), sections.get("Common options"));
        assertEquals(
                List.of(
                        "--criterion",
                        "--aggregate",
                        "--block-score",
                        "--select",
                        "--compat",
                        "--gate-rate",
                        "--gate-tokens"),
                sections.get("How units are scored"));
        assertEquals(
                List.of(
                        "--mode",
                        "--units",
                        "--attention-layers",
                        "--dependency",
                        "--keep",
                        "--keep-first",
                        "--keep-last",
                        "--mlp-layers",
                        "--token-texts",
                        "--token-uses"),
                sections.get("What may go"));
        assertEquals(List.of("--compensate", "--ridge"), sections.get("How what is left makes up for what is gone"));
    }

    @Test
    void runAddsTrainingAndEvaluation() {
        Map<String, List<String>> sections = sections("run");
        assertEquals(
                List.of("--out", "--ratio", "--calibration", "--data", "--eval", "--dtype", "--force"),
                sections.get("Common options"));
        assertTrue(sections.get("Training texts").contains("--max-samples"), sections::toString);
        assertTrue(sections.get("How it is trained").contains("--lr"), sections::toString);
        assertTrue(sections.get("Evaluation").contains("--eval-protocol"), sections::toString);
    }

    @Test
    void synopsisOfManyOptionsNamesWhatMustBeGiven() {
        assertEquals(
                "Usage: engine prune --out=PATH [OPTIONS] MODEL",
                help("prune").lines().findFirst().orElseThrow());
        assertEquals(
                "Usage: engine generate (--prompt=T | --prompt-file=F | (--out=FILE [--texts=N] "
                        + "[--prefixes=F] [--force])) [OPTIONS] MODEL",
                help("generate").lines().findFirst().orElseThrow());
    }

    @Test
    void fewOptionsStandUnderOneHeading() {
        assertEquals(List.of("Options"), List.copyOf(sections("devices").keySet()));
    }

    @Test
    void defaultsAreThoseOfTheSettings() {
        String text = help("run").replaceAll("\\s+", " ");
        assertTrue(text.contains("Share to remove, from 0 to 0.95 (default: 0.2); "), text);
        assertTrue(
                text.contains("Highest learning rate (default: 3e-4, of a teacher 0.0015, with --full 4e-4)."), text);
        assertTrue(text.contains("Ids in a window (default: llm-pruner 128, gptq 2048, llama.cpp 512)."), text);
        assertTrue(text.contains("(--epochs 2 --lr 1e-4 --warm-up 100 --held-out 2000 --eval-every 100)"), text);
        assertTrue(
                text.contains(
                        "Calibration sequences in all (default: 128, written by the model itself 256, fewer if it "
                                + "is large; 10 with --compat llm-pruner)."),
                text);
        assertTrue(text.contains("(default: param_second; param_first with --compat llm-pruner)"), text);
    }

    @TestFactory
    Stream<DynamicTest> everyDefaultOfAHelpTextIsKnown() {
        return commands(Main.commandLine())
                .map(command -> DynamicTest.dynamicTest(command.getCommandSpec().qualifiedName(), () -> {
                    String text =
                            help(command.getCommandSpec().qualifiedName(" ").split(" "));
                    assertFalse(text.contains("${"), text);
                    assertFalse(text.contains("null"), text);
                }));
    }

    /** Also those of commands and options to come. */
    @TestFactory
    Stream<DynamicTest> everyOptionStandsInOneShortSection() {
        return commands(Main.commandLine())
                .map(command -> DynamicTest.dynamicTest(command.getCommandSpec().qualifiedName(), () -> {
                    Map<String, List<String>> sections =
                            sections(command.getCommandSpec().qualifiedName(" ").split(" "));
                    List<String> shown = sections.values().stream()
                            .flatMap(List::stream)
                            .sorted()
                            .toList();
                    List<String> known = command.getCommandSpec().options().stream()
                            .filter(option -> !option.hidden())
                            .map(OptionSpec::longestName)
                            .sorted()
                            .toList();
                    assertEquals(known, shown);
                    sections.forEach((heading, options) ->
                            assertTrue(options.size() <= MOST_IN_A_SECTION, () -> heading + " has " + options));
                }));
    }

    private static Stream<CommandLine> commands(CommandLine command) {
        return Stream.concat(
                Stream.of(command), command.getSubcommands().values().stream().flatMap(HelpPageTest::commands));
    }

    private static String help(String... command) {
        List<String> words = new ArrayList<>(List.of(command));
        words.remove("engine");
        words.add("--help");
        return Ran.engine(words.toArray(String[]::new)).output();
    }

    /** The options under each heading, as they are shown. */
    private static Map<String, List<String>> sections(String... command) {
        Map<String, List<String>> sections = new LinkedHashMap<>();
        String heading = "";
        for (String line : help(command).lines().toList()) {
            Matcher begins = HEADING.matcher(line);
            Matcher option = OPTION.matcher(line);
            if (begins.matches()) {
                heading = begins.group(1);
            } else if (option.matches()) {
                sections.computeIfAbsent(heading, _ -> new ArrayList<>())
                        .add(option.group(1).replace("[no-]", ""));
            }
        }
        sections.keySet().removeIf(shown -> shown.startsWith("Example"));
        return sections;
    }
}
