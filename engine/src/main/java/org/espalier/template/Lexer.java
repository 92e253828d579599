package org.espalier.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.espalier.template.Token.Kind;

/**
 * Cuts a template into tokens, with Jinja2's options {@code trim_blocks} (the line feed after a block is dropped) and
 * {@code lstrip_blocks} (so are the blanks before a block that begins a line). Every character is looked at a bounded number
 * of times.
 */
final class Lexer {

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    /** Up to where {@link #line} has been counted. */
    private int counted;
    /** Whether what comes next stands at the beginning of a line, so that blanks before a block go. */
    private boolean lineStarts = true;

    private Lexer(String source) {
        this.source = source;
    }

    /**
     * The tokens of a template, the last of which is {@link Kind#END}.
     *
     * @throws TemplateError if it has a tag that does not end, or a character that cannot stand there
     */
    static List<Token> tokens(String template) {
        String unix = template.replace("\r\n", "\n").replace('\r', '\n');
        // One line feed at the end is the editor's.
        Lexer lexer = new Lexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (position < source.length()) {
            int tag = nextTag(position);
            if (tag < 0) {
                data(source.substring(position));
                position = source.length();
            } else {
                tag(tag);
            }
        }
        add(Kind.END, "");
    }

    private int nextTag(int start) {
        for (int i = source.indexOf('{', start); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '%' || next == '#' || next == '{') {
                return i;
            }
        }
        return -1;
    }

    private void tag(int tag) {
        char kind = source.charAt(tag + 1);
        int inside = tag + 2;
        char sign = inside < source.length() ? source.charAt(inside) : ' ';
        if (sign == '-' || sign == '+') {
            inside++;
        }
        data(withoutMargin(source.substring(position, tag), sign, kind == '{'));
        position = inside;
        switch (kind) {
            case '#' -> comment(tag);
            case '{' -> {
                add(Kind.VARIABLE_BEGIN, "", tag);
                expression(Kind.VARIABLE_END, tag);
            }
            default -> {
                int raw = afterKeyword(inside, "raw");
                if (raw >= 0) {
                    raw(raw);
                } else {
                    add(Kind.BLOCK_BEGIN, "", tag);
                    expression(Kind.BLOCK_END, tag);
                }
            }
        }
    }

    /** What is left of a text before a tag. */
    private String withoutMargin(String text, char sign, boolean variable) {
        if (sign == '-') {
            return Characters.strip(text, false, true);
        }
        int start = text.lastIndexOf('\n') + 1;
        boolean margin = start > 0 || lineStarts;
        if (sign == '+' || variable || !margin || !Characters.isBlank(text, start)) {
            return text;
        }
        return text.substring(0, start);
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            add(Kind.DATA, text);
        }
    }

    private void comment(int tag) {
        int end = source.indexOf("#}", position);
        if (end < 0) {
            throw new TemplateError("a comment does not end", lineAt(tag));
        }
        char sign = end > position ? source.charAt(end - 1) : ' ';
        finishTag(end + 2, sign, true);
    }

    /**
     * Goes on after a tag.
     *
     * @param trims whether a line feed right after it is dropped
     */
    private void finishTag(int end, char sign, boolean trims) {
        position = end;
        if (sign == '-') {
            position = Characters.skipBlanks(source, end);
        } else if (sign != '+' && trims && end < source.length() && source.charAt(end) == '\n') {
            position++;
        }
        lineStarts = source.charAt(position - 1) == '\n';
    }

    /** Where a block that holds only {@code keyword} goes on with its end or its sign, or -1 if it is another. */
    private int afterKeyword(int inside, String keyword) {
        int start = Characters.skipBlanks(source, inside);
        if (!source.startsWith(keyword, start)) {
            return -1;
        }
        int end = Characters.skipBlanks(source, start + keyword.length());
        boolean signed = end < source.length() && (source.charAt(end) == '-' || source.charAt(end) == '+');
        return source.startsWith("%}", signed ? end + 1 : end) ? end : -1;
    }

    private void raw(int end) {
        int start = lineAt(end);
        char sign = source.charAt(end);
        if (sign == '+') {
            throw new TemplateError("'+' cannot stand at the end of 'raw'", start);
        }
        finishTag(sign == '-' ? end + 3 : end + 2, sign, false);
        for (int i = source.indexOf("{%", position); i >= 0; i = source.indexOf("{%", i + 1)) {
            char before = i + 2 < source.length() ? source.charAt(i + 2) : ' ';
            int close = afterKeyword(before == '-' || before == '+' ? i + 3 : i + 2, "endraw");
            if (close >= 0) {
                data(withoutMargin(source.substring(position, i), before, false));
                char after = source.charAt(close);
                finishTag(after == '%' ? close + 2 : close + 3, after, true);
                return;
            }
        }
        throw new TemplateError("'raw' does not end", start);
    }

    /** The tokens inside a tag, and its end. */
    private void expression(Kind end, int tag) {
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            position = Characters.skipBlanks(source, position);
            if (position >= source.length()) {
                throw new TemplateError("a tag does not end", lineAt(tag));
            }
            if (open.isEmpty() && ends(end)) {
                return;
            }
            token(open);
        }
    }

    private boolean ends(Kind end) {
        String mark = end == Kind.BLOCK_END ? "%}" : "}}";
        char sign = source.charAt(position);
        boolean signed = sign == '-' || sign == '+' && end == Kind.BLOCK_END;
        int start = signed ? position + 1 : position;
        if (!source.startsWith(mark, start)) {
            return false;
        }
        add(end, "");
        finishTag(start + 2, signed ? sign : ' ', end == Kind.BLOCK_END);
        return true;
    }

    private void token(Deque<Character> open) {
        char first = source.charAt(position);
        int number = NumberScanner.end(source, position);
        if (number > position) {
            String digits = source.substring(position, number);
            add(NumberScanner.isFloat(digits) ? Kind.FLOAT : Kind.INTEGER, digits.replace("_", ""));
            position = number;
        } else if (Characters.isNamePart(source.codePointAt(position))) {
            name();
        } else if (first == '\'' || first == '"') {
            int end = StringScanner.end(source, position);
            if (end < 0) {
                throw new TemplateError("a text in quotes does not end", lineAt(position));
            }
            int place = lineAt(position);
            add(Kind.STRING, StringScanner.meaning(source.substring(position + 1, end - 1), place));
            position = end;
        } else {
            operator(first, open);
        }
    }

    private void name() {
        int end = position;
        while (end < source.length() && Characters.isNamePart(source.codePointAt(end))) {
            end += Character.charCount(source.codePointAt(end));
        }
        String name = source.substring(position, end);
        int first = name.codePointAt(0);
        if (first != '_' && !Character.isUnicodeIdentifierStart(first)) {
            throw new TemplateError("'" + name + "' is no name", lineAt(position));
        }
        add(Kind.NAME, name);
        position = end;
    }

    private void operator(char first, Deque<Character> open) {
        int length = 1;
        if (position + 1 < source.length()) {
            String two = source.substring(position, position + 2);
            length = List.of("//", "**", "==", "!=", ">=", "<=").contains(two) ? 2 : 1;
        }
        if (length == 1 && "+-/*%~[](){}><=.:|,;".indexOf(first) < 0) {
            throw new TemplateError("the character '" + first + "' cannot stand there", lineAt(position));
        }
        switch (first) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty() || open.pop() != first) {
                    throw new TemplateError("'" + first + "' closes nothing", lineAt(position));
                }
            }
            default -> {}
        }
        add(Kind.OPERATOR, source.substring(position, position + length));
        position += length;
    }

    private void add(Kind kind, String text) {
        add(kind, text, position);
    }

    private void add(Kind kind, String text, int start) {
        tokens.add(new Token(kind, text, lineAt(start), start));
    }

    /** Lines are counted once: places are asked for in the order of the template. */
    private int lineAt(int place) {
        if (place < counted) {
            line = 1;
            counted = 0;
        }
        for (int i = counted; i < place; i++) {
            line += source.charAt(i) == '\n' ? 1 : 0;
        }
        counted = place;
        return line;
    }
}
