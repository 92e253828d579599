package org.espalier.template;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.espalier.template.Expression.Arguments;
import org.espalier.template.Expression.Keyword;
import org.espalier.template.Token.Kind;

/** Reads what is given in a call. */
final class ArgumentParser {

    private final TokenStream stream;
    private final Supplier<Expression> value;

    /** @param value reads an expression */
    ArgumentParser(TokenStream stream, Supplier<Expression> value) {
        this.stream = stream;
        this.value = value;
    }

    /** The arguments, with their brackets. */
    Arguments arguments() {
        stream.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<Keyword> keywords = new ArrayList<>();
        Expression list = null;
        Expression dict = null;
        boolean first = true;
        while (!stream.current().isOperator(")")) {
            if (!first) {
                stream.expectOperator(",");
                if (stream.current().isOperator(")")) {
                    break;
                }
            }
            first = false;
            boolean named =
                    stream.current().kind() == Kind.NAME && stream.following().isOperator("=");
            boolean late = list != null || dict != null;
            if (dict != null
                    || late && !named && !stream.current().isOperator("**")
                    || !keywords.isEmpty()
                            && !named
                            && !stream.current().isOperator("*")
                            && !stream.current().isOperator("**")) {
                throw stream.error("the arguments of a call stand in a wrong order");
            }
            if (stream.skipOperator("*")) {
                list = value.get();
            } else if (stream.skipOperator("**")) {
                dict = value.get();
            } else if (named) {
                String name = stream.next().text();
                stream.next();
                keywords.add(new Keyword(name, value.get()));
            } else {
                positional.add(value.get());
            }
        }
        stream.expectOperator(")");
        requireDistinct(keywords);
        return new Arguments(positional, keywords, list, dict);
    }

    private void requireDistinct(List<Keyword> keywords) {
        Set<String> names = new HashSet<>();
        for (Keyword keyword : keywords) {
            if (!names.add(keyword.name())) {
                throw stream.error("the argument '" + keyword.name() + "' is given twice");
            }
        }
    }
}
