/** What JSON puts between quotation marks as it is, of ASCII: hybrid times, names, ids, most values. */
const isPlainText = /^[ !#-[\]-~]*$/;

/** A text as JSON.stringify writes it, sooner where there is nothing to escape. */
export const quoted = (text: string): string => (isPlainText.test(text) ? `"${text}"` : JSON.stringify(text));
