/** Whether a database can hold a text: PostgreSQL refuses the character U+0000, and half of a surrogate pair is no character. */
export const isKeptText = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();
