/**
 * Jinja templates with the semantics of Python's Jinja2, as far as the chat templates of models use them: the values, their
 * texts, operators, methods and errors are those of Python, names are found where Jinja2 finds them, and as in its immutable
 * sandbox no template changes what it was given, reads a file or runs without end. It knows nothing of models. The package of
 * tokenizers depends on it.
 *
 * <p>{@link org.espalier.template.Lexer} makes tokens, {@link org.espalier.template.StatementParser} a tree of
 * {@link org.espalier.template.Statement}s and {@link org.espalier.template.Expression}s, and
 * {@link org.espalier.template.StatementCompiler} what is run, once for any number of conversations.
 */
package org.espalier.template;
