/** What stampctl's own colours are made of; hidden text, moved cursors and titles of windows are not among them. */
const ownColours = /\u001b\[(?:0|1|2|22|31|32|33|35|39)m/y;
/** Controls but tab and line feed, and what turns the direction of text round. */
const acting = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g; // oxlint-disable-line no-control-regex
const byteMax = 0xff;

const spelled = (character: string): string => {
  const code = character.charCodeAt(0);
  return code > byteMax ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`;
};

/**
 * The text with nothing in it that a terminal would obey: reasons, labels, messages and values are what tenants and other regions wrote, and
 * whoever reads them is at the terminal that holds the token. Such characters are spelled out, so that they are seen.
 */
export const harmless = (text: string): string =>
  text.replaceAll(acting, (character, at: number) => {
    ownColours.lastIndex = at;
    return ownColours.test(text) || (character === '\r' && text[at + 1] === '\n') ? character : spelled(character);
  });

/** The same within a table, where a line of its own would pass for another row. */
export const harmlessCell = (text: string): string => harmless(text).replaceAll(/\r?\n/g, '\\n');
