package org.espalier.model;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.format.PeftAdapter;
import org.espalier.tape.Value;

/** Which projections of a model have adapters beside them. */
public final class Targets {

    private Targets() {}

    /** The full names of all projections that can have one, in the tape's order. */
    public static List<String> all(ModelConfig model) {
        Set<String> parts = new HashSet<>(Architectures.adapterTargets());
        Architectures.of(model).experts().ifPresent(names -> parts.add(names.routerTarget()));
        LoraConfig everywhere = new LoraConfig(1, 1, parts);
        return new Transformer(model, everywhere)
                .shape().leaves(Value.Role.PARAMETER).stream()
                        .map(Value::name)
                        .filter(name -> name.endsWith(PeftAdapter.SUFFIX_A))
                        .map(name -> name.substring(0, name.length() - PeftAdapter.SUFFIX_A.length()))
                        .toList();
    }

    /**
     * Those that are meant by names or patterns: the last parts of a projection's name, where {@code *} stands for anything
     * within a part, such as {@code q_proj} and {@code layers.*.mlp.*}.
     *
     * @return as {@link #named} has them
     * @throws Failure if one means no projection
     */
    public static Set<String> of(ModelConfig model, List<String> patterns) {
        List<String> all = all(model);
        Set<String> chosen = new LinkedHashSet<>();
        for (String pattern : patterns) {
            Pattern meant = NamePattern.ofEnds(pattern);
            List<String> found =
                    all.stream().filter(name -> meant.matcher(name).matches()).toList();
            if (found.isEmpty()) {
                throw new Failure(
                        "no projection of the model is called " + Printable.quoted(pattern),
                        "--targets",
                        "name some of "
                                + all.stream().map(Targets::last).distinct().collect(Collectors.joining(", ")));
            }
            chosen.addAll(found);
        }
        return named(model, chosen);
    }

    /** Full names in short: by their last part where all projections with it are among them. */
    public static Set<String> named(ModelConfig model, Collection<String> names) {
        List<String> others = all(model).stream()
                .filter(name -> !names.contains(name))
                .map(Targets::last)
                .toList();
        return names.stream()
                .map(name -> others.contains(last(name)) ? name : last(name))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** The last part of a name. */
    static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
