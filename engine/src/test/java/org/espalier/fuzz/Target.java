package org.espalier.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A reader of files from strangers, with what is needed to try it. One at a time uses it. Other modules name theirs as
 * services.
 */
public interface Target extends AutoCloseable {

    /** What a reader may allocate if that is more than ten times its input. */
    long USUAL_BYTES = 64L << 20;

    /**
     * What may be allocated for a description of 4,096 layers, the most that are read, whose tape is recorded or whose page is
     * drawn; most of it is free again at once. Of a family with biases it is 278 KB a layer.
     */
    long BYTES_OF_LAYERS = 5L << 28;

    /** The name on the command line. */
    String name();

    /** Inputs that are right; others are made from them. Files of one name are of one kind. */
    List<Input> seeds() throws IOException;

    /** Whether an input gets past the first thing that is looked at: of most kinds, that every file holds a JSON object. */
    default boolean passesFirstCheck(Input input) {
        return input.names().stream().allMatch(name -> FirstChecks.isJsonObject(input, name));
    }

    /**
     * Reads an input as the product does.
     *
     * @param folder where its files lie
     * @throws org.espalier.error.Failure where the input is refused; whatever else is thrown is a finding
     */
    void read(Path folder, Input input) throws Exception;

    /** Bytes that may be allocated for an input. */
    default long mostBytes(Input input) {
        return Math.max(USUAL_BYTES, 10 * input.bytes());
    }

    /** Whether native memory stays from one input to the next, as that of a model that is open, until the target is closed. */
    default boolean keepsNativeMemory() {
        return false;
    }

    /** Nanoseconds of computing by another process for this target since it started. */
    default long computedElsewhere() {
        return 0;
    }

    /** Ends a read that runs in another process, and takes too long. */
    default void interrupt() {}

    @Override
    default void close() {}
}
