/** For a shell: between single quotes, in which nothing means anything but the quote itself. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Words that mean nothing to a shell stay as they are, easy to read. */
export const plainOrQuoted = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : quoted(text));
