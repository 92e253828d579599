package org.espalier.planted;

/** Reads a layer out of a name, as no class above the families may. */
public final class NamesAFamily {

    private NamesAFamily() {}

    public static String layer(String name) {
        return name.startsWith("model.layers.") ? name : "none of " + name + ".self_attn";
    }
}
