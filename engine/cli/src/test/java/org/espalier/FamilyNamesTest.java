package org.espalier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.espalier.file.Json;
import org.espalier.model.Architecture;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer;
import org.espalier.planted.NamesAFamily;
import org.espalier.tape.Value;
import org.junit.jupiter.api.Test;

/**
 * Families of models are known to their own room alone: no class depends on one of theirs, and none has a family's name, or
 * a name or key that families give to tensors and sizes, in its constants. What these words are is asked of the families.
 */
class FamilyNamesTest {

    private static final String FAMILIES = "org.espalier.model.arch";
    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("tests.jar"))
            .importPackages("org.espalier");

    /** Words that mean something else in a class: by its name, with the reason. */
    private static final Map<String, Set<String>> OTHER_MEANINGS = Map.of(
            // The key by which families are found.
            "org.espalier.model.Architectures", Set.of("model_type"),
            // Tokenizers have the names of the models that first had them.
            "org.espalier.text.TokenizerGguf", Set.of("llama"),
            "org.espalier.text.TokenizerMetadata", Set.of("llama"),
            "org.espalier.text.TokenizerSplit", Set.of("qwen2"),
            // Keys of its own output.
            "org.espalier.cli.TuneOptions", Set.of("q_proj", "v_proj"),
            // An example in a help text.
            "org.espalier.cli.BudgetOptions", Set.of("self_attn"),
            "org.espalier.cli.InfoCommand", Set.of("hidden_size", "head_dim", "vocab_size"),
            "org.espalier.cli.LogitsCommand", Set.of("vocab_size"));

    private static final Set<String> MODEL_TYPES = Set.copyOf(Architectures.types());
    private static final Set<String> WORDS = words();

    private static Set<String> words() {
        LayerConfig layer = new LayerConfig(2, 1, 8);
        ObjectNode json =
                Architectures.json(Architectures.untrained(new ModelConfig.Sizes(8, 8, 4, List.of(layer, layer), 16)));
        // So that the head has a name of its own.
        json.put("tie_word_embeddings", false);
        // Files of tokenizers say it, too.
        Stream<String> keys =
                json.properties().stream().map(Map.Entry::getKey).filter(key -> !key.equals("vocab_size"));
        Map<String, ObjectNode> published = published();
        List<ModelConfig> configs = MODEL_TYPES.stream()
                .map(type -> published.getOrDefault(type, json.deepCopy().put("model_type", type)))
                .map(config -> Architectures.read(config, "this test"))
                .toList();
        Stream<String> names = configs.stream()
                .flatMap(config -> new Transformer(config).shape().leaves(Value.Role.PARAMETER).stream())
                .flatMap(parameter -> Arrays.stream(parameter.name().split("\\.")));
        Stream<Architecture> families = configs.stream().map(Architectures::of);
        Stream<String> compounds =
                Stream.of(keys, names, Architectures.adapterTargets().stream()).flatMap(words -> words);
        return Stream.of(
                        // Single words of the language are said elsewhere, too.
                        compounds.filter(word -> word.contains("_")),
                        families.flatMap(family -> Stream.concat(
                                Stream.of(family.layerPrefix(0).replaceFirst("\\.0\\.$", "")),
                                family.modelTypes().values().stream())),
                        MODEL_TYPES.stream())
                .flatMap(words -> words)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Configurations of published models, by type: families call their sizes by other names. */
    private static Map<String, ObjectNode> published() {
        try (Stream<Path> models = Files.list(Shared.path("cases/published"))) {
            return models.filter(Files::isDirectory)
                    .map(model -> Json.readObject(model.resolve("config.json")))
                    .collect(Collectors.toMap(
                            config -> config.get("model_type").asText(), config -> config, (one, other) -> one));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void nothingDependsOnAFamily() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideOutsideOfPackage(FAMILIES)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(FAMILIES)
                .check(PRODUCT);
    }

    @Test
    void familiesNameTheWordsThatAreLookedFor() {
        assertTrue(
                WORDS.containsAll(Set.of(
                        "llama",
                        "qwen3",
                        "model.layers",
                        "self_attn",
                        "embed_tokens",
                        "lm_head",
                        "q_proj",
                        "q_norm",
                        "qkv_proj",
                        "num_attention_heads")),
                WORDS::toString);
    }

    @Test
    void noOtherClassNamesWhatIsAFamilys() {
        Set<String> breaches = PRODUCT.stream()
                .filter(c -> !c.getPackageName().equals(FAMILIES))
                .flatMap(c -> breaches(c).stream())
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(breaches.isEmpty(), () -> String.join("\n", breaches));
    }

    @Test
    void aClassThatDoesIsFound() {
        JavaClass planted = new ClassFileImporter().importClass(NamesAFamily.class);
        assertEquals(
                Set.of(planted.getName() + " says model.layers", planted.getName() + " says self_attn"),
                breaches(planted));
    }

    private static Set<String> breaches(JavaClass javaClass) {
        String outermost = javaClass.getName().split("\\$")[0];
        Set<String> allowed = OTHER_MEANINGS.getOrDefault(outermost, Set.of());
        return constants(javaClass)
                .flatMap(text -> WORDS.stream().filter(word -> says(text, word)))
                .filter(word -> !allowed.contains(word))
                .map(word -> javaClass.getName() + " says " + word)
                .collect(Collectors.toSet());
    }

    /** Every text of a class file, those of annotations and concatenations among them. */
    private static Stream<String> constants(JavaClass javaClass) {
        try (InputStream file =
                javaClass.getSource().orElseThrow().getUri().toURL().openStream()) {
            Iterable<PoolEntry> pool = ClassFile.of().parse(file.readAllBytes()).constantPool();
            return StreamSupport.stream(pool.spliterator(), false)
                    .filter(Utf8Entry.class::isInstance)
                    .map(entry -> ((Utf8Entry) entry).stringValue());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Whether a text has a word that is not a part of another. A model type is all of the text: programs and folders of
     * examples are called after models.
     */
    private static boolean says(String text, String word) {
        if (MODEL_TYPES.contains(word)) {
            return text.equals(word);
        }
        for (int at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
            int end = at + word.length();
            if ((at == 0 || !continues(text.charAt(at - 1)))
                    && (end == text.length() || !continues(text.charAt(end)))) {
                return true;
            }
        }
        return false;
    }

    private static boolean continues(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }
}
