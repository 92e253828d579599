package org.espalier.job;

import java.util.Optional;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.cut.Compactor;
import org.espalier.error.Failure;
import org.espalier.format.GgufWriter;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.PrunedConfig;
import org.espalier.model.StockClass;
import org.espalier.plan.Rounding;

/** A program that is to open what is left of a model. */
public enum Tool {
    /** Widths may differ where GGUF can say so; rows of its k-quants are whole blocks of 256 numbers. */
    LLAMA_CPP("llama.cpp", 256),
    /** Its own class of the model's type, whose layers are all alike. */
    TRANSFORMERS("transformers", Rounding.USUAL),
    /** Knows layers that are all alike. */
    VLLM("vllm", Rounding.USUAL);

    private final String name;
    private final int multiple;

    Tool(String name, int multiple) {
        this.name = name;
        this.multiple = multiple;
    }

    /** What widths are multiples of, or of a smaller power of two where that is coarse. */
    Rounding rounding() {
        return new Rounding(multiple, true, false);
    }

    /** Whether layers are to be alike whatever the model is. */
    boolean uniform() {
        return this != LLAMA_CPP;
    }

    /**
     * Whether layers of this model are to be alike.
     *
     * @throws Failure if it has no models of the kind
     */
    boolean uniform(ModelCheckpoint checkpoint, Structure structure) {
        if (uniform()) {
            return true;
        }
        requireGguf(checkpoint, new Selection(structure));
        return structure.units(0, Role.NEURONS).stream().anyMatch(units -> refused(checkpoint, structure, units));
    }

    /** Whether GGUF has no way to say that one layer has a unit of each set less. */
    private static boolean refused(ModelCheckpoint checkpoint, Structure structure, Units units) {
        Selection one = new Selection(structure);
        IntStream.range(0, units.sets()).forEach(set -> one.remove(units, set * units.perSet()));
        try {
            requireGguf(checkpoint, one);
            return false;
        } catch (Failure _) {
            return true;
        }
    }

    /**
     * Refuses what it does not open.
     *
     * @throws Failure that says why
     */
    void require(ModelCheckpoint checkpoint, Selection selection) {
        if (this == LLAMA_CPP) {
            requireGguf(checkpoint, selection);
            return;
        }
        ModelConfig left = PrunedConfig.of(checkpoint.model(), selection);
        StockClass.refusal(left).ifPresent(why -> {
            throw new Failure(
                    "%s's %s would not open what is left: %s".formatted(name, StockClass.name(left), why),
                    "--for " + name,
                    "let other units go, or leave out --for");
        });
    }

    private static void requireGguf(ModelCheckpoint checkpoint, Selection selection) {
        GgufWriter.requireWritable(
                new Compactor(checkpoint, checkpoint.model(), selection, Optional.empty()).content());
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return name;
    }
}
