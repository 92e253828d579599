package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.format.HostileFiles;
import org.espalier.format.PeftAdapter;

/** An adapter in PEFT's form: its configuration and its matrices. */
final class PeftTarget implements Target {

    private static final String CONFIG = "adapter_config.json";

    @Override
    public String name() {
        return "peft";
    }

    @Override
    public List<Input> seeds() {
        String name = "base_model.model.model.layers.0.self_attn.q_proj.lora_";
        String weights = """
                {"%1$sA.weight":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},\
                "%1$sB.weight":{"dtype":"F32","shape":[4,2],"data_offsets":[32,64]}}""".formatted(name);
        return List.of(Input.of(CONFIG, """
                        {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "x", "r": 2,
                         "lora_alpha": 16, "lora_dropout": 0.05, "bias": "none", "use_rslora": false, "use_dora": false,
                         "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true,
                         "target_modules": ["q_proj", "v_proj"], "rank_pattern": {}, "alpha_pattern": {},
                         "modules_to_save": null, "layers_to_transform": null, "layers_pattern": null,
                         "revision": null}""").with(PeftAdapter.WEIGHTS, HostileFiles.safetensors(weights, 64)));
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isJsonObject(input, CONFIG) && FirstChecks.isSafetensors(input, PeftAdapter.WEIGHTS);
    }

    @Override
    public void read(Path folder, Input input) {
        try (PeftAdapter adapter = PeftAdapter.open(folder)) {
            adapter.config().scale();
            adapter.projections();
        }
    }
}
