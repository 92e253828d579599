# Copyright 2026 The Espalier authors.
#
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with the
# License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
# "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.
"""Opens a pruned model whose layers have sizes of their own: transformers' class with its layers built anew.

`per_layer_config` in config.json says by which sizes a layer differs from the others; 0 heads or 0 neurons mean that the
layer has no attention or no MLP.
"""

import copy

from torch import nn
from transformers import @CONFIG@, @MODEL@


class EspalierConfig(@CONFIG@):
    """The configuration of the model, whose layers may differ."""

    def __init__(self, per_layer_config=None, num_attention_heads=None, **kwargs):
        if num_attention_heads is None:
            super().__init__(**kwargs)
        else:
            # transformers wants heads to divide channels, which they need not where the size of a head is given.
            kwargs.setdefault("num_key_value_heads", num_attention_heads)
            super().__init__(num_attention_heads=1, **kwargs)
            self.num_attention_heads = num_attention_heads
        self.layer_sizes = dict(per_layer_config or {})

    def validate(self):
        """Says nothing against heads that do not divide channels."""

    def of_layer(self, layer):
        """The configuration as this layer has it."""
        own = copy.deepcopy(self)
        for key, value in self.layer_sizes.get(str(layer), {}).items():
            setattr(own, key, value)
        return own

    def to_dict(self):
        values = super().to_dict()
        sizes = values.pop("layer_sizes", None)
        if sizes:
            values["per_layer_config"] = sizes
        return values


class NoAttention(nn.Module):
    """In the place of an attention that was removed. It counts the tokens in the cache, as others ask its first layer."""

    def __init__(self, layer_idx):
        super().__init__()
        self.layer_idx = layer_idx

    def forward(self, hidden_states, past_key_values=None, **kwargs):
        if past_key_values is not None:
            batch, tokens, _ = hidden_states.shape
            nothing = hidden_states.new_zeros(batch, 1, tokens, 1)
            past_key_values.update(nothing, nothing, self.layer_idx)
        return hidden_states.new_zeros(hidden_states.shape), None


class NoMlp(nn.Module):
    """In the place of an MLP that was removed."""

    def forward(self, hidden_states):
        return hidden_states.new_zeros(hidden_states.shape)


class EspalierForCausalLM(@MODEL@):
    """The model, whose layers are built of their own sizes."""

    config_class = EspalierConfig

    def __init__(self, config):
        super().__init__(config)
        for index, layer in enumerate(self.model.layers):
            if str(index) in config.layer_sizes:
                self._build(layer, index, config.of_layer(index))
        self.post_init()

    @staticmethod
    def _build(layer, index, config):
        if config.num_attention_heads == 0:
            layer.self_attn = NoAttention(index)
            layer.input_layernorm = nn.Identity()
        else:
            layer.self_attn = type(layer.self_attn)(config=config, layer_idx=index)
        if config.intermediate_size == 0:
            layer.mlp = NoMlp()
            layer.post_attention_layernorm = nn.Identity()
        else:
            layer.mlp = type(layer.mlp)(config)
