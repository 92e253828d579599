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
        this.trained = new Transformer(model.config(), lora);
        this.adapter = LoraInitialisation.adapter(model, lora, seed);
        // Not closed: what it holds belongs to the model and to the adapter.
        this.adapted = model.with(adapter);
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
    }

    @Override
    public void close() {
        adapter.close();
    }
}
