package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.job.serve.AnswerListener;
import org.espalier.job.serve.Refused;

/** Writes the answer to a call while it comes, choice by choice, from the thread that decodes. */
abstract class Responder {

    final Call call;
    final Reply reply;
    private final String model;
    private final String id;
    private final long created = System.currentTimeMillis() / 1000;
    private int written;
    private int open;
    private volatile boolean failed;

    private Responder(Call call, String model, Reply reply) {
        this.call = call;
        this.model = model;
        this.reply = reply;
        this.id = call.layout().prefix() + UUID.randomUUID().toString().replace("-", "");
        this.open = call.questions().size();
    }

    static Responder of(Call call, String model, Reply reply) {
        return call.streamed() ? new Streamed(call, model, reply) : new Whole(call, model, reply);
    }

    /** What an exception says to a client. */
    static ApiError error(RuntimeException reason) {
        return switch (reason) {
            case ApiError error -> error;
            case Refused refused when refused.reason() == Refused.Reason.BUSY -> ApiError.busy(refused.getMessage());
            case Refused refused -> ApiError.closed(refused.getMessage());
            case Failure failure -> ApiError.internal(failure.oneLine());
            default -> ApiError.internal("internal error: " + reason);
        };
    }

    /** Whether nobody waits for the rest. */
    final boolean over() {
        return failed || reply.abandoned();
    }

    final AnswerListener listener(int index) {
        return new AnswerListener() {
            @Override
            public void piece(String text, List<Placed> tokens) {
                if (!failed) {
                    add(index, text, tokens);
                }
            }

            @Override
            public void finished(boolean stopped, int tokens) {
                if (failed) {
                    return;
                }
                written += tokens;
                end(index, stopped ? "stop" : "length");
                if (--open == 0) {
                    complete();
                }
            }

            @Override
            public void failed(RuntimeException reason) {
                if (!failed) {
                    failed = true;
                    fail(error(reason));
                }
            }
        };
    }

    abstract void add(int index, String text, List<AnswerListener.Placed> tokens);

    abstract void end(int index, String reason);

    abstract void complete();

    abstract void fail(ApiError error);

    final ObjectNode envelope() {
        return Json.object()
                .put("id", id)
                .put("object", call.layout().kind(call.streamed()))
                .put("created", created)
                .put("model", model);
    }

    final void usage(ObjectNode envelope) {
        envelope.putObject("usage")
                .put("prompt_tokens", call.promptTokens())
                .put("completion_tokens", written)
                .put("total_tokens", call.promptTokens() + written);
    }

    /** Gathers everything, and answers once. */
    private static final class Whole extends Responder {

        private final List<StringBuilder> texts = new ArrayList<>();
        private final List<List<AnswerListener.Placed>> tokens = new ArrayList<>();
        private final String[] reasons;

        private Whole(Call call, String model, Reply reply) {
            super(call, model, reply);
            call.questions().forEach(question -> {
                texts.add(new StringBuilder());
                tokens.add(new ArrayList<>());
            });
            this.reasons = new String[texts.size()];
        }

        @Override
        void add(int index, String text, List<AnswerListener.Placed> more) {
            texts.get(index).append(text);
            tokens.get(index).addAll(more);
        }

        @Override
        void end(int index, String reason) {
            reasons[index] = reason;
        }

        @Override
        void complete() {
            ObjectNode body = envelope();
            var choices = body.putArray("choices");
            for (int i = 0; i < reasons.length; i++) {
                ObjectNode choice = choices.addObject().put("index", i);
                call.layout().whole(choice, texts.get(i).toString(), tokens.get(i));
                choice.put("finish_reason", reasons[i]);
            }
            usage(body);
            reply.json(200, body);
        }

        @Override
        void fail(ApiError error) {
            reply.json(error.status(), error.body());
        }
    }

    /** Sends every piece as an event. */
    private static final class Streamed extends Responder {

        private final boolean[] opened;
        private boolean begun;

        private Streamed(Call call, String model, Reply reply) {
            super(call, model, reply);
            this.opened = new boolean[call.questions().size()];
        }

        @Override
        void add(int index, String text, List<AnswerListener.Placed> tokens) {
            send(index, text, tokens, null);
        }

        @Override
        void end(int index, String reason) {
            send(index, "", List.of(), reason);
        }

        private void send(int index, String text, List<AnswerListener.Placed> tokens, String reason) {
            if (!opened[index]) {
                opened[index] = true;
                call.layout().opening().ifPresent(choice -> event(choice, index, null));
            }
            ObjectNode choice = Json.object();
            call.layout().piece(choice, text, tokens);
            event(choice, index, reason);
        }

        private void event(ObjectNode choice, int index, String reason) {
            begun = true;
            choice.put("index", index).put("finish_reason", reason);
            ObjectNode event = envelope();
            event.putArray("choices").add(choice);
            reply.event(event);
        }

        @Override
        void complete() {
            if (call.usageAtEnd()) {
                ObjectNode event = envelope();
                event.putArray("choices");
                usage(event);
                reply.event(event);
            }
            reply.done();
        }

        @Override
        void fail(ApiError error) {
            if (begun) {
                reply.broken(error.body());
            } else {
                reply.json(error.status(), error.body());
            }
        }
    }
}
