package org.espalier.text;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.espalier.error.Failure;

/**
 * What ChatGLM-6B's tokenizer does around its SentencePiece model: line feeds, tabs and runs of spaces are pieces of their own,
 * every part of a text between special tokens begins with a space, and a text that asks for an answer ends with
 * {@code [gMASK] <sop>}.
 */
final class IceText implements TextForm {

    static final String FILE = "ice_text.model";

    /** Ids before those of the pieces, which once stood for parts of images. */
    static final String IMAGES_KEY = "num_image_tokens";

    private static final int USUAL_IMAGES = 20_000;
    private static final int MOST_IMAGES = 1 << 16;
    /** No text is made of it. */
    private static final float NEVER = -1e6f;

    private static final String LINE_FEED = "<n>";
    private static final String TAB = "<|tab|>";
    private static final int LONGEST_BLANK = 80;
    private static final Pattern SPACES = Pattern.compile(" {2,}");
    private static final Pattern BLANK = Pattern.compile("<\\|blank_([2-9]|[1-7][0-9]|80)\\|>");
    private static final Pattern MARK = Pattern.compile("<n>|<\\|tab\\|>|" + BLANK.pattern());
    private static final char SPACE = '▁';

    private static final String MASK = "[gMASK]";
    private static final String BEGIN = "<sop>";
    private static final String END = "<eop>";
    /** What a text ends with that asks for an answer. */
    static final String ASKING = MASK + BEGIN;

    private static final List<String> SPECIAL =
            List.of("[MASK]", MASK, "[sMASK]", BEGIN, END, "<ENC>", "<dBLOCK>", "<pad>");

    private static final String TEMPLATE = """
            {%- for message in messages -%}
            {%- if message['role'] != ['user', 'assistant'][loop.index0 % 2] -%}
            {{- raise_exception('ChatGLM-6B has turns of the user and the assistant by turns, and no others') -}}
            {%- endif -%}
            {%- endfor -%}
            {%- set last = messages[-1]['role'] == 'assistant' -%}
            {%- set asked = messages[:-1] if last else messages -%}
            {%- if asked | length == 1 -%}
            {{- asked[0]['content'] -}}
            {%- else -%}
            {%- for message in asked -%}
            {%- if message['role'] == 'user' -%}
            {{- '[Round ' ~ (loop.index0 // 2) ~ ']\\n问：' ~ message['content'] ~ '\\n答：' -}}
            {%- else -%}
            {{- message['content'] ~ '\\n' -}}
            {%- endif -%}
            {%- endfor -%}
            {%- endif -%}
            {%- if last or add_generation_prompt -%}
            {{- '[gMASK]<sop>' -}}
            {%- endif -%}
            {%- if last -%}
            {%- generation -%}{{- messages[-1]['content'] ~ '<eop>' -}}{%- endgeneration -%}
            {%- endif -%}
            """.strip();

    private final boolean spaced;
    private final SentencePiece.Normaliser normaliser;
    private final Pattern special;

    /**
     * @param spaced     whether every part of a text begins with a space
     * @param normaliser of every part
     */
    IceText(boolean spaced, SentencePiece.Normaliser normaliser) {
        this.spaced = spaced;
        this.normaliser = normaliser;
        this.special = Pattern.compile(SPECIAL.stream().map(Pattern::quote).collect(Collectors.joining("|")));
    }

    /** The pieces behind those of images; each part of a text gets its space from {@link #written}. */
    static SentencePiece behindImages(SentencePiece model, SettingsFile config) {
        int images = images(config);
        List<SentencePiece.Piece> pieces =
                new ArrayList<>(images + model.pieces().size());
        for (int image = 0; image < images; image++) {
            pieces.add(new SentencePiece.Piece("<image_" + image + ">", NEVER, SentencePiece.Type.UNUSED));
        }
        pieces.addAll(model.pieces());
        return new SentencePiece(
                model.kind(),
                List.copyOf(pieces),
                SentencePiece.Spaces.NOWHERE,
                model.normaliser(),
                model.begin(),
                model.end());
    }

