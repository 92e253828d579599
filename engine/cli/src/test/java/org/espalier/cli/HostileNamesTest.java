package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.error.Printable;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names and texts in files that would act on a terminal, or fill it, wherever they are shown. */
class HostileNamesTest {

    private static final String WILD = "x\u001b[2J\u009b31m\u202eTXT\u2066";
    private static final String LONG = WILD + "y".repeat(100_000);
    private static final int LONGEST_LINE = 2600;

    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void write() throws IOException {
        model = folder.resolve(WILD);
        DemoModel.writeTo(model);
        Files.writeString(
                folder.resolve("text.txt"), "the fox ran to the big red house and saw the old dog there\n".repeat(60));
    }

    @Test
    void pathsAreShownEscapedByEveryCommand() {
        String text = folder.resolve("text.txt").toString();
        String pruned = folder.resolve("out" + WILD).toString();
        shown(0, "info", model.toString());
        shown(0, "info", model.toString(), "--json");
        shown(0, "groups", model.toString());
        shown(0, "eval", "ppl", model.toString(), "--data", text, "--seq-len", "16", "--max-windows", "1");
        prune(model.toString(), pruned);
        String plan = Path.of(pruned).resolve("plan.json").toString();
        assertTrue(shown(0, "plan", "show", plan).out().startsWith("x\\u001b[2J\\u009b31m\\u202eTXT"), plan);
        shown(0, "plan", "diff", plan, plan);
        shown(0, "report", pruned, "--out", folder.resolve("page.html").toString());
        shown(0, "compact", model.toString(), "--plan", plan, "--out", pruned + "2");
        shown(
                0,
                "convert",
                model.toString(),
                "--out",
                folder.resolve("copy" + WILD).toString());
        shown(1, "info", pruned + "/missing");
        shown(2, "info" + WILD);
        shown(2, "info", "--" + WILD);
        shown(
                1,
                "generate",
                model.toString(),
                "--prompt-file",
                model.resolve("none").toString(),
                "--verbose");
    }

    @Test
    void aPlanThatTurnsTheDirectionOfWritingIsShownEscaped() throws IOException {
        Path turned = folder.resolve("a\u202egpj.b");
        DemoModel.writeTo(turned);
        String out = folder.resolve("out").toString();
        prune(turned.toString(), out);
        Ran picture = shown(0, "plan", "show", out + "/plan.json");
        assertTrue(picture.out().contains("a\\u202egpj.b"), picture.out());
        assertTrue(shown(0, "plan", "show", out + "/plan.json", "--json").out().contains("a\\u202egpj.b"));
        Path page = folder.resolve("page.html");
        shown(0, "report", out, "--out", page.toString());
        assertFalse(Files.readString(page).codePoints().anyMatch(c -> Printable.isControl(c) && c != '\n'));
    }

    private static void prune(String source, String out) {
        shown(0, "prune", source, "--ratio", "0.2", "--criterion", "l1", "--compensate", "none", "--out", out);
    }

    @Test
    void whatAConfigurationSaysIsShownEscapedAndShort() throws IOException {
        change(model.resolve("config.json"), json -> json.put("model_type", LONG));
        shown(1, "info", model.toString());
        shown(1, "info", model.toString(), "--verbose");
        DemoModel.writeTo(folder.resolve("b"));
        change(folder.resolve("b/config.json"), json -> json.put(LONG, LONG));
        shown(1, "groups", folder.resolve("b").toString());
        DemoModel.writeTo(folder.resolve("c"));
        change(folder.resolve("c/config.json"), json -> json.put("hidden_act", LONG));
        shown(1, "info", folder.resolve("c").toString());
    }

    @Test
    void whatATemplateSaysIsShownEscapedAndShort() throws IOException {
        Path messages = Files.writeString(
                folder.resolve("m.json"), "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}");
        for (String template :
                new String[] {"{{ raise_exception('" + WILD + "' * 50000) }}", "{{ a." + WILD + " }}", "{% " + LONG}) {
            Files.writeString(model.resolve("chat_template.jinja"), template);
            shown(1, "tokenize", model.toString(), "--messages", messages.toString());
        }
    }

    @Test
    void namesOfTensorsAreShownEscapedAndShort() throws IOException {
        Path weights = model.resolve("model.safetensors");
        byte[] file = Files.readAllBytes(weights);
        int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        for (String name : new String[] {WILD, "y" + WILD + "z".repeat(10_000)}) {
            ObjectMapper mapper = new ObjectMapper();
            ObjectNode header = (ObjectNode) mapper.readTree(new String(file, 8, length, StandardCharsets.UTF_8));
            String first = header.fieldNames().next().equals("__metadata__")
                    ? "model.norm.weight"
                    : header.fieldNames().next();
            header.set(name, header.remove(first));
            byte[] json = mapper.writeValueAsBytes(header);
            ByteBuffer whole = ByteBuffer.allocate(8 + json.length + file.length - 8 - length)
                    .order(ByteOrder.LITTLE_ENDIAN);
            whole.putLong(json.length).put(json).put(file, 8 + length, file.length - 8 - length);
            Files.write(weights, whole.array());
            shown(1, "generate", model.toString(), "--prompt", "a");
        }
    }

    @Test
    void aModelsTextKeepsItsLinesOnATerminal() {
        TerminalText text = new TerminalText();
        assertEquals("a\n\tb", text.piece("a\r\n\tb"));
        assertEquals("c", text.piece("c\r"));
        assertEquals("\nd", text.piece("\nd"));
        assertEquals("", text.piece("\r"));
        assertEquals("\\u000de", text.piece("e"));
        assertEquals("\\u001b[31mf", text.piece("\u001b[31mf\r"));
        assertEquals("\\u000d", text.rest());
        assertEquals("", text.rest());
    }

    private static Ran shown(int status, String... arguments) {
        Ran ran = Ran.engine(arguments);
        assertEquals(status, ran.status(), () -> Printable.lines(ran.out() + ran.err()));
        for (String text : new String[] {ran.out(), ran.err()}) {
            assertFalse(
                    text.codePoints().anyMatch(c -> Printable.isControl(c) && c != '\n' && c != '\t'),
                    () -> Printable.lines(ran.command() + ": " + text));
            assertTrue(
                    ran.out().startsWith("{") || text.lines().allMatch(line -> line.length() < LONGEST_LINE),
                    () -> Printable.line(ran.command() + ": " + text));
        }
        assertFalse(ran.err().contains("internal error"), () -> Printable.line(ran.err()));
        return ran;
    }

    private interface Change {
        void to(ObjectNode json);
    }

    private static void change(Path file, Change change) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode json = (ObjectNode) mapper.readTree(file.toFile());
        change.to(json);
        mapper.writeValue(file.toFile(), json);
    }
}
