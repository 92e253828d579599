package org.espalier.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Python code beside a checkpoint by which Hugging Face's transformers open a model that its stock class does not: with
 * {@code trust_remote_code}, they build every layer of its own sizes.
 *
 * @param stockClass that it goes on from, such as {@code LlamaForCausalLM}
 */
public record RemoteCode(String stockClass) {

    /** What the file is called. */
    public static final String FILE = "modeling_espalier.py";

    private static final String MODULE = FILE.substring(0, FILE.length() - ".py".length());
    private static final String MAP = "auto_map";
    private static final String SUFFIX = "ForCausalLM";

    /** The code for a model that needs some; empty if the stock class opens it, or there is none for its family. */
    public static Optional<RemoteCode> of(ModelConfig config) {
        String name = StockClass.name(config);
        return StockClass.refusal(config).isPresent()
                        && Architectures.of(config).layersAreBuiltAlone()
                        && name.endsWith(SUFFIX)
                ? Optional.of(new RemoteCode(name))
                : Optional.empty();
    }

    /** The content of {@link #FILE}. */
    public byte[] file() {
        try (InputStream template = RemoteCode.class.getResourceAsStream(FILE)) {
            String code = new String(template.readAllBytes(), StandardCharsets.UTF_8);
            String config = stockClass.substring(0, stockClass.length() - SUFFIX.length()) + "Config";
            return code.replace("@MODEL@", stockClass)
                    .replace("@CONFIG@", config)
                    .getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Says in a configuration where the code is. */
    public static void enter(ObjectNode json) {
        json.putObject(MAP)
                .put("AutoConfig", MODULE + ".EspalierConfig")
                .put("AutoModelForCausalLM", MODULE + ".EspalierForCausalLM");
    }

    /** Takes out of a configuration that there was such code beside the model that it comes from. */
    public static void remove(ObjectNode json) {
        if (json.path(MAP).path("AutoConfig").asText().startsWith(MODULE + ".")) {
            json.remove(MAP);
        }
    }
}
