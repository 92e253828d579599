package org.espalier.template;

/**
 * The value of what is not there. It prints as nothing, is false and empty; whatever else is done with it is an error.
 *
 * @param complaint what that error says
 */
record Undefined(String complaint) {

    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    TemplateError used() {
        return new TemplateError(complaint);
    }
}
