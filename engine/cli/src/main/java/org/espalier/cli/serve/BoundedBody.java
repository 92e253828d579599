package org.espalier.cli.serve;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;

/** Puts the parts of a request together; one that is too large is refused, and what still comes of it is dropped. */
final class BoundedBody extends HttpObjectAggregator {

    BoundedBody(int most) {
        super(most);
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
        context.fireUserEventTriggered(ApiError.tooLarge(maxContentLength()));
    }
}
