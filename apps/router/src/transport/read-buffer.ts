/** One buffer for all reads of a process: a connection's bytes are used or copied before the next read. */
export const readBufferBytes = 64 * 1024;
