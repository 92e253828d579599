package org.espalier.text;

import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import java.beans.FeatureDescriptor;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;

/** The methods of Python's strings that chat templates call, such as {@code content.strip()}. */
final class ChatTemplateStrings extends ELResolver {

    private ChatTemplateStrings() {}

    /** What Jinja's interpreter uses by itself, with Python's strings. */
    static ELResolver resolver() {
        CompositeELResolver both = new CompositeELResolver();
        both.add(new ChatTemplateStrings());
        both.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY);
        return both;
    }

    @Override
    public Object invoke(ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
        if (!(base instanceof CharSequence)) {
            return null;
        }
        context.setPropertyResolved(true);
        String[] texts = Arrays.stream(arguments == null ? new Object[0] : arguments)
                .map(String::valueOf)
                .toArray(String[]::new);
        return call(base.toString(), method + "/" + texts.length, texts);
    }

    private static Object call(String text, String method, String[] arguments) {
        return switch (method) {
            case "strip/0" -> strip(text, Character::isWhitespace, true, true);
            case "strip/1" -> strip(text, in(arguments[0]), true, true);
            case "lstrip/0" -> strip(text, Character::isWhitespace, true, false);
            case "lstrip/1" -> strip(text, in(arguments[0]), true, false);
            case "rstrip/0" -> strip(text, Character::isWhitespace, false, true);
            case "rstrip/1" -> strip(text, in(arguments[0]), false, true);
            case "startswith/1" -> text.startsWith(arguments[0]);
            case "endswith/1" -> text.endsWith(arguments[0]);
            case "split/0" -> text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
            case "split/1" -> List.of(text.split(Pattern.quote(arguments[0]), -1));
            case "replace/2" -> text.replace(arguments[0], arguments[1]);
            case "upper/0" -> text.toUpperCase(Locale.ROOT);
            case "lower/0" -> text.toLowerCase(Locale.ROOT);
            case "capitalize/0" -> capitalize(text);
            case "title/0" -> Pattern.compile("\\p{L}+").matcher(text).replaceAll(word -> capitalize(word.group()));
            default -> throw new IllegalStateException("texts have no method " + method.replace('/', ' ') + " here");
        };
    }

    private static IntPredicate in(String characters) {
        return c -> characters.indexOf(c) >= 0;
    }

    private static String strip(String text, IntPredicate goes, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && goes.test(text.charAt(start))) {
            start++;
        }
        while (right && end > start && goes.test(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static String capitalize(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT)
                        + text.substring(1).toLowerCase(Locale.ROOT);
    }

    @Override
    public Object getValue(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public Class<?> getType(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public void setValue(ELContext context, Object base, Object property, Object value) {
        // Strings have no properties that could be set.
    }

    @Override
    public boolean isReadOnly(ELContext context, Object base, Object property) {
        return true;
    }

    @Override
    public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
        return null;
    }

    @Override
    public Class<?> getCommonPropertyType(ELContext context, Object base) {
        return null;
    }
}
