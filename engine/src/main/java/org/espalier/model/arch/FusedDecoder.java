package org.espalier.model.arch;

import java.util.List;
import org.espalier.backend.ActivationFunction;
import org.espalier.model.Decoder;
import org.espalier.model.Pass;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.op.Activation;
import org.espalier.tape.op.Attention;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.Split;

/**
 * What passes of a {@link FusedFamily} have in common. Shapes: T tokens, C channels, H heads, D channels of a head, I neurons, V
 * vocabulary.
 *
 * @param <C> the family's configuration
 */
abstract class FusedDecoder<C extends FusedFamily.Config> implements Decoder {

    static final String HEADS = "query_key_value";
    static final String OUT = "dense";
    static final String WIDEN = "dense_h_to_4h";
    static final String NARROW = "dense_4h_to_h";

    final C config;
    final Pass pass;
    private final UsualFiles files;

    FusedDecoder(C config, Pass pass, UsualFiles files) {
        this.config = config;
        this.pass = pass;
        this.files = files;
    }

    final Tape tape() {
        return pass.tape();
    }

    @Override
    public Value embed() {
        return Embedding.record(tape(), pass.ids(), table()); // [T, C]
    }

    private Value table() {
        return tape().parameter(files.embedding(), config.vocab(), config.hidden());
    }

    final Value norm(Value stream, String name) {
        return pass.layerNorm(stream, name, config.eps()); // [T, C]
    }

    /** Queries, keys and values, {@code [T, H, D]} each, of {@code x [T, C]}. */
    final List<Value> heads(Value x, String block, int heads, boolean biased) {
        Value fused = pass.project(x, block + HEADS, 3L * heads * config.headDim(), biased); // [T, H · 3 · D]
        Value ofHeads = tape().view(fused, pass.tokens(), heads, 3L * config.headDim());
        return Split.record(tape(), ofHeads, config.headDim(), config.headDim(), config.headDim());
    }

    /** What queries see of keys and values that are kept under {@code prefix}, {@code [T, H, D]}. */
    final Value attended(Value queries, Value keys, Value values, String prefix) {
        return Attention.record(
                tape(),
                queries,
                pass.cached(keys, prefix + "keys"),
                pass.cached(values, prefix + "values"),
                1 / Math.sqrt(config.headDim()));
    }

    /** What heads' outputs {@code [T, H, D]} add to the stream, {@code [T, C]}. */
    final Value joined(Value out, String block, boolean biased) {
        Value joined =
                tape().view(out, pass.tokens(), out.shape().dim(1) * out.shape().dim(2));
        return pass.project(joined, block + OUT, config.hidden(), biased);
    }

    /** An MLP of {@code x [T, C]}. */
    final Value mlp(Value x, String prefix, int neurons, ActivationFunction activation) {
        Value wide = pass.project(x, prefix + "mlp." + WIDEN, neurons, true); // [T, I]
        Value active = Activation.record(tape(), activation, wide);
        return pass.project(active, prefix + "mlp." + NARROW, config.hidden(), true);
    }

    @Override
    public final Value logits(Value finished) {
        Value weight = config.tied() ? table() : tape().parameter(files.head(), config.vocab(), config.hidden());
        return Linear.record(tape(), finished, weight, null); // [T, V]
    }
}