    private static int images(SettingsFile config) {
        if (!config.says(IMAGES_KEY)) {
            return USUAL_IMAGES;
        }
        int images = config.node().path(IMAGES_KEY).asInt(-1);
        if (images < 0 || images > MOST_IMAGES) {
            throw config.wrong(IMAGES_KEY, "is no number of tokens from 0 to " + MOST_IMAGES);
        }
        return images;
    }

    /** What the class of the tokenizer takes where its configuration says nothing. */
    static TokenizerSettings complete(TokenizerSettings settings) {
        return new TokenizerSettings(
                settings.bosToken().or(() -> Optional.of(BEGIN)),
                settings.eosToken().or(() -> Optional.of(END)),
                settings.eosIds(),
                settings.chatTemplate().or(() -> Optional.of(TEMPLATE)),
                settings.addBos(),
                settings.addEos());
    }

    /** The special tokens that the vocabulary has, found in texts as they stand. */
    static List<AddedToken> special(Map<String, Integer> ids) {
        return SPECIAL.stream()
                .filter(ids::containsKey)
                .map(token -> AddedToken.plain(token, ids.get(token), true))
                .toList();
    }

    /** What stands behind a text that asks for an answer. */
    static List<TokenizerParts.Special> behind(Map<String, Integer> ids, Path place) {
        return List.of(MASK, BEGIN).stream()
                .map(token -> new TokenizerParts.Special(token, id(ids, token, place)))
                .toList();
    }

    private static int id(Map<String, Integer> ids, String token, Path place) {
        Integer id = ids.get(token);
        if (id == null) {
            throw new Failure("the vocabulary has no " + token, place.toString(), "fetch the file of ChatGLM-6B again");
        }
        return id;
    }

    @Override
    public String written(String text) {
        StringBuilder written = new StringBuilder();
        Matcher tokens = special.matcher(text);
        int start = 0;
        while (tokens.find()) {
            write(text.substring(start, tokens.start()), written);
            written.append(tokens.group());
            start = tokens.end();
        }
        write(text.substring(start), written);
        return written.toString();
    }

    private void write(String part, StringBuilder written) {
        if (part.isEmpty()) {
            return;
        }
        String marked = part.replace("\n", LINE_FEED).replace("\t", TAB);
        String blanks =
                SPACES.matcher(marked).replaceAll(run -> blanks(run.group().length()));
        String whole = normalised(blanks);
        if (!whole.isEmpty()) {
            written.append(spaced ? SPACE : "").append(whole);
        }
    }

    /** Marks stay as they are, as they do where they are pieces of the model. */
    private String normalised(String marked) {
        String text =
                normaliser.table().map(table -> betweenMarks(marked, table)).orElse(marked);
        return normaliser.dropsSpaces() ? SPACES.matcher(text).replaceAll(" ").replaceAll("^ | $", "") : text;
    }

    private static String betweenMarks(String text, CharacterTable table) {
        StringBuilder out = new StringBuilder();
        Matcher marks = MARK.matcher(text);
        int start = 0;
        while (marks.find()) {
            out.append(table.normalised(text.substring(start, marks.start()))).append(marks.group());
            start = marks.end();
        }
        return out.append(table.normalised(text.substring(start))).toString();
    }

    /** The longest blanks first; what is left may be a single space. */
    private static String blanks(int length) {
        int rest = length % LONGEST_BLANK;
        String whole = blank(LONGEST_BLANK).repeat(length / LONGEST_BLANK);
        return whole + (rest > 1 ? blank(rest) : " ".repeat(rest));
    }

    private static String blank(int length) {
        return "<|blank_" + length + "|>";
    }

    @Override
    public String read(String text) {
        String unspaced = spaced && text.startsWith(" ") ? text.substring(1) : text;
        String lines = unspaced.replace(LINE_FEED, "\n").replace(TAB, "\t");
        return BLANK.matcher(lines).replaceAll(blank -> " ".repeat(Integer.parseInt(blank.group(1))));
    }
}
