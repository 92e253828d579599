package org.espalier.template;

/** What {@code namespace(...)} gives: the one value that templates change. */
final class Namespace implements Special {

    private final Dict attributes;

    Namespace(Dict attributes) {
        this.attributes = attributes;
    }

    void set(String name, Object value) {
        attributes.put(name, value);
    }

    @Override
    public Object attribute(String name) {
        Dict.Entry entry = attributes.get(name);
        return entry == null ? Absent.VALUE : entry.value();
    }

    @Override
    public String typeName() {
        return "Namespace";
    }

    @Override
    public String described(int depth) {
        return "<Namespace " + Texts.repr(attributes, depth + 1) + ">";
    }
}
