package org.espalier.template;

import java.util.List;

/** Makes the statements of a part of a template ready to be run. */
interface BodyCompiler {
    Action compile(List<Statement> body, Scope scope);
}
