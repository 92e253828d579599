package org.espalier.tune;

import java.nio.file.Path;
import java.util.Map;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.Transformer;
import org.espalier.tape.Leaves;
import org.espalier.tensor.Tensor;

/**
 * Low-rank adapters beside a model's projections (Hu et al. 2021), and with them norm weights of its own if asked for; no gradient
 * of the model's weights is computed.
 */
public final class LearnedAdapter implements Learned {

    private final Model model;
    private final LoraConfig lora;
    private final Transformer trained;
    private final Adapter adapter;
    private final Model adapted;

    /**
     * Fresh adapters.
     *
     * @param model without an adapter; it must stay open
     * @param seed  of the adapters
     */
    public LearnedAdapter(Model model, LoraConfig lora, long seed) {
        this.model = model;
        this.lora = lora;
        this.trained = new Transformer(model.config(), lora);
        this.adapter = LoraInitialisation.adapter(model, lora, seed);
        // Not closed: what it holds belongs to the model and to the adapter.
        this.adapted = model.with(adapter);
    }

    /**
     * Goes on from an adapter that was trained before.
     *
     * @param model  without an adapter; it must stay open
     * @param lora   of the same form as {@code start}, which may replace fewer of the model's parameters
     * @throws org.espalier.error.Failure if it is of another
     */
    public static LearnedAdapter from(Model model, LoraConfig lora, PeftAdapter start, long seed) {
        LearnedAdapter learned = new LearnedAdapter(model, lora, seed);
        try {
            learned.adapter.begin(model.backend(), model.config(), start);
            learned.settle();
            return learned;
        } catch (RuntimeException | Error e) {
            learned.close();
            throw e;
        }
    }

    /** The adapters as they are trained. */
    public LoraConfig config() {
        return lora;
    }

    /** The adapter as it is now. */
    public Adapter adapter() {
        return adapter;
    }

    @Override
    public Model model() {
        return model;
    }

    @Override
    public Transformer trained() {
        return trained;
    }

    @Override
    public Transformer used() {
        return adapted.transformer();
    }

    @Override
    public Leaves leaves() {
        return adapted.leaves(Map.of());
    }

    @Override
    public Map<String, Tensor> tensors() {
        return adapter.tensors();
    }

    @Override
    public void load(Path folder) {
        try (PeftAdapter stored = PeftAdapter.open(folder)) {
            adapter.load(model.backend(), model.config(), stored);
        }
        settle();
    }

    @Override
    public void settle() {
        adapter.settle(model.backend(), model.weights()::tensor);
    }

    @Override
    public void close() {
        adapter.close();
    }
}
