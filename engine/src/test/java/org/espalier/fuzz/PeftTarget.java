package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.format.ExpertNames;
import org.espalier.format.HostileFiles;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftExperts;

/** An adapter in PEFT's form: its configuration and its matrices. */
final class PeftTarget implements Target {

    private static final String CONFIG = "adapter_config.json";

    private static final PeftExperts EXPERTS = new PeftExperts(
            new ExpertNames("mlp", "gate", "up", "down", new ExpertNames.Together("mlp", "gate_up_proj", "down_proj")),
            List.of(2));

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
        String experts = "base_model.model.model.layers.0.mlp.experts.";
        String together = """
                {"%1$sbase_layer.lora_A.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},\
                "%1$sbase_layer.lora_B.weight":{"dtype":"F32","shape":[4,2],"data_offsets":[16,48]},\
                "%1$slora_A.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[48,64]},\
                "%1$slora_B.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[64,80]}}""".formatted(experts);
        return List.of(
                Input.of(CONFIG, """
                        {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "x", "r": 2,
                         "lora_alpha": 16, "lora_dropout": 0.05, "bias": "none", "use_rslora": false, "use_dora": false,
                         "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true,
                         "target_modules": ["q_proj", "v_proj"], "rank_pattern": {}, "alpha_pattern": {},
                         "modules_to_save": null, "layers_to_transform": null, "layers_pattern": null,
                         "revision": null}""").with(PeftAdapter.WEIGHTS, HostileFiles.safetensors(weights, 64)),
                Input.of(CONFIG, """
                        {"peft_type": "LORA", "r": 1, "lora_alpha": 2, "target_modules": [],
                         "target_parameters": ["experts.gate_up_proj", "down_proj"],
                         "rank_pattern": {".*\\\\.gate_up_proj": 1}, "alpha_pattern": {".*\\\\.gate_up_proj": 4}}""").with(PeftAdapter.WEIGHTS, HostileFiles.safetensors(together, 80)));
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isJsonObject(input, CONFIG) && FirstChecks.isSafetensors(input, PeftAdapter.WEIGHTS);
    }

    @Override
    public void read(Path folder, Input input) {
        try (PeftAdapter adapter = PeftAdapter.open(folder, EXPERTS)) {
            adapter.config().scale();
            adapter.projections();
        }
    }
}
