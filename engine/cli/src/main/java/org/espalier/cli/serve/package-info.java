/**
 * OpenAI's interface to language models: requests for completions and for answers in conversations, read from JSON and answered
 * in JSON, whole or as a stream of events. {@code Api} knows nothing of HTTP but methods, paths and
 * status codes; {@code HttpServer} and {@code HttpExchange} are the only classes
 * that use the HTTP library. Models and queues are the job of {@link org.espalier.job.serve.CompletionService}.
 */
package org.espalier.cli.serve;
