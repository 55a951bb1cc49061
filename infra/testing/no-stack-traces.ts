/**
 * For specs that run the SDK in their own process, as its child processes do it: the SDK takes a stack trace for each promise, and one of
 * any length for each resource, whose every frame jest would look up in source maps: a tenth of the time of such a spec.
 */
Error.stackTraceLimit = 0;
Error.prepareStackTrace = (error) => String(error);
