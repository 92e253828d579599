package org.espalier.cli.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.job.serve.CompletionService;

/** A model that is served over HTTP until it is closed. */
public final class Server implements AutoCloseable {

    private final CompletionService service;
    private final HttpServer http;

    /**
     * Where and how to listen.
     *
     * @param host     name or address of this machine
     * @param port     0 takes a free one
     * @param keys     of which a request must carry one
     * @param mostBody bytes of a request's body at most
     * @param seed     begins the seeds of requests that have none
     */
    public record Listening(String host, int port, ApiKeys keys, int mostBody, long seed) {

        /** Whether only programs of this machine can connect; a name that nobody knows is refused later. */
        public boolean loopback() {
            try {
                return InetAddress.getByName(host).isLoopbackAddress();
            } catch (IOException e) {
                return false;
            }
        }
    }

    private Server(CompletionService service, HttpServer http) {
        this.service = service;
        this.http = http;
    }

    /**
     * Begins to serve.
     *
     * @param model   whose file name is the name it is asked for by
     * @param service is closed with the server, or if it cannot be started
     * @throws Failure if the port cannot be had
     */
    public static Server start(Path model, CompletionService service, Listening how) {
        return start(model, service, how, HttpServer.Limits.ofBody(how.mostBody()));
    }

    static Server start(Path model, CompletionService service, Listening how, HttpServer.Limits limits) {
        try {
            Api api = new Api(service, new Api.Served(name(model), model, how.keys(), how.loopback()), how.seed());
            return new Server(service, new HttpServer(how.host(), how.port(), limits, api));
        } catch (RuntimeException | Error e) {
            service.close();
            throw e;
        }
    }

    /** The folder's name, or the file's without its ending. */
    private static String name(Path model) {
        return model.toAbsolutePath().normalize().getFileName().toString().replaceFirst("(?i)\\.gguf$", "");
    }

    /** Where it is found, such as {@code http://127.0.0.1:8080}. */
    public String url() {
        InetSocketAddress address = http.address();
        String host = address.getAddress().getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** Waits until the server ends; returns the error that ended it, if it was not closed. */
    public Optional<Throwable> await() throws InterruptedException {
        return service.await();
    }

    /** Lets nobody in any more and waits until all is answered, or the time is over. */
    public void drain(Duration time) {
        http.stopListening();
        service.drain(time);
    }

    /** Ends at once; answers that are not complete are cut off with an error. */
    @Override
    public void close() {
        try {
            service.close();
        } finally {
            http.close();
        }
    }
}
