package org.espalier.cli.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Hears an answer as a client would: as the bytes that are sent. */
final class HeardReply implements Reply {

    private final CountDownLatch over = new CountDownLatch(1);
    private final AtomicInteger ends = new AtomicInteger();
    private volatile Answered answered = new Answered(200, "");
    private volatile boolean abandoned;

    /**
     * A whole answer.
     *
     * @param status the code of HTTP; 500 where a stream broke off
     * @param body   JSON; nothing where the answer was streamed to its end
     */
    record Answered(int status, String body) {}

    @Override
    public void json(int status, JsonNode body) {
        end(new Answered(status, sent(body)));
    }

    @Override
    public void event(JsonNode data) {
        assertEquals(0, ends.get(), () -> "an event after the end: " + sent(data));
    }

    @Override
    public void done() {
        end(answered);
    }

    @Override
    public void broken(JsonNode error) {
        end(new Answered(500, sent(error)));
    }

    private static String sent(JsonNode data) {
        return new String(HttpExchange.bytes(data), StandardCharsets.UTF_8);
    }

    private void end(Answered answer) {
        answered = answer;
        ends.incrementAndGet();
        over.countDown();
    }

    @Override
    public boolean abandoned() {
        return abandoned;
    }

    /** Whether the answer has come to an end; waits for it. */
    boolean await(long time, TimeUnit unit) throws InterruptedException {
        return over.await(time, unit);
    }

    /** Goes away. */
    void abandon() {
        abandoned = true;
    }

    /** How often it came to an end. */
    int ends() {
        return ends.get();
    }

    int status() {
        return answered.status;
    }

    Answered answered() {
        return answered;
    }
}
