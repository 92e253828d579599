package org.espalier.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;
import org.espalier.file.Sha256;

/**
 * A LoRA adapter in the folder form of Hugging Face's PEFT: {@code adapter_config.json} beside
 * {@code adapter_model.safetensors}, whose tensors are {@code A [rank, in]} and {@code B [out, rank]} of each projection, and
 * norm weights that stand in the place of the model's. What stands beside the experts of a layer together is taken apart
 * ({@link PeftFused}). Here they carry names of the checkpoint: {@code …q_proj.lora_A.weight}.
 */
public final class PeftAdapter implements AutoCloseable {

    /** Follows a projection's name in the name of the matrix {@code A [rank, in]}. */
    public static final String SUFFIX_A = ".lora_A.weight";
    /** Follows a projection's name in the name of the matrix {@code B [out, rank]}. */
    public static final String SUFFIX_B = ".lora_B.weight";

    /** Follows a projection's name in the name of the lengths {@code [out]} of rows, where they have their own. */
    public static final String SUFFIX_LENGTHS = ".lora_magnitude_vector";

    private static final String CONFIG = "adapter_config.json";
    /** The file of the matrices in an adapter's folder. */
    public static final String WEIGHTS = "adapter_model.safetensors";

    private static final String PREFIX = "base_model.model.";

    private final SafetensorsFile file;
    private final SequencedMap<String, StoredTensor> tensors = new TreeMap<>();
    private PeftConfig config;
    private ScratchTensors apart = ScratchTensors.NONE;

    private PeftAdapter(PeftConfig config, SafetensorsFile file) {
        this.config = config;
        this.file = file;
    }

    /** As below, of a model without experts. */
    public static PeftAdapter open(Path folder) {
        return open(folder, PeftExperts.NONE);
    }

    /** Where the model of an adapter lies, as its folder has it for people; empty if it does not say. */
    public static String baseModel(Path folder) {
        return readConfig(folder).baseModel();
    }

    private static PeftConfig readConfig(Path folder) {
        return PeftConfig.read(
                Json.readObject(folder.resolve(CONFIG)), folder.resolve(CONFIG).toString());
    }

    /**
     * Opens an adapter's folder.
     *
     * @param experts of the model that it is of
     * @throws Failure if there is none, or it is of a kind that cannot be used
     */
    public static PeftAdapter open(Path folder, PeftExperts experts) {
        if (!Files.exists(folder)) {
            throw new Failure("no such adapter", folder.toString(), "name a folder with " + CONFIG + " and " + WEIGHTS);
        }
        PeftConfig config = readConfig(folder);
        PeftParameters parameters = PeftParameters.read(
                Json.readObject(folder.resolve(CONFIG)), folder.resolve(CONFIG).toString());
        if (!Files.exists(folder.resolve(WEIGHTS)) && Files.exists(folder.resolve("adapter_model.bin"))) {
            throw new Failure(
                    "the adapter is stored as adapter_model.bin, which may hold code",
                    folder.toString(),
                    "save it as safetensors");
        }
        PeftAdapter adapter = new PeftAdapter(config, SafetensorsFile.open(folder.resolve(WEIGHTS)));
        try {
            adapter.read(adapter.apart(parameters, experts));
            return adapter;
        } catch (RuntimeException e) {
            adapter.close();
            throw e;
        }
    }

    /** Whether a folder is one of an adapter. */
    public static boolean isOne(Path folder) {
        return Files.exists(folder.resolve(CONFIG));
    }

    /** A hash of the configuration and the tensors of an adapter's folder. */
    public static String sha256(Path folder) {
        return Sha256.ofFiles(List.of(folder.resolve(CONFIG), folder.resolve(WEIGHTS)));
    }

    /** The configuration and the tensors, by PEFT's names, of an adapter: its folder must exist. */
    public static void writeInto(Path folder, PeftConfig config, List<TensorEntry> tensors) throws IOException {
        Files.write(folder.resolve(CONFIG), Json.toBytes(config.toJson()));
        SafetensorsWriter.write(
                folder.resolve(WEIGHTS),
                tensors.stream()
                        .map(t -> new TensorEntry(PREFIX + t.name(), t.type(), t.shape(), t.content()))
                        .toList());
    }

    /** Rank, scaling and targets, as {@code adapter_config.json} has them. */
    public PeftConfig config() {
        return config;
    }

    /** The file of the matrices. */
    public Path path() {
        return file.path();
    }

    /**
     * All matrices by the projection's name and {@link #SUFFIX_A} or {@link #SUFFIX_B}, each with its fellow, and what is
     * {@link #saved}, by its name in the model.
     */
    public SequencedMap<String, StoredTensor> tensors() {
        return Collections.unmodifiableSequencedMap(tensors);
    }

    /** The full names of the projections that have an adapter. */
    public List<String> projections() {
        return tensors.keySet().stream()
                .filter(n -> n.endsWith(SUFFIX_A))
                .map(n -> n.substring(0, n.length() - SUFFIX_A.length()))
                .toList();
    }

    /** The names of the model's parameters in whose place the adapter has its own. */
    public List<String> saved() {
        return tensors.keySet().stream()
                .filter(name -> !isMatrix(name) && !name.endsWith(SUFFIX_LENGTHS))
                .toList();
    }

