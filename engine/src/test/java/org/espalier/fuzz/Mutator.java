package org.espalier.fuzz;

import java.util.random.RandomGenerator;

/** Makes a file that is wrong in a few places from one that is right. */
@FunctionalInterface
interface Mutator {

    /**
     * The changed file; {@code content} and {@code other} stay as they are.
     *
     * @param other another file of the kind, of which parts may be used
     */
    byte[] mutate(byte[] content, byte[] other, RandomGenerator random);

    /** What suits the kind of file that a name stands for. */
    static Mutator of(String name) {
        String kind = name.substring(name.lastIndexOf('.') + 1);
        return switch (kind) {
            case "json" -> name.equals(TaskMutator.FILE) ? new TaskMutator() : new JsonMutator();
            case "safetensors" -> new SafetensorsMutator();
            case "gguf" -> new GgufMutator();
            case "jsonl", "part" -> new LinesMutator();
            case "model" -> new ProtoMutator();
            case "jinja" -> new TemplateMutator();
            default -> new TextMutator();
        };
    }
}
