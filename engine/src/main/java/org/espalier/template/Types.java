package org.espalier.template;

import java.math.BigInteger;
import java.util.List;

/** Python's names of the kinds of values, for messages. */
final class Types {

    private Types() {}

    static String name(Object value) {
        return switch (value) {
            case null -> "NoneType";
            case Boolean b -> "bool";
            case Long n -> "int";
            case BigInteger n -> "int";
            case Double d -> "float";
            case String s -> "str";
            case SafeText s -> "Markup";
            case List<?> l -> "list";
            case Tuple t -> "tuple";
            case Dict d -> "dict";
            case DictView view -> view.typeName();
            case Range r -> "range";
            case OneTime one -> one.typeName();
            case Undefined u -> "Undefined";
            case Special special -> special.typeName();
            default -> throw new IllegalStateException("no value of a template: " + value.getClass());
        };
    }
}
