package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.report.Comparison;
import org.espalier.report.StandardMeasure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What programs that use the engine as a library can count on, beside what the commands show. */
class LibraryTest {

    @TempDir
    private Path folder;

    /** Keeps what it hears. */
    private static final class Heard implements Listener {

        private final List<String> lines = new ArrayList<>();

        @Override
        public void note(String line) {
            lines.add("note " + line);
        }

        @Override
        public Progress begin(String name, String unit, long total) {
            lines.add("begin " + name + ", " + total + " " + unit);
            return new Progress() {
                private long done;

                @Override
                public void advance(long more) {
                    done += more;
                }

                @Override
                public void close() {
                    lines.add("end " + name + ", " + done + " " + unit);
                }
            };
        }
    }

    /** Programs that use the library bring their own. */
    @ParameterizedTest
    @ValueSource(strings = {"picocli.CommandLine", "me.tongfei.progressbar.ProgressBar"})
    void isNotOnItsClassPath(String name) {
        assertThrows(ClassNotFoundException.class, () -> Class.forName(name));
    }

    @Test
    void aListenerHearsHowFarAJobIs() throws IOException {
        Path model = DemoModel.writeTo(folder.resolve("model"));
        Path text = Files.write(folder.resolve("text.txt"), DemoModel.stories(2, 8));
        Heard heard = new Heard();
        PerplexityJob.Result result = new PerplexityJob(cpu(heard), PerplexitySettings.on(text)).run(model);
        int windows = result.results().getFirst().count();
        assertTrue(windows > 1, () -> windows + " windows");
        assertEquals(
                List.of("begin " + text + ", " + windows + " windows", "end " + text + ", " + windows + " windows"),
                heard.lines);
    }

    @Test
    void modelsAreComparedByAllThatIsMeasured() throws IOException {
        SequencedMap<String, Path> models = new LinkedHashMap<>();
        models.put("one", DemoModel.writeTo(folder.resolve("model")));
        models.put("other", folder.resolve("model"));
        Path text = Files.write(folder.resolve("text.txt"), DemoModel.stories(2, 8));
        CompareSettings settings = CompareSettings.defaults()
                .evaluation(new TextEvaluation(PerplexitySettings.on(text)))
                .maxTokens(5)
                .repetitions(1);
        CompareJob.Result result = new CompareJob(cpu(Listener.NONE), settings).run(models);
        assertEquals(
                List.of("one", "other"),
                result.stages().stream().map(Comparison.Stage::name).toList());
        for (StandardMeasure measure : List.of(
                StandardMeasure.PARAMETERS, StandardMeasure.MEMORY, StandardMeasure.PREFILL, StandardMeasure.DECODE)) {
            result.stages()
                    .forEach(stage ->
                            assertTrue(stage.value(measure).orElseThrow() > 0, () -> measure + " of " + stage.name()));
        }
        Comparison.Stage one = result.stages().getFirst();
        Comparison.Stage other = result.stages().getLast();
        assertEquals(one.text(), other.text());
        List<String> ofBoth =
                one.measures().stream().map(measure -> measure.name()).toList();
        List<String> ofOther =
                other.measures().stream().map(measure -> measure.name()).toList();
        assertEquals(ofBoth, ofOther.subList(0, ofBoth.size()));
        assertEquals(
                List.of("KL divergence on text.txt", "same likeliest token on text.txt"),
                ofOther.subList(ofBoth.size(), ofOther.size()));
        assertTrue(one.measures().stream().anyMatch(measure -> measure.name().contains("text.txt")), one::toString);
    }

    private static Engine cpu(Listener listener) {
        return new Engine(
                ComputeSettings.defaults().device(ComputeSettings.Device.CPU).threads(2), listener);
    }
}
