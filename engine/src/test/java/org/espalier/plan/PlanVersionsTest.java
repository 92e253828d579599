package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.espalier.RandomModel;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans of both versions say the same, and one whose lists and groups differ is refused. */
class PlanVersionsTest {

    private static final ModelConfig CONFIG = RandomModel.config(32, 8, 3, new LayerConfig(8, 2, 40), true);

    @TempDir
    private Path folder;

    private Selection selection;
    private Path file;

    /** A key/value head of layer 0, query heads and neurons of layer 1, the whole MLP of layer 2. */
    @BeforeEach
    void write() {
        Structure structure = Structure.of(new Transformer(CONFIG).shape());
        selection = new Selection(structure);
        selection.remove(units(structure, 0, Role.HEADS), 1);
        selection.remove(units(structure, 1, Role.QUERY_HEADS), 2, 5);
        selection.remove(units(structure, 1, Role.NEURONS), 0, 7, 39);
        selection.remove(structure.branches().getLast());
        PlanSelection translation = new PlanSelection(CONFIG, "plan");
        Plan plan = new Plan(
                Plan.FORMAT_VERSION,
                new ScoresFile.Source("model", "0f", structure.tape().parameterCount()),
                new Choice("l2", "mean", "block", "local", 0.2, null, null),
                new Plan.Parameters(structure.tape().parameterCount(), selection.parametersAfter()),
                null,
                42,
                new Plan.Kept(
                        translation.kept(selection),
                        translation.keptChannels(selection),
                        translation.groups(selection, units -> null)),
                null,
                translation.keptAlone(selection));
        file = folder.resolve("plan.json");
        PlanFile.write(plan, file, false);
    }

    private static Units units(Structure structure, int layer, Role role) {
        return structure.units(layer, role).orElseThrow();
    }

    private Selection read() {
        return new PlanSelection(CONFIG, file.toString()).removed(PlanFile.read(file));
    }

    private void edit(Consumer<ObjectNode> change) throws IOException {
        ObjectNode json = Json.readObject(file);
        change.accept(json);
        Files.write(file, Json.toBytes(json));
    }

    private void assertSame(Selection found) {
        assertEquals(selection.parametersAfter(), found.parametersAfter());
        for (Units units : selection.structure().units()) {
            assertArrayEquals(
                    selection.staying(units),
                    found.staying(units),
                    units.group().name());
        }
        selection.structure().branches().forEach(b -> assertEquals(selection.removed(b), found.removed(b), b.name()));
    }

    @Test
    void everyGroupThatIsCutIsNamed() {
        List<Plan.Group> groups = PlanFile.read(file).kept().groups();
        assertEquals(
                List.of("0 heads", "1 query_heads", "1 neurons"),
                groups.stream().map(group -> group.layer() + " " + group.role()).toList());
        assertArrayEquals(new int[] {0, 1, 3, 4, 6, 7}, groups.get(1).kept());
        assertSame(read());
    }

    @Test
    void versionOneIsRead() throws IOException {
        edit(json -> json.put("format_version", 1).remove("groups"));
        assertSame(read());
    }

    @Test
    void listsAndGroupsMustAgree() throws IOException {
        edit(json -> ((ObjectNode) json.withArray("layers").get(1))
                .withArray("kept_neurons")
                .remove(0));
        String line = assertThrows(Failure.class, this::read).oneLine();
        assertTrue(line.contains("mlp.neurons keep different units") && line.contains("leave out 'groups'"), line);
    }

    @Test
    void laterVersionsAreRefused() throws IOException {
        edit(json -> json.put("format_version", 3));
        assertTrue(assertThrows(Failure.class, this::read).oneLine().contains("reads versions 1 to 2"));
    }
}
