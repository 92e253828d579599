package org.espalier.cli.serve;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.WriteTimeoutHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.espalier.error.Failure;

/** Listens for HTTP requests and gives them to an {@link Api}. */
final class HttpServer implements AutoCloseable {

    private static final long CLOSING_SECONDS = 5;

    /**
     * How much of the server clients may have.
     *
     * @param body        bytes of a request's body
     * @param read        seconds in which a request must have come, counted from the end of the one before
     * @param write       seconds in which a client must have read what it is sent
     * @param connections at once
     */
    record Limits(int body, int read, int write, int connections) {

        static Limits ofBody(int bytes) {
            return new Limits(bytes, 60, 60, 512);
        }
    }

    private final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("http", true), NioIoHandler.newFactory());
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    /** Reading requests takes time: texts become tokens. */
    private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();

    private final Channel listening;

    /**
     * Begins to listen.
     *
     * @param port 0 takes a free one
     * @throws Failure if that is not possible
     */
    HttpServer(String host, int port, Limits limits, Api api) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accept(channel, limits, api);
                    }
                });
        try {
            this.listening = bootstrap.bind(host, port).sync().channel();
        } catch (Exception e) {
            stop();
            throw new Failure(
                    "cannot listen: " + e.getMessage(),
                    host + ":" + port,
                    "choose another --port, or a --host of this machine",
                    e);
        }
    }

    private void accept(SocketChannel channel, Limits limits, Api api) {
        if (connections.size() >= limits.connections) {
            Unawaited.close(channel);
            return;
        }
        connections.add(channel);
        handle(channel.pipeline(), limits, api, readers);
    }

    /**
     * What becomes of the bytes of a connection.
     *
     * @param readers run what takes time
     */
    static void handle(ChannelPipeline pipeline, Limits limits, Api api, Executor readers) {
        pipeline.addLast(new WriteTimeoutHandler(limits.write))
                .addLast(new HttpServerCodec())
                .addLast(new BoundedBody(limits.body))
                .addLast(new HttpExchange(api, readers, limits.read));
    }

    /** Where it listens. */
    InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    /** Lets nobody in any more; those who are served stay. */
    void stopListening() {
        Unawaited.end(listening.close());
    }

    /** Closes every connection, after what was sent to it so far. */
    @Override
    public void close() {
        stopListening();
        connections.forEach(channel -> channel.eventLoop().execute(() -> Unawaited.close(channel)));
        stop();
    }

    private void stop() {
        Unawaited.end(loops.shutdownGracefully(0, CLOSING_SECONDS, TimeUnit.SECONDS));
        readers.shutdownNow();
    }
}
