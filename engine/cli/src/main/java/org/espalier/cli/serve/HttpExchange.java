package org.espalier.cli.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The requests of one connection, one after the other. A client has some time for each, and one that goes away takes its
 * request with it. Requests that come before the one before is answered are not answered: the connection ends.
 */
final class HttpExchange extends SimpleChannelInboundHandler<FullHttpRequest> {

    private static final ObjectMapper WRITER = new ObjectMapper();

    private final Api api;
    private final Executor readers;
    private final int seconds;
    private ScheduledFuture<?> deadline;
    private Answering current;
    private boolean last;

    /**
     * @param readers run what takes time
     * @param seconds in which a request must have come
     */
    HttpExchange(Api api, Executor readers, int seconds) {
        this.api = api;
        this.readers = readers;
        this.seconds = seconds;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        await(context);
    }

    private void await(ChannelHandlerContext context) {
        deadline = context.executor().schedule(() -> Unawaited.close(context), seconds, TimeUnit.SECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (current != null) {
            last = true;
            return;
        }
        deadline.cancel(false);
        last |= !HttpUtil.isKeepAlive(request);
        current = new Answering(context, request.protocolVersion().isKeepAliveDefault());
        if (request.decoderResult().isFailure() || request.protocolVersion().majorVersion() != 1) {
            last = true;
            refuse(ApiError.invalid("the request is not HTTP as it should be"));
            return;
        }
        Answering reply = current;
        ApiRequest read = read(request);
        readers.execute(() -> answer(read, reply));
    }

    private void answer(ApiRequest request, Reply reply) {
        try {
            api.answer(request, reply);
        } catch (RuntimeException | Error e) {
            ApiError error = ApiError.internal("internal error: " + e);
            reply.json(error.status(), error.body());
        }
    }

    private static ApiRequest read(FullHttpRequest request) {
        return new ApiRequest(
                request.method().name(),
                path(request.uri()),
                header(request, HttpHeaderNames.HOST),
                header(request, HttpHeaderNames.CONTENT_TYPE),
                header(request, HttpHeaderNames.AUTHORIZATION),
                ByteBufUtil.getBytes(request.content()));
    }

    private static String path(String uri) {
        try {
            return new QueryStringDecoder(uri).path();
        } catch (IllegalArgumentException e) {
            // Half an escape names nothing.
            return uri;
        }
    }

    private static Optional<String> header(FullHttpRequest request, CharSequence name) {
        return Optional.ofNullable(request.headers().get(name));
    }

    /** A body that is too large; what still comes of it is dropped, until the next deadline. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof ApiError error && current == null) {
            deadline.cancel(false);
            current = new Answering(context, true);
            refuse(error);
        } else {
            super.userEventTriggered(context, event);
        }
    }

    private void refuse(ApiError error) {
        current.json(error.status(), error.body());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        deadline.cancel(false);
        if (current != null) {
            current.abandoned = true;
        }
    }

    /** A connection that was cut, or a client that does not read. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        Unawaited.close(context);
    }

    /** The answer to one request. */
    private final class Answering implements Reply {

        private final ChannelHandlerContext context;
        /** Older clients know no chunks: what they get ends with the connection. */
        private final boolean chunks;

        private volatile boolean abandoned;
        private boolean begun;

        private Answering(ChannelHandlerContext context, boolean chunks) {
            this.context = context;
            this.chunks = chunks;
        }

        @Override
        public void json(int status, JsonNode body) {
            ByteBuf content = Unpooled.wrappedBuffer(bytes(body));
            onLoop(() -> {
                DefaultFullHttpResponse response =
                        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), content);
                response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
                response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, content.readableBytes());
                connection(response);
                complete(context.writeAndFlush(response));
            });
        }

        @Override
        public void event(JsonNode data) {
            send(bytes(data));
        }

        @Override
        public void done() {
            send("[DONE]".getBytes(StandardCharsets.UTF_8));
            onLoop(() -> complete(context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)));
        }

        @Override
        public void broken(JsonNode error) {
            onLoop(() -> last = true);
            event(error);
            onLoop(() -> complete(context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)));
        }

        @Override
        public boolean abandoned() {
            return abandoned;
        }

        private void send(byte[] data) {
            ByteBuf event = Unpooled.wrappedBuffer(
                    "data: ".getBytes(StandardCharsets.UTF_8), data, "\n\n".getBytes(StandardCharsets.UTF_8));
            onLoop(() -> {
                begin();
                Unawaited.write(context, new DefaultHttpContent(event));
                context.flush();
            });
        }

        private void begin() {
            if (begun) {
                return;
            }
            begun = true;
            HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            response.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8")
                    .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE);
            if (chunks) {
                response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
            } else {
                last = true;
            }
            connection(response);
            Unawaited.write(context, response);
        }

        private void connection(HttpResponse response) {
            response.headers()
                    .set(HttpHeaderNames.CONNECTION, last ? HttpHeaderValues.CLOSE : HttpHeaderValues.KEEP_ALIVE);
        }

        private void complete(ChannelFuture written) {
            current = null;
            if (last) {
                Unawaited.closeAfter(written);
            } else {
                await(context);
            }
        }

        /** Everything about the connection happens on its own thread, in the order in which it was asked for. */
        private void onLoop(Runnable action) {
            if (context.executor().inEventLoop()) {
                action.run();
            } else {
                context.executor().execute(action);
            }
        }
    }

    /** JSON as it is sent. */
    static byte[] bytes(JsonNode node) {
        try {
            return WRITER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree could not be written", e);
        }
    }
}
