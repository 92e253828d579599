package org.espalier.cli.serve;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.espalier.cli.serve.HeardReply.Answered;
import org.espalier.job.Engine;
import org.espalier.job.ServeSettings;
import org.espalier.job.serve.CompletionService;

/**
 * The demonstration's model with a chat template, asked without a network: by bodies of requests, which it answers, and by the
 * bytes of a connection, of which it only says what is wrong with them.
 */
final class OfflineServer implements AutoCloseable {

    /** That the bytes of a connection must name. */
    static final String KEY = "secret";

    /** Tokens of a question and its answer together. */
    private static final int CONTEXT = 24;

    private static final int MOST_BODY = 4096;
    /** A thousand answers to one request take longer than anybody waits here. */
    private static final long PATIENCE_SECONDS = 1;

    private final Path folder;
    private final CompletionService service;
    /** It takes nothing in, so that all is answered at once, on the thread that asks. */
    private final CompletionService drained;

    private final Api api;
    private final Api closed;

    OfflineServer() throws IOException {
        folder = Files.createTempDirectory("espalier-requests-");
        Path model = ServedModel.write(folder.resolve("small"));
        Path keys = Files.writeString(folder.resolve("keys"), KEY);
        ServeSettings brief = ServeSettings.defaults()
                .context(CONTEXT)
                .together(64)
                .cacheTokens(64 * CONTEXT)
                .queue(100_000);
        service = CompletionService.open(Engine.silent(), model, Optional.empty(), brief);
        drained = CompletionService.open(Engine.silent(), model, Optional.empty(), brief);
        drained.drain(Duration.ZERO);
        api = new Api(service, new Api.Served("small", model, ApiKeys.none(), true), 1);
        closed = new Api(drained, new Api.Served("small", model, ApiKeys.read(keys), true), 1);
    }

    /** The answer to a request; none if it takes long. */
    Connection post(String path, byte[] body) throws InterruptedException {
        HeardReply heard = new HeardReply();
        api.answer(
                new ApiRequest(
                        "POST",
                        path,
                        Optional.of("localhost"),
                        Optional.of("application/json"),
                        Optional.empty(),
                        body),
                heard);
        if (heard.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            return new Connection(List.of(heard.answered()), true);
        }
        heard.abandon();
        return new Connection(List.of(), true);
    }

    /**
     * What a connection is answered.
     *
     * @param answers whole ones, in their order
     * @param open    whether the server waits for more
     */
    record Connection(List<Answered> answers, boolean open) {}

    /** Opens a connection and sends bytes that come all at once. */
    Connection connection(byte[] sent) {
        List<Answered> answers = new ArrayList<>();
        EmbeddedChannel channel = new EmbeddedChannel(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel connected) {
                HttpServer.handle(connected.pipeline(), HttpServer.Limits.ofBody(MOST_BODY), closed, Runnable::run);
                String codec =
                        connected.pipeline().context(HttpServerCodec.class).name();
                connected.pipeline().addAfter(codec, "heard", new Heard(answers));
            }
        });
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(sent));
            return new Connection(answers, channel.isOpen());
        } finally {
            channel.finishAndReleaseAll();
        }
    }

    /** Hears answers before they become bytes. */
    private static final class Heard extends ChannelOutboundHandlerAdapter {

        private final List<Answered> answers;

        private Heard(List<Answered> answers) {
            this.answers = answers;
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
            if (message instanceof FullHttpResponse response) {
                answers.add(new Answered(
                        response.status().code(), response.content().toString(StandardCharsets.UTF_8)));
            }
            super.write(context, message, promise);
        }
    }

    @Override
    public void close() {
        service.close();
        drained.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
