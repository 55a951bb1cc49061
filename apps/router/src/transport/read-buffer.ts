/** One buffer for all reads of a process: a connection's bytes are used or copied before the next read. */
export const readBufferBytes = 64 * 1024;

/** The same for all links: one read holds the answers of a busy turn. */
export const linkReadBytes = 256 * 1024;
