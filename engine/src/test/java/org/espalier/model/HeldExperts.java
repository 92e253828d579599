package org.espalier.model;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Transformers holds the weights of all experts of a layer as two, {@code gate_up_proj [experts, 2 · width, hidden]} with the rows of
 * the gate first and {@code down_proj [experts, hidden, width]}, whatever files have.
 */
final class HeldExperts {

    private static final Pattern EXPERT =
            Pattern.compile("(.*layers\\.\\d+\\.)(block_sparse_moe|mlp)\\.experts\\.(\\d+)\\.(\\w+)\\.weight");
    private static final String ROUTER = "block_sparse_moe.gate.weight";
    private static final List<String> GATES = List.of("w1", "gate_proj");
    private static final List<String> UPS = List.of("w3", "up_proj");

    private HeldExperts() {}

    /**
     * Puts numbers under the names of files in the place of those of experts together.
     *
     * @param held  by the names of transformers
     * @param files the names in files
     */
    static void divided(Map<String, double[]> held, Set<String> files) {
        for (String name : files) {
            if (name.endsWith(ROUTER)) {
                held.put(name, held.remove(name.replace("block_sparse_moe", "mlp")));
            }
            Matcher expert = EXPERT.matcher(name);
            if (expert.matches()) {
                held.put(name, part(held, expert, files));
            }
        }
        held.keySet().removeIf(name -> name.endsWith("experts.gate_up_proj") || name.endsWith("experts.down_proj"));
    }

    private static double[] part(Map<String, double[]> held, Matcher expert, Set<String> files) {
        String together = expert.group(1) + "mlp.experts.";
        String block = expert.group(1) + expert.group(2) + ".experts.";
        int experts = (int) files.stream()
                .filter(name -> name.startsWith(block) && name.endsWith("." + expert.group(4) + ".weight"))
                .count();
        boolean gate = GATES.contains(expert.group(4));
        boolean up = UPS.contains(expert.group(4));
        double[] all = held.get(together + (gate || up ? "gate_up_proj" : "down_proj"));
        int own = all.length / experts;
        int start = Integer.parseInt(expert.group(3)) * own;
        return Arrays.copyOfRange(all, start + (up ? own / 2 : 0), start + (gate ? own / 2 : own));
    }
}
