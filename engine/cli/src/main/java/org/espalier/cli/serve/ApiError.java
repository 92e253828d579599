package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.espalier.file.Json;

/** Why a request is not answered: an HTTP status, and what OpenAI's clients show of it. */
final class ApiError extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private static final String INVALID = "invalid_request_error";

    private final int status;
    private final String type;
    private final String parameter;
    private final String code;

    private ApiError(int status, String type, String parameter, String code, String message) {
        super(message);
        this.status = status;
        this.type = type;
        this.parameter = parameter;
        this.code = code;
    }

    /** A request that cannot be understood, whichever parameter is to blame. */
    static ApiError invalid(String message) {
        return invalid(null, message);
    }

    /** A parameter that is missing or has no possible value. */
    static ApiError invalid(String parameter, String message) {
        return new ApiError(400, INVALID, parameter, "invalid_value", message);
    }

    /** A parameter that nobody knows. */
    static ApiError unknown(String parameter) {
        return new ApiError(
                400, INVALID, parameter, "unknown_parameter", "unknown parameter '" + parameter + "': leave it out");
    }

    /** A parameter of OpenAI's interface that this server does not have. */
    static ApiError unsupported(String parameter, String message) {
        return new ApiError(400, INVALID, parameter, "unsupported_parameter", message);
    }

    /** More tokens than the context holds. */
    static ApiError tooLong(String parameter, String message) {
        return new ApiError(400, INVALID, parameter, "context_length_exceeded", message);
    }

    static ApiError wrongKey() {
        return new ApiError(
                401,
                INVALID,
                null,
                "invalid_api_key",
                "the API key is missing or wrong: send it as 'Authorization: Bearer KEY'");
    }

    static ApiError wrongHost(String host) {
        return new ApiError(
                403, INVALID, null, "wrong_host", "this server is not called '" + host + "': use its own address");
    }

    static ApiError noSuchPath(String path) {
        return new ApiError(404, INVALID, null, "unknown_url", "there is no " + path + ": the paths are " + Api.PATHS);
    }

    static ApiError noSuchModel(String name, String served) {
        return new ApiError(
                404, INVALID, "model", "model_not_found", "there is no model '" + name + "': it is '" + served + "'");
    }

    static ApiError wrongMethod(String method, String allowed) {
        return new ApiError(405, INVALID, null, "method_not_allowed", method + " is not possible here: use " + allowed);
    }

    static ApiError tooLarge(long most) {
        return new ApiError(
                413, INVALID, null, "request_too_large", "the request is larger than " + most + " bytes: send less");
    }

    static ApiError wrongMediaType() {
        return new ApiError(
                415, INVALID, null, "unsupported_media_type", "send JSON, with 'Content-Type: application/json'");
    }

    static ApiError busy(String message) {
        return new ApiError(429, "rate_limit_error", null, "queue_full", message);
    }

    static ApiError internal(String message) {
        return new ApiError(500, "server_error", null, null, message);
    }

    static ApiError closed(String message) {
        return new ApiError(503, "server_error", null, "shutting_down", message);
    }

    int status() {
        return status;
    }

    /** The body of the answer. */
    ObjectNode body() {
        ObjectNode body = Json.object();
        body.putObject("error")
                .put("message", getMessage())
                .put("type", type)
                .put("param", parameter)
                .put("code", code);
        return body;
    }
}