    /** The file's tensors, with matrices for every expert in the place of those that stand beside all of a layer's together. */
    private Map<String, StoredTensor> apart(PeftParameters parameters, PeftExperts experts) {
        if (parameters.targets().isEmpty()) {
            return file.tensors();
        }
        Map<String, StoredTensor> all = new LinkedHashMap<>();
        Map<String, StoredTensor> matrices = new LinkedHashMap<>();
        file.tensors().forEach((name, tensor) -> {
            String inModel = inModel(name);
            (isMatrix(inModel) ? matrices : all).put(isMatrix(inModel) ? inModel : name, tensor);
        });
        PeftFused.Apart made =
                PeftFused.of(config, parameters, experts, matrices, file.path().toString());
        config = made.config();
        apart = ScratchTensors.of(made.entries(), file.path().toString());
        apart.tensors().forEach((name, tensor) -> all.put(PREFIX + name, tensor));
        return all;
    }

    private static String inModel(String name) {
        return name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : "";
    }

    private void read(Map<String, StoredTensor> stored) {
        stored.forEach((name, tensor) -> {
            String inModel = inModel(name);
            if (isMatrix(inModel)) {
                requireMatrix(name, tensor);
            } else if (!config.decomposed() || !inModel.endsWith(SUFFIX_LENGTHS) || !isVector(tensor)) {
                requireVector(name, inModel, tensor);
            }
            if (!Finite.all(tensor)) {
                throw new Failure(
                        "tensor " + Printable.quoted(name) + " holds numbers that are not finite",
                        file.path().toString(),
                        "train the adapter again, from a step before it diverged");
            }
            tensors.put(inModel, tensor);
        });
        for (String name :
                tensors.keySet().stream().filter(PeftAdapter::isMatrix).toList()) {
            String fellow =
                    name.endsWith(SUFFIX_A) ? name.replace(SUFFIX_A, SUFFIX_B) : name.replace(SUFFIX_B, SUFFIX_A);
            if (!tensors.containsKey(fellow)) {
                throw new Failure(
                        "tensor " + Printable.quoted(name) + " is there without " + Printable.quoted(fellow),
                        file.path().toString(),
                        "save the adapter again");
            }
        }
        requireLengths();
        for (String end : config.saved()) {
            if (saved().stream().map(PeftAdapter::module).noneMatch(module -> module.endsWith(end))) {
                throw new Failure(
                        "the adapter has nothing of " + Printable.quoted(end) + ", which its modules_to_save name",
                        file.path().toString(),
                        "save the adapter again");
            }
        }
        if (projections().isEmpty()) {
            throw new Failure("the adapter holds no matrices", file.path().toString(), "save the adapter again");
        }
    }

    /** Every projection has its lengths, and they are of as many rows; or none has. */
    private void requireLengths() {
        for (String projection : config.decomposed() ? projections() : List.<String>of()) {
            StoredTensor lengths = tensors.get(projection + SUFFIX_LENGTHS);
            long rows = tensors.get(projection + SUFFIX_B).shape().dim(0);
            if (lengths == null || lengths.shape().dim(0) != rows) {
                throw new Failure(
                        "the adapter (use_dora) has " + (lengths == null ? "no" : "other") + " lengths for the rows of "
                                + Printable.quoted(projection),
                        file.path().toString(),
                        "save the adapter again");
            }
        }
    }

    private static boolean isVector(StoredTensor tensor) {
        return tensor.shape().rank() == 1 && tensor.type().floating();
    }

    private static boolean isMatrix(String name) {
        return name.endsWith(SUFFIX_A) || name.endsWith(SUFFIX_B);
    }

    private void requireMatrix(String name, StoredTensor tensor) {
        if (tensor.shape().rank() != 2 || !tensor.type().floating()) {
            throw stranger(name, tensor);
        }
        long rank = tensor.shape().dim(name.endsWith(SUFFIX_A) ? 0 : 1);
        if (rank != config.rank()) {
            throw new Failure(
                    "tensor " + Printable.quoted(name) + " has rank " + rank + ", not " + config.rank(),
                    file.path().toString(),
                    "only adapters of one rank can be used");
        }
    }

    /** Of parameters in the place of a model's own, norm weights can be used. As in PEFT, any end of a module's name means it. */
    private void requireVector(String name, String inModel, StoredTensor tensor) {
        String module = module(inModel);
        boolean saved = !inModel.isEmpty() && config.saved().stream().anyMatch(module::endsWith);
        if (!saved || !isVector(tensor)) {
            throw stranger(name, tensor);
        }
    }

    private Failure stranger(String name, StoredTensor tensor) {
        return new Failure(
                "tensor " + Printable.quoted(name) + " " + tensor.type() + " " + tensor.shape()
                        + " is no matrix of a LoRA adapter and no norm weight",
                file.path().toString(),
                "only plain LoRA can be used, with norm weights beside it");
    }

    /** The module that a parameter belongs to. */
    public static String module(String parameter) {
        return parameter.substring(0, Math.max(0, parameter.lastIndexOf('.')));
    }

    @Override
    public void close() {
        apart.close();
        file.close();
    }
}
