/**
 * Many requests answered by one model at once: {@link org.espalier.job.serve.CompletionService} turns texts and conversations
 * into tokens and queues them, {@code Scheduler} lets the sequences of all requests go through the model
 * together, each joining when there is room and leaving when it is done, and {@code Answer} turns new
 * tokens into text that ends where it should. Nothing here knows how requests come in.
 */
package org.espalier.job.serve;
