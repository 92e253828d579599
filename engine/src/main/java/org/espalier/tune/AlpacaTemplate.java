package org.espalier.tune;

/** How instructions become prompts, as Stanford's Alpaca and LLM-Pruner after it write them. */
final class AlpacaTemplate {

    private static final String WITH_INPUT = "Below is an instruction that describes a task, paired with an input that "
            + "provides further context. Write a response that appropriately completes the request.\n\n";
    private static final String WITHOUT_INPUT = "Below is an instruction that describes a task. Write a response that "
            + "appropriately completes the request.\n\n";

    private AlpacaTemplate() {}

    /** The text before an answer; {@code input} may be empty. */
    static String prompt(String instruction, String input) {
        String task = "### Instruction:\n" + instruction + "\n\n";
        return input.isEmpty()
                ? WITHOUT_INPUT + task + "### Response:\n"
                : WITH_INPUT + task + "### Input:\n" + input + "\n\n### Response:\n";
    }
}
