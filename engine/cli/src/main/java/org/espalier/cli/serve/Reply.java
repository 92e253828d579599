package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;

/** Where an answer goes: one JSON document, or events one after the other. Nothing here waits for the client. */
interface Reply {

    /** The whole answer. */
    void json(int status, JsonNode body);

    /** One event of a stream, which the first one begins. */
    void event(JsonNode data);

    /** Ends a stream of events as OpenAI does. */
    void done();

    /** Ends a stream of events that is not complete. */
    void broken(JsonNode error);

    /** Whether the client has gone. */
    boolean abandoned();
}
