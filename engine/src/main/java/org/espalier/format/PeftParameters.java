package org.espalier.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.error.Printable;

/**
 * Parameters beside which an adapter stands though they are no projections ({@code target_parameters}): transformers hold the
 * projections of all experts of a layer together.
 *
 * @param targets ends of their names
 * @param alphas  scales of some of them, by ends of names; {@code alpha_pattern}
 */
record PeftParameters(List<String> targets, Map<String, Double> alphas) {

    static final String TARGETS = "target_parameters";
    static final String RANKS = "rank_pattern";
    static final String ALPHAS = "alpha_pattern";
    /** With which PEFT begins an expression for ends of names. */
    private static final String ANYTHING = ".*\\.";

    PeftParameters {
        targets = List.copyOf(targets);
    }

    /**
     * What a configuration says of them. Ranks are those of the matrices that are there.
     *
     * @throws Failure if a scale is not given by a name's end
     */
    static PeftParameters read(ObjectNode json, String place) {
        List<String> targets = PeftConfig.texts(json.path(TARGETS));
        Map<String, Double> alphas = new LinkedHashMap<>();
        if (!targets.isEmpty()) {
            json.path(ALPHAS)
                    .properties()
                    .forEach(entry -> alphas.put(
                            end(entry.getKey(), place), entry.getValue().asDouble()));
        }
        return new PeftParameters(targets, alphas);
    }

    /** The end of a name that an expression stands for: of other expressions nothing is known here. */
    private static String end(String expression, String place) {
        String end = expression.startsWith(ANYTHING) ? expression.substring(ANYTHING.length()) : expression;
        String plain = end.replace("\\.", ".");
        if (!plain.matches("[A-Za-z0-9_.]{1,200}")) {
            throw new Failure(
                    "the adapter's " + ALPHAS + " has the expression " + Printable.quoted(expression),
                    place,
                    "name ends of modules there");
        }
        return plain;
    }

    /** Whether a parameter of this last part is among them. */
    boolean has(String last) {
        return targets.stream().anyMatch(target -> target.equals(last) || target.endsWith("." + last));
    }

    /** The scale of a module or parameter, divided by its rank or by the root of that; {@code usual} if it has none of its own. */
    double alpha(String name, double usual) {
        return alphas.entrySet().stream()
                .filter(alpha -> name.equals(alpha.getKey()) || name.endsWith("." + alpha.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(usual);
    }
}
