package org.espalier.cli.serve;

import java.util.Optional;

/**
 * A request as far as {@link Api} looks at it.
 *
 * @param method        such as {@code POST}
 * @param path          without the query
 * @param host          the header {@code Host}
 * @param contentType   the header {@code Content-Type}
 * @param authorization the header {@code Authorization}
 * @param body          as it came
 */
record ApiRequest(
        String method,
        String path,
        Optional<String> host,
        Optional<String> contentType,
        Optional<String> authorization,
        byte[] body) {}
