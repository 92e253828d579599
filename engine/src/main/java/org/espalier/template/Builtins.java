package org.espalier.template;

/** All filters and tests, some of which apply others. */
final class Builtins {

    static final Registry FILTERS = new Registry();
    static final Registry TESTS = new Registry();

    static {
        Filters.addTo(FILTERS, TESTS);
        Tests.addTo(TESTS, FILTERS);
    }

    private Builtins() {}
}
