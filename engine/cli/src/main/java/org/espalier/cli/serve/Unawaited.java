package org.espalier.cli.serve;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.util.concurrent.Future;

/** What is done with a connection without a look at what comes of it: what fails closes the connection, and is no news then. */
@SuppressWarnings("FutureReturnValueIgnored")
final class Unawaited {

    private Unawaited() {}

    /** Sends a message some time. */
    static void write(ChannelOutboundInvoker connection, Object message) {
        connection.write(message);
    }

    /** Sends what was written, and closes. */
    static void close(ChannelOutboundInvoker connection) {
        connection.flush().close();
    }

    /** Closes the connection that something was sent on, when that is done. */
    static void closeAfter(ChannelFuture sent) {
        sent.addListener(ChannelFutureListener.CLOSE);
    }

    /** Waits for an end, whether it is a good one or not. */
    static void end(Future<?> ending) {
        ending.awaitUninterruptibly();
    }
}
