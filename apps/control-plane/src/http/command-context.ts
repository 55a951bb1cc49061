/** Who asks, for what request, and why: every write takes it, so that every write is attributed (I10). */
export interface CommandContext {
  /** Region of the geode that executes the command. */
  readonly region: string;
  /** `token:<name>`, `agent:<stamp>` or `system:<part>`. */
  readonly actor: string;
  readonly requestId: string;
  readonly reason: string | null;
}

export const systemContext = (region: string, part: string, requestId: string): CommandContext => ({
  region,
  actor: `system:${part}`,
  requestId,
  reason: null,
});
