package org.espalier.cli;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Member;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The help of a command: its options by purpose, the common ones first, and a synopsis that is no list of fifty options. */
final class HelpPage extends Help {

    /** More options than this are not all named in the synopsis. */
    private static final int NAMED = 12;
    /** Within a section: what must be given, what its declaration puts first, the rest by name. */
    private static final Comparator<OptionSpec> ORDER = Comparator.comparing((OptionSpec option) -> !option.required())
            .thenComparingInt(option -> option.order() < 0 ? Integer.MAX_VALUE : option.order())
            .thenComparing(OptionSpec::longestName);

    HelpPage(CommandSpec command, ColorScheme colours) {
        super(command, colours);
    }

    /** Only what has to be given, where there are many options. */
    @Override
    public String synopsis(int headingLength) {
        CommandSpec command = commandSpec();
        if (command.options().size() <= NAMED || !command.subcommands().isEmpty()) {
            return super.synopsis(headingLength);
        }
        List<String> words = new ArrayList<>(List.of(command.qualifiedName()));
        command.options().stream()
                .filter(option -> option.required() && option.group() == null)
                .forEach(option -> words.add(option.longestName() + "=" + option.paramLabel()));
        command.argGroups().stream().map(ArgGroupSpec::synopsis).forEach(words::add);
        words.add("[OPTIONS]");
        command.positionalParameters().stream().map(HelpPage::synopsis).forEach(words::add);
        return String.join(" ", words) + System.lineSeparator();
    }

    private static String synopsis(PositionalParamSpec argument) {
        String label = argument.paramLabel() + (argument.arity().isVariable() ? "..." : "");
        return argument.required() ? label : "[" + label + "]";
    }

    @Override
    public String optionList() {
        List<OptionSpec> all = commandSpec().options().stream()
                .filter(o -> !o.hidden())
                .sorted(ORDER)
                .toList();
        Map<Topic, List<OptionSpec>> byTopic = new EnumMap<>(Topic.class);
        all.forEach(option ->
                byTopic.computeIfAbsent(topic(option), _ -> new ArrayList<>()).add(option));
        StringBuilder text = new StringBuilder();
        byTopic.forEach((topic, options) -> {
            String heading = byTopic.size() == 1 ? "Options" : topic.heading();
            Layout layout = createDefaultLayout(all, commandSpec().positionalParameters(), colorScheme());
            layout.addOptions(options, parameterLabelRenderer());
            text.append("%n%s:%n".formatted(heading)).append(layout);
        });
        return text.toString();
    }

    private static Topic topic(OptionSpec option) {
        Object declared = option.userObject();
        return Stream.of((AnnotatedElement) declared, ((Member) declared).getDeclaringClass())
                .flatMap(place -> Stream.ofNullable(place.getAnnotation(Section.class)))
                .map(Section::value)
                .findFirst()
                .orElse(Topic.COMMON);
    }
}
