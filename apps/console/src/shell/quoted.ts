/** For a shell: between single quotes, in which nothing means anything but the quote itself. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
