import { defineErrors } from '@backplane/base';

/** What the gateway refuses, and what fails in it. */
export const errors = defineErrors('gateway', {
  BP_HTTP_NOT_FOUND: {
    title: 'Nothing is served at this path.',
    status: 404,
    mend: 'Check the path; a plugin serves below /PLUGIN-NAME/.',
    message: (d: { method: string; path: string }) => `Nothing answers ${d.method} ${d.path}.`,
  },
  BP_HTTP_METHOD_NOT_ALLOWED: {
    title: 'The path exists, but not for this method.',
    status: 405,
    mend: 'Use one of the methods in the allow header.',
    message: (d: { method: string; path: string; allow: readonly string[] }) =>
      `${d.path} does not answer ${d.method}, only ${d.allow.join(', ')}.`,
  },
  BP_HTTP_VALIDATION: {
    title: 'The request does not have the form that the route asks for.',
    status: 400,
    mend: 'Mend what the errors list names.',
    message: (d: { problem: string }) => `The request was refused: ${d.problem}.`,
  },
  BP_HTTP_BODY_TOO_LARGE: {
    title: 'The body is larger than the route accepts.',
    status: 413,
    mend: 'Send less, or ask the plugin for a streaming route.',
    message: (_: Record<never, never>) => 'The body of the request is too large.',
  },
  BP_HTTP_UNSUPPORTED_MEDIA_TYPE: {
    title: 'The route does not read this content type.',
    status: 415,
    mend: 'Send a content type that the route reads, such as application/json.',
    message: (d: { contentType: string | undefined }) =>
      d.contentType === undefined
        ? 'The request has a body but no content type.'
        : `The content type ${d.contentType} is not read here.`,
  },
  BP_HTTP_BAD_JSON: {
    title: 'The body is not JSON.',
    status: 400,
    mend: 'Send one JSON value, or no content type where there is no body.',
    message: (d: { problem: string }) => `The body could not be read as JSON: ${d.problem}.`,
  },
  BP_HTTP_BAD_REQUEST: {
    title: 'The request cannot be understood.',
    status: 400,
    mend: 'Check the request line, the headers and the length of the body.',
    message: (d: { problem: string }) => `The request was refused: ${d.problem}.`,
  },
  BP_HTTP_BAD_URL: {
    title: 'The path is not a valid URL path.',
    status: 400,
    mend: 'Percent-encode it as UTF-8.',
    message: (d: { url: string }) => `The path ${d.url} cannot be decoded.`,
  },
  BP_HTTP_URL_TOO_LONG: {
    title: 'The URL is longer than the host accepts.',
    status: 414,
    mend: 'Put what is long into the body.',
    message: (d: { limit: number }) => `The URL, or one part of it, is longer than ${d.limit} characters.`,
  },
  BP_HTTP_HEADERS_TOO_LARGE: {
    title: 'The headers are larger than the host accepts.',
    status: 431,
    mend: 'Send fewer or smaller headers; cookies are the usual cause.',
    message: (d: { limit: number }) => `The headers of the request are larger than ${d.limit} bytes.`,
  },
  BP_HTTP_REQUEST_TIMEOUT: {
    title: 'The request did not arrive in time.',
    status: 408,
    mend: 'Send it faster, or raise requestTimeout or headersTimeout of the host.',
    message: (_: Record<never, never>) => 'The request did not arrive in time.',
  },
  BP_HTTP_HANDLER_TIMEOUT: {
    title: 'The route took longer than it allows itself.',
    status: 503,
    mend: 'Try again later.',
    message: (d: { path: string }) => `${d.path} did not answer in time.`,
  },
  BP_HTTP_CLIENT_GONE: {
    title: 'The client went away before the answer.',
    status: 499,
    mend: 'Nothing to do: let go of what the request held.',
    message: (d: { method: string; path: string }) =>
      `The client of ${d.method} ${d.path} went away before the answer.`,
  },
  BP_HTTP_FORWARD_FAILED: {
    title: "The plugin's process did not answer.",
    status: 502,
    mend: 'Try again; look at the status of the plugin if it stays so.',
    message: (d: { plugin: string; problem: string }) => `The process of ${d.plugin} did not answer: ${d.problem}.`,
  },
  BP_HTTP_REGISTERED_LATE: {
    title: 'A plugin registered something for HTTP after it had been put in place.',
    mend: 'Call http.routes, http.operation, http.middleware and http.webSocket in initialize().',
    message: (d: { plugin: string; what: string }) => `${d.plugin} called http.${d.what}() too late.`,
  },
  BP_HTTP_APP_FAILED: {
    title: "A plugin's routes could not be set up.",
    mend: 'Mend the routes of the plugin; the cause says where.',
    message: (d: { plugin: string; problem: string }) => `The routes of ${d.plugin} could not be set up: ${d.problem}.`,
  },
  BP_HTTP_LISTEN_IN_PLUGIN: {
    title: 'A plugin tried to listen on a port with its Fastify app.',
    mend: 'Leave it out: the host listens, and finds the plugin by its name.',
    message: (d: { plugin: string }) => `${d.plugin} called listen() on its Fastify app.`,
  },
  BP_OPERATION_INVALID: {
    title: 'A declared operation cannot be used.',
    mend: 'Correct what the plugin gives to http.operation().',
    message: (d: { plugin: string; operation: string; problem: string }) =>
      `Operation ${d.operation} of ${d.plugin} cannot be used: ${d.problem.replace(/\.$/, '')}.`,
  },
  BP_OPERATION_ANSWER_BROKEN: {
    title: 'A declared operation gave an answer that it does not declare.',
    mend: 'Correct the answer, or the responses of the operation. In production such an answer is sent, and logged.',
    message: (d: { plugin: string; operation: string; status: number; problem: string }) =>
      `The answer of ${d.operation} of ${d.plugin} (${d.status}) is not as declared: ${d.problem}.`,
  },
  BP_MIDDLEWARE_FAILED: {
    title: "A plugin's middleware failed.",
    mend: 'Mend or disable the plugin that is named.',
    message: (d: { plugin: string; middleware: string; problem: string }) =>
      `Middleware ${d.middleware} of ${d.plugin} failed: ${d.problem}.`,
  },
  BP_MIDDLEWARE_NEXT_TWICE: {
    title: 'Middleware called next() twice.',
    mend: 'Call next() at most once for each request.',
    message: (d: { plugin: string; middleware: string }) =>
      `Middleware ${d.middleware} of ${d.plugin} called next() a second time.`,
  },
  BP_HTTP_BODY_INVALID: {
    title: 'An answer has a body that cannot be sent',
    mend: 'Give text, bytes, a stream of them, or null; objects are yours to serialize.',
    message: (d: { type: string }) => `The body of an answer is of type ${d.type}.`,
  },
  BP_HTTP_BODY_OBJECTS: {
    title: 'A route answered with a stream of objects',
    mend: 'Serialize each, such as one line of JSON for one.',
    message: (d: { type: string }) => `A body is a stream of bytes or text; this one gave a value of type ${d.type}.`,
  },
  BP_MIDDLEWARE_NO_ANSWER: {
    title: 'Middleware returned something that is no answer.',
    mend: 'Return what next() gave, or what request.respond() makes.',
    message: (d: { plugin: string; middleware: string }) =>
      `Middleware ${d.middleware} of ${d.plugin} returned something that is no answer.`,
  },
  BP_MIDDLEWARE_CONDITION_INVALID: {
    title: 'The condition of a middleware cannot be read.',
    mend: 'Correct "when": plugins by name, methods such as POST, paths such as /shop/** or !/shop/public/**.',
    message: (d: { plugin: string; middleware: string; problem: string }) =>
      `Middleware ${d.middleware} of ${d.plugin} has a condition that cannot be read: ${d.problem}.`,
  },
  BP_PLUGIN_ERROR: {
    title: 'A plugin failed to answer.',
    mend: 'The log has the cause, under the trace id.',
    message: (d: { plugin: string; problem: string | undefined }) =>
      d.problem === undefined ? `${d.plugin} failed to answer.` : `${d.plugin} failed to answer: ${d.problem}.`,
  },
  BP_PLUGIN_REFUSED: {
    title: 'A plugin refused the request.',
    status: 400,
    mend: '',
    advice: "The message is the plugin's own: correct the request as it says.",
    message: (d: { problem: string }) => d.problem,
  },
  BP_PLUGIN_UNAVAILABLE: {
    title: 'The plugin is not running.',
    status: 503,
    mend: 'Try again after the time in retry-after; /plugins/status says more.',
    message: (d: { plugin: string; phase: string; reason: string }) =>
      `${d.plugin} is ${d.phase}: ${d.reason.replace(/\.$/, '')}.`,
  },
  BP_OVERLOADED: {
    title: 'The host serves as many requests as it may.',
    status: 503,
    mend: 'Try again after the time in retry-after.',
    message: (d: { limit: number }) => `${d.limit} requests are being served already.`,
  },
  BP_HTTP_SYSTEM_FAILED: {
    title: 'A page of the host itself failed.',
    mend: 'The log has the cause.',
    message: (d: { path: string }) => `The host failed to answer ${d.path}.`,
  },
});
