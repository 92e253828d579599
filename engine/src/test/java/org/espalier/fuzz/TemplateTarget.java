package org.espalier.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.template.Template;
import org.espalier.template.TemplateError;
import org.espalier.text.ChatTemplate;
import org.espalier.text.ChatTemplate.Message;

/** A chat template, with two conversations. */
final class TemplateTarget implements Target {

    private static final String FILE = "chat_template.jinja";

    /**
     * All that a template allocates, most of which is free again at once. A template may write 32 million characters in three
     * million steps; what it holds at a time is bounded by the heap of the program.
     */
    private static final long MOST_BYTES = 2L << 30;

    private static final List<String> PUBLISHED = List.of("inst", "headers", "im", "namespace");
    private static final List<Message> SHORT = List.of(new Message("user", "Hello <b>"));
    private static final List<Message> LONG = List.of(
            new Message("system", ""),
            new Message("user", "a b\n"),
            new Message("assistant", "42"),
            new Message("user", "ß\ud83d\ude00 {{ x }}"));

    @Override
    public String name() {
        return "template";
    }

    @Override
    public List<Input> seeds() throws IOException {
        List<Input> seeds = new ArrayList<>();
        for (String name : PUBLISHED) {
            try (InputStream in = ChatTemplate.class.getResourceAsStream("chat/" + name + ".jinja")) {
                seeds.add(Input.of(FILE, in.readAllBytes()));
            }
        }
        return seeds;
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        try {
            Template.parse(input.text(FILE));
            return true;
        } catch (TemplateError e) {
            return false;
        }
    }

    @Override
    public long mostBytes(Input input) {
        return MOST_BYTES;
    }

    @Override
    public void read(Path folder, Input input) throws IOException {
        ChatTemplate template = new ChatTemplate(
                new String(Files.readAllBytes(folder.resolve(FILE)), StandardCharsets.UTF_8), "<s>", "</s>");
        template.render(SHORT, true);
        template.write(LONG, false);
    }
}
