import { secretMask, secretTexts, type PropertyValue } from './property-values.js';

/** Shorter texts (a digit, "yes") would mask half of every sentence without hiding anything. */
const secretLengthMin = 6;

/** Removes every secret it was told of from texts that leave the engine: a driver's error may quote a connection URL. */
export class SecretScrubber {
  private readonly texts = new Set<string>();

  learn(value: PropertyValue): void {
    for (const text of secretTexts(value)) this.learnText(text);
  }

  learnText(text: string): void {
    if (text.length >= secretLengthMin) this.texts.add(text);
  }

  scrub(text: string): string {
    let clean = text;
    // The longest first, or a URL's password would be cut out of the URL and leave the rest standing.
    for (const found of [...this.texts].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(found, secretMask);
    return clean;
  }
}
